import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from app.assets import asset


def test_migrations_are_found_in_the_source_tree():
    assert (asset("migrations") / "env.py").is_file()


def test_a_missing_file_says_that_the_installation_is_incomplete():
    with pytest.raises(FileNotFoundError, match="install patchclamp again"):
        asset("no/such/file")


def test_a_wheel_migrates_with_the_files_that_it_carries(tmp_path: Path):
    """As the build lays it out: `migrations` under app/_assets, nothing beside the package."""
    root = Path(__file__).parents[2]
    wheel = tmp_path / "patchclamp.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path in sorted((root / "app").rglob("*.py")):
            archive.write(path, path.relative_to(root))
        for path in sorted((root / "migrations").rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                archive.write(path, Path("app", "_assets", path.relative_to(root)))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    code = (
        "import sys; from pathlib import Path\n"
        "import app; from app.settings import Settings\n"
        "from app.store.engine import open_engine; from app.store.migrating import upgrade\n"
        "print(app.__file__, upgrade(open_engine(Settings(data=Path('data')))))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path / "site"), "PATH": ""},
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.startswith(str(tmp_path / "site"))
    assert done.stdout.strip().endswith("2026_11_23_exports")
