"""The files that a path stands for."""

from collections.abc import Sequence
from pathlib import Path

from analysis.errors import CorpusError


def list_files(source: str, suffixes: Sequence[str]) -> list[tuple[Path, str]]:
    """The file itself, or all files of a folder that end so, ordered by their name within it.

    Each comes with that name (for one file: its own). Hidden files and folders are left out.
    """
    path = Path(source).expanduser()
    if path.is_file():
        return [(path, path.name)]
    if not path.is_dir():
        raise CorpusError(
            f"There is no file or folder {source}.",
            hint="Check the path; a data set of a hub is written owner/name.",
        )
    names = {file: file.relative_to(path) for file in path.rglob("*") if file.is_file()}
    files = [
        (file, name.as_posix())
        for file, name in names.items()
        if name.name.lower().endswith(tuple(suffixes))
        and not any(part.startswith(".") for part in name.parts)
    ]
    if not files:
        raise CorpusError(
            f"The folder {source} holds no file that ends in {' or '.join(suffixes)}.",
            hint="Name the folder that holds the texts, or one file.",
        )
    return sorted(files, key=lambda found: found[1])


def read_failure(name: str, error: OSError) -> CorpusError:
    return CorpusError(
        f"{name} cannot be read: {error.strerror or error}.",
        hint="Check that the file is whole and that you may read it.",
    )
