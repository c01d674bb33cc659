"""Nothing from outside can write a line of its own into the log, or steer a terminal."""

import io
import logging

import pytest
import structlog
from starlette.testclient import TestClient

from app.main import create_app
from app.observability import configure_logging
from app.settings import Settings
from app.store.migrating import upgrade
from app.supervisor import Child, Supervisor

NASTY = "/x%0A2026-01-01T00:00:00Z [info] forged%1B[2J%0D%E2%80%AE%C2%85%E2%80%A8"


@pytest.fixture(params=[False, True], ids=["lines", "json"])
def client(request, tmp_path):
    app = create_app(Settings(data=tmp_path, log_level="debug", log_json=request.param))
    upgrade(app.state.engine)

    @app.get("/crash/{what}")
    def crash(what: str):
        raise RuntimeError(what)

    yield TestClient(app)
    structlog.reset_defaults()


def test_what_does_not_print_is_escaped_in_log_lines(client, capsys):
    assert client.get(NASTY).status_code == 404
    written = capsys.readouterr().err
    lines = written.splitlines()
    assert len(lines) == 1
    assert "forged" in lines[0]
    assert lines[0].isprintable()


@pytest.mark.parametrize("level", ["info", "debug"])
def test_requests_that_went_well_are_told_only_to_those_who_ask(tmp_path, capsys, level):
    app = create_app(Settings(data=tmp_path, log_level=level))
    upgrade(app.state.engine)
    client = TestClient(app)
    assert client.get("/glossary").status_code == 200
    assert client.get("/nowhere").status_code == 404
    lines = capsys.readouterr().err.splitlines()
    assert [("/glossary" in line, "/nowhere" in line) for line in lines] == (
        [(False, True)] if level == "info" else [(True, False), (False, True)]
    )
    structlog.reset_defaults()


def test_a_traceback_cannot_be_taken_for_other_lines(client, capsys):
    assert client.get("/crash/a%0A2026-01-01T00:00:00Z%20forged%1B[2J").status_code == 500
    lines = capsys.readouterr().err.split("\n")
    assert all(line.isprintable() for line in lines)
    assert not any(line.startswith("2026-01-01T00") for line in lines)
    assert any("forged" in line for line in lines)


def test_other_fields_stay_as_they_are(capsys):
    configure_logging(Settings())
    structlog.get_logger().info("said", n=3, text="plain · ü", nothing=None)
    written = capsys.readouterr().err
    assert "plain · ü" in written
    assert "n=3" in written
    logging.getLogger().handlers.clear()
    structlog.reset_defaults()


def test_the_supervisor_passes_on_lines_of_children_without_control_characters():
    output = io.StringIO()
    supervisor = Supervisor([Child("web", [])], output=output)
    supervisor.say("\x1b[31mred\x07 \u202eback", "web")
    assert output.getvalue() == "web | \\x1b[31mred\\x07 \\u202eback\n"
