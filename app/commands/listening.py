"""The port of the web side: taken before anything starts, handed to whoever serves on it."""

import errno
import ipaddress
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable

from app.commands.retyping import free_port, with_port
from app.errors import BadRequestError, ConflictError, UnavailableError

ANSWER_SECONDS = 60.0
ANY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104 (said, not bound)


def take_port(host: str, port: int) -> socket.socket:
    """A bound socket; port 0 takes a free one. Raises ConflictError where the port is in use."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise BadRequestError(
            f"{host!r} is no address of this machine: {error.strerror}.",
            hint="Set PATCHCLAMP_HOST, for instance to 127.0.0.1.",
        ) from error
    family, kind, protocol, _, address = found[0]
    taken = socket.socket(family, kind, protocol)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind(address)
        # another process may have bound the port too, but only one can listen on it
        taken.listen(2048)
    except OSError as error:
        taken.close()
        raise _port_error(host, port, error) from error
    return taken


def is_loopback(taken: socket.socket) -> bool:
    """Whether this machine alone can reach it."""
    host = str(taken.getsockname()[0])
    return ipaddress.ip_address(host.partition("%")[0]).is_loopback


def warning_of(taken: socket.socket) -> str | None:
    """What to know before serving on an address that others may reach; None for loopback."""
    if is_loopback(taken):
        return None
    host = str(taken.getsockname()[0])
    where = "every address of this machine" if host in ANY_ADDRESS else host
    return (
        f"Warning: listening on {where}. What people send and read travels unencrypted, passwords "
        "too.\n"
        "Put a proxy before it that speaks https, or listen on 127.0.0.1 and forward the port "
        "(ssh -L); see docs/settings.md."
    )


def url_of(taken: socket.socket) -> str:
    """Where a browser on this machine finds it."""
    host, port = taken.getsockname()[:2]
    if host in ANY_ADDRESS:
        host = "127.0.0.1" if host == "0.0.0.0" else "::1"  # noqa: S104
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def wait_until_answering(url: str, given_up: Callable[[], bool]) -> bool:
    """Whether the page answers; waits for it for a minute, or until `given_up`."""
    until = time.monotonic() + ANSWER_SECONDS
    while time.monotonic() < until and not given_up():
        try:
            with urllib.request.urlopen(f"{url}/healthz", timeout=5):  # noqa: S310 (our own)
                return True
        except urllib.error.HTTPError:
            return True
        except OSError:
            time.sleep(0.1)
    return False


def _port_error(host: str, port: int, error: OSError) -> Exception:
    if error.errno == errno.EADDRINUSE:
        return ConflictError(
            f"Port {port} of {host} is in use by another program.",
            hint="Stop that program, or take another port:\n  " + with_port(free_port(host, port)),
        )
    if error.errno == errno.EACCES:
        return UnavailableError(
            f"This user may not listen on port {port}.",
            hint=f"Take one above 1023:\n  {with_port(free_port(host, 8764))}",
        )
    return BadRequestError(
        f"Patchclamp cannot listen on {host}, port {port}: {error.strerror}.",
        hint="Set PATCHCLAMP_HOST to an address of this machine, for instance 127.0.0.1.",
    )
