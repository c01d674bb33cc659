"""A wheel carries everything that running needs, and finds it again when unpacked."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.contracts.tree import ROOT, files

BUILD = "import sys; from hatchling.build import build_wheel; print(build_wheel(sys.argv[1]))"
FIND = """
import sys
sys.path.insert(0, sys.argv[1])
from app import assets
assert assets.PACKAGE.is_relative_to(sys.argv[1]), assets.PACKAGE
for name in sys.argv[2:]:
    assert assets.asset(name).is_relative_to(sys.argv[1]), name
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-c", BUILD, str(folder)]
    ran = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return folder / ran.stdout.splitlines()[-1]


@pytest.fixture(scope="module")
def contents(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_a_wheel_has_every_template_style_script_and_migration(contents: set[str]) -> None:
    for folder in ("templates", "static", "migrations"):
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                assert f"app/_assets/{path.relative_to(ROOT).as_posix()}" in contents


def test_a_wheel_has_the_code_and_the_starter_corpus_with_its_notices(contents: set[str]) -> None:
    for path in files("app", "analysis"):
        assert path.relative_to(ROOT).as_posix() in contents


def test_a_wheel_has_the_licences(contents: set[str]) -> None:
    licences = {name.partition(".dist-info/licenses/")[2] for name in contents}
    assert {"LICENSE", "NOTICE", "analysis/corpora/starter/LICENSE-python.txt"} <= licences


def test_a_wheel_has_no_tests_and_nobodys_data(contents: set[str]) -> None:
    tops = {name.partition("/")[0] for name in contents}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"app", "analysis"}
    assert not [name for name in contents if name.endswith((".pyc", ".sqlite"))]


def test_an_unpacked_wheel_finds_its_own_files(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    named = ["templates/base.html", "static/css/tokens.css", "migrations/alembic.ini"]
    command = [sys.executable, "-I", "-c", FIND, str(tmp_path), *named]
    ran = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
