"""An OpenAI-compatible endpoint that answers from a script: a real server on loopback, in a thread.

A script is a function of what was asked and of how often was asked before; `in_turn` makes one of a
list. What came in is kept for tests to look at.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Play:
    """What the server does about one request."""

    status: int = 200
    body: str = ""
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    wait: float = 0.0
    """Seconds of silence before."""
    cut: bool = False
    """The connection ends in the middle of the body."""
    drip: float = 0.0
    """Seconds between single bytes."""


Script = Callable[[dict[str, Any], int], Play]


def says(
    text: str,
    *,
    finish: str = "stop",
    usage: tuple[int, int] | None = (100, 10),
    refusal: str | None = None,
    places: Sequence[tuple[str, dict[str, float]]] = (),
    **how: Any,
) -> Play:
    """A chat completion; `places` are its tokens with {alternative: log-probability}."""
    content = [
        {
            "token": token,
            "logprob": others.get(token, -9.0),
            "top_logprobs": [{"token": t, "logprob": p} for t, p in others.items()],
        }
        for token, others in places
    ]
    completion: dict[str, Any] = {
        "object": "chat.completion",
        "choices": [
            {
                "index": 0,
                "finish_reason": finish,
                "message": {"role": "assistant", "content": text, "refusal": refusal},
                "logprobs": {"content": content} if places else None,
            }
        ],
    }
    if usage:
        completion["usage"] = {"prompt_tokens": usage[0], "completion_tokens": usage[1]}
    return Play(body=json.dumps(completion), **how)


def object_says(value: Any, **how: Any) -> Play:
    return says(json.dumps(value), **how)


def fails(status: int, message: str = "no", **headers: str) -> Play:
    body = json.dumps({"error": {"message": message, "type": "scripted"}})
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Play(status, body, {"Content-Type": "application/json", **names})


def html(status: int = 200) -> Play:
    page = "<!doctype html><html><body><h1>Sign in</h1></body></html>"
    return Play(status, page, {"Content-Type": "text/html"})


def in_turn(*plays: Play) -> Script:
    """One after the other; the last one from then on."""
    return lambda _, number: plays[min(number, len(plays) - 1)]


@dataclass
class Scripted:
    """A running endpoint."""

    url: str
    script: Script
    requests: list[dict[str, Any]] = field(default_factory=list)
    """The JSON bodies, in the order of arrival."""
    headers: list[dict[str, str]] = field(default_factory=list)
    arrivals: list[float] = field(default_factory=list)
    now: int = 0
    most_at_once: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def prompts(self) -> list[str]:
        """All that was said in each request, one message after the other."""
        return ["\n".join(m["content"] for m in r["messages"]) for r in self.requests]


@contextmanager
def scripted(script: Script | Play) -> Iterator[Scripted]:
    """Runs while the block does; hanging answers are cut off at its end."""
    state = Scripted("", in_turn(script) if isinstance(script, Play) else script)
    ended = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with state.lock:
                number = len(state.requests)
                state.requests.append(asked)
                state.headers.append({k.lower(): v for k, v in self.headers.items()})
                state.arrivals.append(time.monotonic())
                state.now += 1
                state.most_at_once = max(state.most_at_once, state.now)
            play = state.script(asked, number)
            ended.wait(play.wait)
            with state.lock:
                state.now -= 1
            with suppress(OSError):  # who asked may have gone
                self._perform(play)

        def _perform(self, play: Play) -> None:
            body = play.body.encode()
            self.send_response(play.status)
            for name, value in play.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Connection", "close")
            self.end_headers()
            if play.cut:
                body = body[: len(body) // 2]
            if not play.drip:
                self.wfile.write(body)
            for byte in body if play.drip else b"":
                self.wfile.write(bytes([byte]))
                if ended.wait(play.drip):
                    break

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield state
    finally:
        ended.set()
        server.shutdown()
        server.server_close()
        thread.join()


def dead_url() -> str:
    """An address on loopback where nothing listens."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    port = server.server_port
    server.server_close()
    return f"http://127.0.0.1:{port}/v1"
