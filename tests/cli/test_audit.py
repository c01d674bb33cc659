"""`patchclamp audit`: read, verified, copied, gone on with."""

import json

import pytest
from sqlalchemy import text

from app.settings import Settings
from app.store.engine import open_engine
from tests.kept import migrate
from tests.store.audit_log import fill, tampering


@pytest.fixture
def engine(tmp_path):
    found = open_engine(Settings(data=tmp_path, database_url=None))
    migrate(found)
    fill(found, 3)
    yield found
    found.dispose()


def test_a_log_that_nobody_touched_is_verified_and_its_end_can_be_noted(run, engine):
    done = run("audit", "verify")
    assert (done.returncode, done.stderr) == (0, "")
    assert "3 rows of the audit log: nothing was changed or is missing." in done.stdout
    end = done.stdout.split("The last: ")[1].strip()
    fill(engine, 1)
    assert run("audit", "verify", "--known", end).returncode == 0
    assert run("audit", "verify", "--known", f"2:{end[2:]}").returncode == 1


@pytest.mark.parametrize("known", ["3", "3:", "x:98fa6d02725e77fb", "3:98f"])
def test_what_is_no_end_of_a_log_is_wrong_usage(run, engine, known):  # noqa: ARG001
    assert run("audit", "verify", "--known", known).returncode == 2


def test_a_difference_is_a_sentence_and_exit_code_1(run, engine):
    with tampering(engine) as connection:
        connection.execute(text("DELETE FROM audit WHERE id = 2"))
    done = run("audit", "verify")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "Row 2 is missing.\n")
    gone_on = run("audit", "restart", "--because", "A disk was mended.")
    assert gone_on.stdout == "The audit log goes on with row 4.\n"
    again = run("audit", "verify")
    assert again.returncode == 0
    assert "Rows 2 to 3 do not fit this key: Row 2 is missing." in again.stdout
    assert "A disk was mended." in again.stdout


def test_another_key_is_told_as_that(run, engine):  # noqa: ARG001
    done = run("audit", "verify", PATCHCLAMP_AUDIT_KEY="k" * 32)
    assert done.returncode == 1
    assert done.stderr == "The log is sealed with another key than the one given here.\n"
    short = run("audit", "verify", PATCHCLAMP_AUDIT_KEY="hunter2")
    assert short.returncode == 1
    assert "fewer than 32 characters" in short.stderr
    assert "hunter2" not in short.stderr


def test_it_is_listed_newest_first_and_narrowed(run, engine):  # noqa: ARG001
    lines = run("audit", "list", "--actor", "ada", "--limit", "2").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["row", "3", "2", "Older"]
    assert "explanation.withdrawn" in lines[1]
    assert "No row of the audit log is so." in run("audit", "list", "--action", "export").stdout
    assert "No row" in run("audit", "list", "--since", "2999-01-01").stdout


def test_it_is_copied_as_json_lines_and_that_is_noted(run, engine, tmp_path):  # noqa: ARG001
    done = run("audit", "export")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["id"] for line in lines] == [1, 2, 3, 4]
    assert (lines[-1]["action"], lines[-1]["actor"]) == ("export.audit", "local owner")
    target = tmp_path / "audit.jsonl"
    assert run("audit", "export", "--to", str(target), "--actor", "ada").returncode == 0
    assert len(target.read_text().splitlines()) == 3
    assert run("audit", "export", "--to", str(target)).returncode == 1


def test_what_commands_write_and_export_is_noted(run, engine, tmp_path):
    assert run("db", "backup", str(tmp_path / "copy.sqlite")).returncode == 0
    with engine.connect() as connection:
        found = connection.execute(text("SELECT action, actor FROM audit WHERE id > 3")).all()
    assert [tuple(row) for row in found] == [("export.database", "local owner")]


def test_a_copy_is_put_back_and_that_is_noted(run, engine, tmp_path):
    copy = str(tmp_path / "copy.sqlite")
    run("db", "backup", copy)
    assert "There is a store already" in run("db", "restore", copy).stderr
    done = run("db", "restore", copy, "--replace")
    assert "Its audit log verifies: 4 rows." in done.stdout
    assert "What was there is now" in done.stdout
    with engine.connect() as connection:
        found = connection.execute(text("SELECT action FROM audit WHERE id > 4")).all()
    assert [tuple(row) for row in found] == [("database.restored",)]
