"""The files of the project, for the rules that hold for all of them."""

from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CODE = ("app", "analysis")
FOLDERS = (*CODE, "templates", "static", "migrations", "tests", "docs", ".ci")
VENDORED = ROOT / "static" / "vendor"


def files(*folders: str, suffix: str = "") -> Iterator[Path]:
    """Every file below these folders that somebody wrote, in the order of its path."""
    for folder in folders or FOLDERS:
        for path in sorted((ROOT / folder).rglob(f"*{suffix}")):
            if path.is_file() and "__pycache__" not in path.parts and VENDORED not in path.parents:
                yield path


def own_files() -> Iterator[Path]:
    """Every file of the project that is text of ours, also those at its top."""
    for path in (*files(), *sorted(path for path in ROOT.iterdir() if path.is_file())):
        if path.suffix not in {".gz", ".png"} and not path.name.startswith(".coverage"):
            yield path


def shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()
