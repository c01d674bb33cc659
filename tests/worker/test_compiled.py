"""Compiled kernels are kept where only the owner of the data can put them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from analysis.compiled import kernels_version
from analysis.worker import compiled
from analysis.worker.compiled import FOLDER, VARIABLE, keep_compiled

WORKER = """
import atexit, sys
atexit.register(lambda: print("cache:", sys.modules["numba"].config.CACHE_DIR))
sys.argv = ["patchclamp", "worker", "--until-idle"]
from app.cli import main
main()
"""


def test_a_worker_keeps_compiled_kernels_in_its_data_folder(tmp_path: Path) -> None:
    environment = {key: value for key, value in os.environ.items() if key != VARIABLE}
    data = tmp_path / "data"
    done = subprocess.run(
        [sys.executable, "-c", WORKER],
        env=environment | {"PATCHCLAMP_DATA": str(data)},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    folder = data / "cache" / "numba" / kernels_version()
    assert f"cache: {folder}" in done.stdout
    assert {oct(path.stat().st_mode & 0o777) for path in (data, folder.parent, folder)} == {"0o700"}


def test_a_folder_that_the_user_chose_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "mine"))
    assert keep_compiled(tmp_path / "data") == tmp_path / "mine"
    assert not (tmp_path / "data").exists()


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's cache folder; nobody chose another for compiled kernels."""
    monkeypatch.setenv(VARIABLE, "")  # so that it is put back
    monkeypatch.delenv(VARIABLE)
    folder = tmp_path / "home" / "patchclamp"
    monkeypatch.setattr(compiled, "user_cache_path", lambda *_, **__: folder)
    return folder


@pytest.mark.parametrize("shared", [".", "cache", "cache/numba"])
def test_where_others_may_write_to_the_data_the_user_s_own_folder_is_taken(
    tmp_path: Path, own_cache: Path, shared: str
) -> None:
    data = tmp_path / "data"
    (data / FOLDER).mkdir(parents=True, mode=0o700)
    for folder in (data, data / FOLDER.parent, data / FOLDER):
        folder.chmod(0o700)
    (data / shared).chmod(0o770)
    assert keep_compiled(data) == own_cache / "numba" / kernels_version()
    assert os.environ[VARIABLE] == str(own_cache / "numba" / kernels_version())
    assert (own_cache / "numba" / kernels_version()).stat().st_mode & 0o777 == 0o700


def test_the_data_of_somebody_else_is_not_trusted(
    tmp_path: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert keep_compiled(tmp_path / "data") == tmp_path / "data" / FOLDER / kernels_version()
    monkeypatch.delenv(VARIABLE)
    monkeypatch.setattr(os, "geteuid", lambda: tmp_path.stat().st_uid + 1)
    assert keep_compiled(tmp_path / "data") is None
    assert own_cache.is_dir()
    assert VARIABLE not in os.environ


def test_a_worker_starts_where_no_folder_can_be_made(tmp_path: Path, own_cache: Path) -> None:
    for file in (tmp_path / "data", own_cache.parent):
        file.touch()
    assert keep_compiled(tmp_path / "data") is None
    assert VARIABLE not in os.environ
