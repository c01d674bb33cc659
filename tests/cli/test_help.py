"""Help comes quickly, without torch, and shows how."""

import resource
import subprocess
import sys
from collections.abc import Iterator

import pytest
import typer

from app.cli import build
from tests.cli.conftest import ROOT, Run

HEAVY = ("torch", "transformers", "fastapi", "sqlalchemy", "dbos", "numpy", "pydantic")


def commands(app: typer.Typer, *before: str) -> Iterator[tuple[str, ...]]:
    for command in app.registered_commands:
        name = command.name or (command.callback.__name__ if command.callback else "")
        yield (*before, name)
    for group in app.registered_groups:
        if group.typer_instance is not None:
            yield from commands(group.typer_instance, *before, str(group.name))


def test_every_command_that_users_expect_is_there() -> None:
    found = {" ".join(path) for path in commands(build())}
    assert found >= {
        "demo", "up", "serve", "worker", "sweep", "bench",
        "models add", "models list", "corpora add", "corpora list",
        "jobs list", "jobs show", "jobs cancel", "jobs watch",
        "db upgrade", "db backup", "db check", "pools list", "pools prune",
        "records explain", "records score",
    }  # fmt: skip


def test_help_takes_less_than_half_a_second_and_no_torch() -> None:
    program = (
        "import sys; sys.argv = ['patchclamp', '--help']\n"
        "from app.cli import main\n"
        "try:\n    main()\n"
        f"finally:\n    sys.stderr.write(repr(sorted(set({HEAVY!r}) & set(sys.modules))))"
    )
    seconds = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        assert "worker" in done.stdout
        assert done.stderr == "[]"
    assert min(seconds) < 0.5


@pytest.mark.parametrize(
    "path",
    [
        ("worker",),
        ("sweep",),
        ("demo",),
        ("models", "add"),
        ("corpora", "add"),
        ("jobs",),
        ("records", "explain"),
        ("records", "score"),
    ],
)
def test_help_of_a_command_shows_examples(run: Run, path: tuple[str, ...]) -> None:
    done = run(*path, "--help")
    assert done.returncode == 0
    assert "Examples:" in done.stdout
    assert f"patchclamp {' '.join(path)}" in done.stdout


def test_every_command_and_option_says_what_it_is_for() -> None:
    def check(app: typer.Typer) -> None:
        for command in app.registered_commands:
            assert command.help, command
        for group in app.registered_groups:
            assert group.typer_instance is not None
            check(group.typer_instance)

    check(build())


def test_the_version_is_told(run: Run) -> None:
    assert run("--version").stdout.startswith("patchclamp ")
