"""An application behind a real server of this process, for measurements and tests."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import uvicorn
from fastapi import FastAPI

PATIENCE: Final = 10.0
"""Seconds in which it stops."""


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """Its base URL, on a free port of loopback. Raises RuntimeError where it does not start, or
    does not stop."""
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            host="127.0.0.1",
            port=0,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=1,
        )
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        while not server.started:
            if not thread.is_alive():
                raise RuntimeError("the server did not start")
            time.sleep(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=PATIENCE)
    if thread.is_alive():
        raise RuntimeError("the server did not stop")
