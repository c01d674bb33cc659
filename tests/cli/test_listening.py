"""Listening where others can reach it is said before anything is served."""

import socket
from collections.abc import Iterator

import pytest

from app.commands import serving
from app.commands.listening import take_port, warning_of


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
    assert "no accounts" in warning
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
