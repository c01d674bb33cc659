"""Serves the application on a socket until a signal says to stop."""

import asyncio
import errno
import ipaddress
import socket
from contextlib import suppress
from types import FrameType
from typing import Final

import uvicorn
from starlette.applications import Starlette

from analysis.errors import AnalysisError
from analysis.inference.service import Service

GRACE_SECONDS: Final = 4
"""So long requests may take to end when the service stops; they end at their next layer."""
KEEP_ALIVE_SECONDS: Final = 75
"""Longer than the web side keeps a connection, so that none is closed while it is being used."""


class ServingError(AnalysisError):
    """The service cannot be started as it is set up."""


class Server(uvicorn.Server):
    """Ends what is being computed as soon as it is asked to stop."""

    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self._service = service
        self._loop: asyncio.AbstractEventLoop | None = None

    def leave(self) -> None:
        """From any thread, and from signal handlers; also before it has begun to serve."""
        self.should_exit = True
        if self._loop is not None:
            with suppress(RuntimeError):  # it has ended already
                self._loop.call_soon_threadsafe(self._service.stop)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        self.leave()


def server_of(app: Starlette) -> Server:
    return Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            ws="none",
            lifespan="on",
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=GRACE_SECONDS,
        ),
        app.state.service,
    )


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. ServingError: it cannot be had."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        taken = socket.socket(family, kind, protocol)
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(address)
        taken.listen(2048)
    except OSError as error:
        used = error.errno == errno.EADDRINUSE
        raise ServingError(
            f"the inference service cannot listen on {host}, port {port}: {error.strerror}",
            hint="Another one may be running; set PATCHCLAMP_INFERENCE_PORT to another port."
            if used
            else "Set PATCHCLAMP_INFERENCE_HOST to an address of this machine.",
        ) from error
    return taken


def warning_of(taken: socket.socket) -> str | None:
    """What to know before serving on an address that others may reach; None for loopback."""
    host = str(taken.getsockname()[0])
    if ipaddress.ip_address(host.partition("%")[0]).is_loopback:
        return None
    return (
        f"Warning: the inference service listens on {host}, beyond this machine. What is asked and "
        "answered travels unencrypted, the secret too, and the secret alone protects it: whoever "
        "reads it can have any model file of this machine loaded.\n"
        "Listen on 127.0.0.1 and forward the port (ssh -L); see docs/inference.md."
    )
