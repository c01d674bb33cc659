"""Compiled kernels are kept where only the owner of the data can put them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from analysis.worker.compiled import VARIABLE, keep_compiled

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
    folder = data / "cache" / "numba"
    assert f"cache: {folder}" in done.stdout
    assert {oct(path.stat().st_mode & 0o777) for path in (data, folder.parent, folder)} == {"0o700"}


def test_a_folder_that_the_user_chose_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "mine"))
    assert keep_compiled(tmp_path / "data") == tmp_path / "mine"
    assert not (tmp_path / "data").exists()
