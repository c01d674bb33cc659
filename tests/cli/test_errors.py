"""Errors of users are one message without a traceback, with the right exit code."""

import socket
import sqlite3
import subprocess
from pathlib import Path

import pytest

from app.settings import Settings
from tests.cli.conftest import COMMAND, ROOT, Run


def test_a_job_that_is_not_there(run: Run) -> None:
    done = run("jobs", "show", "abc")
    assert (done.returncode, done.stdout) == (1, "")
    assert "There is no job abc" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_model_that_was_not_added(run: Run) -> None:
    done = run("sweep", "--model", "nobody", "--corpus", "starter")
    assert done.returncode == 1
    assert "no model 'nobody'" in done.stderr
    assert "patchclamp models add" in done.stderr


def test_who_names_no_data_folder_is_told_which_one_was_looked_in(
    environment: dict[str, str], tmp_path: Path
) -> None:
    del environment["PATCHCLAMP_DATA"]
    environment |= {"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path / "share")}
    command = [*COMMAND, "explanations", "score", "nobody"]
    done = subprocess.run(
        command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert "no model 'nobody'" in done.stderr
    assert str(tmp_path) in done.stderr.partition("Looked in ")[2]
    assert "PATCHCLAMP_DATA=FOLDER" in done.stderr


def test_who_names_a_data_folder_is_not_told_of_another(run: Run) -> None:
    assert "Looked in" not in run("explanations", "score", "nobody").stderr


def test_a_source_that_does_not_exist(run: Run) -> None:
    done = run("models", "add", "./nowhere")
    assert done.returncode == 1
    assert "./nowhere does not exist" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("flap",), "No such command"),
        (("sweep",), "--model"),
        (("sweep", "--model", "m", "--corpus", "c", "--batch-size", "0"), "--batch-size"),
        (("sweep", "--model", "m", "--corpus", "c", "--max-windows", "many"), "SPLIT=N"),
        (("sweep", "--model", "m", "--corpus", "c", "--sampling", "fit:tops=3"), "per_interval"),
        (("sweep", "--model", "m", "--corpus", "c", "--sampling", "fit:top=9999"), "--sampling"),
        (("sweep", "--model", "m", "--corpus", "c", "--follow-up", "perhaps"), "true or false"),
        (("bench", "nothing"), "no benchmark 'nothing'"),
        (("models", "add", "gpt2", "--kind", "pickle"), "--kind"),
        (("serve", "--port", "123456"), "--port"),
    ],
)
def test_wrong_usage_is_exit_code_2(run: Run, arguments: tuple[str, ...], said: str) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_setting_that_cannot_be_is_named(run: Run) -> None:
    done = run("jobs", PATCHCLAMP_PORT="https")
    assert done.returncode == 2
    assert "PATCHCLAMP_PORT cannot be 'https'" in done.stderr
    done = run("jobs", PATCHCLAMP_ALLOWED_HOSTS="nonsense")
    assert done.returncode == 2
    assert "allowed_hosts" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["serve", "up", "demo"])
def test_a_port_in_use_is_named_before_anything_starts(
    run: Run, tmp_path: Path, command: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = run(command, PATCHCLAMP_PORT=str(port))
    assert done.returncode == 1
    assert f"Port {port} of 127.0.0.1 is in use" in done.stderr
    again = done.stderr.splitlines()[-1].split()
    assert again[:3] == ["patchclamp", command, "--port"]
    assert int(again[3]) != port
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["worker", "serve", "jobs"])
def test_a_store_of_a_newer_version_is_refused(run: Run, store: Settings, command: str) -> None:
    with sqlite3.connect(store.data / "store.sqlite") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '2999_01_01_future'")
    connection.close()
    done = run(command)
    assert done.returncode == 1
    assert "newer version" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_data_folder_that_cannot_be_made(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = run("db", "upgrade", PATCHCLAMP_DATA=str(tmp_path / "file" / "data"))
    assert done.returncode == 1
    assert "PATCHCLAMP_DATA" in done.stderr


def test_a_database_that_is_no_database(run: Run, tmp_path: Path) -> None:
    (tmp_path / "store.sqlite").write_text("a shopping list\n" * 100)
    done = run("jobs")
    assert done.returncode == 1
    assert "not a Patchclamp store" in done.stderr
