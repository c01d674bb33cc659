"""Listening where others can reach it is said before anything is served."""

import socket
from collections.abc import Iterator

import pytest

from app.commands import serving
from app.commands.listening import take_port, warning_of
from app.commands.retyping import free_port, with_port
from app.errors import ConflictError


@pytest.fixture
def taken(request: pytest.FixtureRequest) -> Iterator[socket.socket]:
    with take_port(request.param, 0) as found:
        yield found


@pytest.mark.parametrize("taken", ["127.0.0.1", "localhost", "127.8.8.8"], indirect=True)
def test_loopback_needs_no_warning(taken: socket.socket) -> None:
    assert warning_of(taken) is None


@pytest.mark.parametrize("taken", ["0.0.0.0"], indirect=True)  # noqa: S104 (only bound here)
def test_an_address_that_others_reach_is_warned_of(taken: socket.socket) -> None:
    warning = str(warning_of(taken))
    assert "every address of this machine" in warning
    assert "unencrypted, passwords too" in warning
    assert "ssh -L" in warning


@pytest.mark.parametrize("command", ["serve", "up", "demo"])
def test_the_commands_warn_first(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(serving, "opened_store", stop)
    with take_port("0.0.0.0", 0) as everywhere:  # noqa: S104 (only bound here)
        monkeypatch.setattr("app.commands.listening.take_port", lambda *_: everywhere)
        with pytest.raises(KeyboardInterrupt):
            getattr(serving, command)()
    assert "Warning: listening on every address" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("typed", "again"),
    [
        (["patchclamp", "demo"], "patchclamp demo --port 8766"),
        (["patchclamp", "up", "--port", "8765"], "patchclamp up --port 8766"),
        (["patchclamp", "up", "--port=1", "--host", "::1"], "patchclamp up --host ::1 --port 8766"),
        ([".venv/bin/patchclamp", "serve"], ".venv/bin/patchclamp serve --port 8766"),
        (["/a b/bin/patchclamp", "serve"], "'/a b/bin/patchclamp' serve --port 8766"),
        (["/src/app/__main__.py", "serve"], "patchclamp serve --port 8766"),
    ],
)
def test_the_command_is_said_as_it_was_typed_with_another_port(
    typed: list[str], again: str
) -> None:
    assert with_port(8766, typed, {}) == again


def test_what_make_started_is_said_as_make_is_told() -> None:
    environment = {"PATCHCLAMP_STARTED_BY": "make demo"}
    typed = [".venv/bin/patchclamp", "demo"]
    assert with_port(8766, typed, environment) == "PATCHCLAMP_PORT=8766 make demo"


def test_the_port_that_is_proposed_is_free() -> None:
    with take_port("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        proposed = free_port("127.0.0.1", port - 1)
        assert proposed != port
        take_port("127.0.0.1", proposed).close()
        with pytest.raises(ConflictError, match="in use") as refused:
            take_port("127.0.0.1", port)
    assert "--port" in (refused.value.hint or "")
