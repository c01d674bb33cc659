"""The shut door: with `PATCHCLAMP_SEALED=1` no process of ours connects to anything beyond this
machine but the configured database.

Two things see to it. The gate (`refuse_outgoing`) is asked wherever something is about to be
fetched or sent, and says what was refused, why, and what to do. The guard (`close_process`) stands
behind it in every process: it sees each connection and each look-up of a name that Python's sockets
make, and refuses what the gate did not foresee. It does not see what libraries in C open by
themselves, as PostgreSQL's client does, nor programs that are started: a firewall does.
"""

import errno
import os
import sys
from collections.abc import Collection
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, urlsplit

from app.errors import SealedError

if TYPE_CHECKING:  # commands import this before they know that they need settings
    from app.settings import Settings

VARIABLE: Final = "PATCHCLAMP_SEALED"
QUIET: Final = {
    "HF_HUB_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_XET": "1",
    "DO_NOT_TRACK": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
}
"""What libraries are told, in the environment, which processes that are started inherit."""
LOOKING_UP: Final = {
    "socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr",
}  # fmt: skip
CONNECTING: Final = {
    "socket.connect", "socket.sendto", "socket.sendmsg", "socket.getnameinfo",
}  # fmt: skip


class _Guard:
    """Of this process; a hook cannot be taken away again, so it asks whether it is on."""

    is_hooked = False
    hosts: Collection[str] | None = None
    """That may be looked up and connected to besides this machine; None: the door is open."""


def refuse_outgoing(settings: "Settings", what: str, *, instead: str, address: str | None) -> None:
    """Raises SealedError where the server is sealed and this would leave the machine. `what` would
    happen, as a sentence begins; `address`: a URL or host, None of what is always elsewhere."""
    if settings.sealed and (address is None or not is_here(_host_of(address))):
        raise SealedError(f"{what} was refused: this server is sealed.", hint=instead)


def refuse_export(settings: "Settings") -> None:
    """For commands that write data into files. Raises SealedError where the server is sealed."""
    if settings.sealed:
        raise SealedError(
            "Nothing was exported: this server is sealed.",
            hint="Ask at /exports in a browser, with a purpose; an administrator approves it "
            "there, and the same page has the download.",
        )


def close_process(settings: "Settings") -> None:
    """Does nothing where the settings leave the door open."""
    if not settings.sealed:
        return
    os.environ.update(QUIET)
    _Guard.hosts = frozenset({*_database_hosts(settings.url), settings.host.lower()})
    if not _Guard.is_hooked:
        sys.addaudithook(_watch)
        _Guard.is_hooked = True


def is_asked_for() -> bool:
    """Whether the environment speaks of sealing at all: settings take time to read."""
    return any(name.upper() == VARIABLE for name in os.environ)


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if not event.startswith("socket.") or _Guard.hosts is None:
        return
    if event in LOOKING_UP:
        host = arguments[0]
        if not _may_look_up(host, by_number=event == "socket.gethostbyaddr"):
            _refuse(f"looking up {_told(host)}")
    elif event in CONNECTING:
        address = arguments[0] if event == "socket.getnameinfo" else arguments[1]
        if not _may_connect(address):
            _refuse(f"connecting to {_told(address)}")


def _may_look_up(host: object, *, by_number: bool) -> bool:
    """Numbers are no names: nobody is asked for them, but for whose they are."""
    if host is None or host in ("", b""):
        return True
    name = _text(host)
    return is_here(name) or (_is_number(name) and not by_number) or name in (_Guard.hosts or ())


def _may_connect(address: object) -> bool:
    """To a socket in the file system, or to this machine."""
    if not isinstance(address, tuple) or not address:
        return True
    host = _text(address[0])
    return is_here(host) or host in (_Guard.hosts or ())


def _refuse(what: str) -> None:
    raise PermissionError(
        errno.EACCES, f"{VARIABLE}=1: {what} was refused, since this server is sealed"
    )


def _told(address: object) -> str:
    return ":".join(map(_text, address[:2])) if isinstance(address, tuple) else _text(address)


def _text(host: object) -> str:
    text = host.decode("ascii", "replace") if isinstance(host, bytes | bytearray) else str(host)
    return text.lower()


def is_here(host: str) -> bool:
    """Whether it is this machine, by name or by number."""
    if host == "localhost":
        return True
    try:
        number = ip_address(host.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(number, "ipv4_mapped", None)
    return (mapped or number).is_loopback


def _is_number(host: str) -> bool:
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def _host_of(address: str) -> str:
    if "://" not in address:
        return address.lower()
    try:
        return (urlsplit(address).hostname or "").lower()
    except ValueError:
        return ""


def _database_hosts(url: str) -> set[str]:
    """Where the database is, also where a parameter says so; none of a file."""
    parts = urlsplit(url)
    named = [*parse_qs(parts.query).get("host", ()), parts.hostname or ""]
    return {host.lower() for each in named for host in each.split(",") if host}
