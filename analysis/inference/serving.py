"""Serves the application on a socket until a signal says to stop, or until it is stuck for long.

A thread that does not end cannot be ended; the process can, where a supervisor starts it again.
Where a computation keeps Python from running anything else, so that nothing of ours can look,
faulthandler's own thread ends the process, and says where it was.
"""

import asyncio
import errno
import faulthandler
import ipaddress
import socket
from contextlib import suppress
from types import FrameType
from typing import Final

import structlog
import uvicorn
from starlette.applications import Starlette

from analysis.errors import AnalysisError
from analysis.inference.service import Service

GRACE_SECONDS: Final = 4
"""So long requests may take to end when the service stops; they end at their next layer."""
KEEP_ALIVE_SECONDS: Final = 75
"""Longer than the web side keeps a connection, so that none is closed while it is being used."""
TICKS: Final = 10
"""Of a tenth of a second, between two looks for what is stuck."""
STANDARD_ERROR: Final = 2

log = structlog.get_logger("patchclamp.inference")


class ServingError(AnalysisError):
    """The service cannot be started as it is set up."""


class Server(uvicorn.Server):
    """Ends what is being computed as soon as it is asked to stop."""

    def __init__(self, config: uvicorn.Config, service: Service, *, supervised: bool) -> None:
        super().__init__(config)
        self._service = service
        self._supervised = supervised
        self._loop: asyncio.AbstractEventLoop | None = None
        self._noted = False
        self.gave_up = False
        """It has ended, or will, because it was stuck."""

    def leave(self) -> None:
        """From any thread, and from signal handlers; also before it has begun to serve."""
        self.should_exit = True
        if self._loop is not None:
            with suppress(RuntimeError):  # it has ended already
                self._loop.call_soon_threadsafe(self._service.stop)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)

    async def on_tick(self, counter: int) -> bool:
        if counter % TICKS == 0 and not self.should_exit:
            self._look()
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self._supervised:
            faulthandler.cancel_dump_traceback_later()
        await super().shutdown(sockets)

    def _look(self) -> None:
        patience = self._service.options.restart_seconds
        if self._supervised:
            faulthandler.dump_traceback_later(patience, exit=True, file=STANDARD_ERROR)
        found = self._service.look_for_stuck()
        if found is not None and not self._noted:
            log.error("inference.stuck", on=found.what, at=self._service.place())
        self._noted = found is not None
        if found is not None and self._supervised and found.seconds > patience:
            log.error("inference.gave_up", on=found.what, seconds=round(found.seconds))
            self.gave_up = True
            self.leave()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        self.leave()


def server_of(app: Starlette, *, supervised: bool = False) -> Server:
    """`supervised`: somebody starts it again when it ends."""
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
        supervised=supervised,
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
