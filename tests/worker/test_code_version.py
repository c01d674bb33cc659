"""A run says which code made it, and admits what it could not find out."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from analysis.worker import provenance
from analysis.worker.provenance import code_version


def _git(folder: Path, *arguments: str) -> str:
    names = ("-c", "user.name=tester", "-c", "user.email=tester@example.org")
    done = subprocess.run(
        ["git", "-C", str(folder), *names, *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A checkout of its own in place of ours."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    _git(folder, "init", "--quiet")
    (folder / "code.py").write_text("one")
    _git(folder, "add", "code.py")
    _git(folder, "commit", "--quiet", "--message", "one")
    monkeypatch.setattr(provenance, "ROOT", folder)
    code_version.cache_clear()
    yield folder
    code_version.cache_clear()


def test_a_checkout_names_its_commit(checkout: Path) -> None:
    assert code_version().endswith(f"commit {_git(checkout, 'rev-parse', 'HEAD')}")


def test_it_is_the_code_that_the_process_began_with(checkout: Path) -> None:
    before = code_version()
    (checkout / "code.py").write_text("two")
    assert code_version() == before
    code_version.cache_clear()
    assert code_version() == f"{before} with local changes"


def test_a_repository_that_the_environment_names_is_not_ours(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = _git(checkout, "rev-parse", "HEAD")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other"))
    assert code_version().endswith(f"commit {commit}")


def test_where_git_does_not_answer_in_time_changes_are_unknown(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit, real = _git(checkout, "rev-parse", "HEAD"), subprocess.run

    def slow(command: list[str], **options: object) -> subprocess.CompletedProcess[str]:
        assert "--no-optional-locks" in command
        if "status" in command:
            raise subprocess.TimeoutExpired(command, 10)
        return real(command, **options)

    monkeypatch.setattr(subprocess, "run", slow)
    assert code_version().endswith(f"commit {commit}, changes unknown")
