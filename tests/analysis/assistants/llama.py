"""A real OpenAI-compatible server (llama.cpp) with the demo's model, in a process of its own.

`serving` starts it on a free port of loopback and ends it. It answers nonsense: what it shows is
that what is sent and read is what such servers take and give.
"""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

STARTS_WITHIN = 120.0
CONTEXT = 4096


@contextmanager
def serving(gguf: Path, log: Path) -> Iterator[str]:
    """The base URL of the server, which is ready."""
    command = [sys.executable, __file__, str(gguf)]
    with log.open("wb") as noise:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=noise, text=True
        )
    assert process.stdin is not None
    assert process.stdout is not None
    deadline = threading.Timer(STARTS_WITHIN, process.kill)
    deadline.start()
    try:
        url = process.stdout.readline().strip()  # empty where it has ended
        deadline.cancel()
        assert url, f"the server did not start: {log.read_text(errors='replace')[-2000:]}"
        yield f"{url}/v1"
    finally:
        deadline.cancel()
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


def _serve(gguf: str) -> None:
    """Says where it listens once it does, and ends when its standard input does: with whoever
    started it, however that ends."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = gguf
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_ctx = CONTEXT
    params.n_parallel = 1
    # One thread: two that wait for each other crawl where another process has one of two cores.
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.warmup = False
    server = xllamacpp.Server(params)
    sys.stdout.write(f"{server.listening_address}\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    _serve(sys.argv[1])
