"""An error answer that never ends, or falls silent, costs little memory and little time."""

import gzip
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import pytest

from analysis.assistants import bounding
from analysis.assistants.patience import Patience
from tests.analysis.assistants.asking import assistant, question

HEAD = b"HTTP/1.1 500 No\r\nContent-Type: text/plain\r\nConnection: close\r\n"
ONCE = Patience(tries=1)
ENOUGH = 64 * 2**20


@dataclass
class Sending:
    url: str
    n_bytes: int = 0


@contextmanager
def answering(pieces: Callable[[], Iterator[bytes]], head: bytes = HEAD) -> Iterator[Sending]:
    """Sends one answer piece by piece, for as long as somebody reads it."""
    server = socket.create_server(("127.0.0.1", 0))
    state = Sending(f"http://127.0.0.1:{server.getsockname()[1]}/v1")

    def answer() -> None:
        with suppress(OSError):
            connection, _ = server.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(head + b"\r\n")
                for piece in pieces():
                    connection.sendall(piece)
                    state.n_bytes += len(piece)
                    if state.n_bytes > ENOUGH:
                        return

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.close()
        thread.join(timeout=5)


def test_an_error_without_end_is_not_read_to_its_end() -> None:
    def endless() -> Iterator[bytes]:
        while True:
            yield b"out of order " * 5_000

    with answering(endless) as endpoint, assistant(endpoint.url, patience=ONCE) as asker:
        failure = asker.ask(question()).failure
    assert failure is not None
    assert failure.kind == "server_error"
    assert "out of order" in failure.detail
    assert endpoint.n_bytes < 16 * 2**20  # what the sockets between us hold


@pytest.mark.parametrize("silent", [False, True])
def test_an_error_that_drips_or_falls_silent_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, silent: bool
) -> None:
    monkeypatch.setattr(bounding, "ERROR_SECONDS", 0.3)

    def slow() -> Iterator[bytes]:
        yield b"busy"
        if silent:
            time.sleep(4)
        for _ in range(40):
            time.sleep(0.1)
            yield b"."

    begun = time.monotonic()
    with answering(slow) as endpoint, assistant(endpoint.url, patience=ONCE) as asker:
        failure = asker.ask(question()).failure
        seconds = time.monotonic() - begun
    assert failure is not None
    assert failure.detail.startswith("status 500: busy")
    assert seconds < 2.5


def test_an_error_is_not_unpacked() -> None:
    bomb = gzip.compress(b"x" * 2**26)
    head = HEAD + b"Content-Encoding: gzip\r\n"
    with (
        answering(lambda: iter([bomb]), head) as endpoint,
        assistant(endpoint.url, patience=ONCE) as asker,
    ):
        failure = asker.ask(question()).failure
    assert failure is not None
    assert failure.kind == "server_error"
    assert "xxxx" not in failure.detail
