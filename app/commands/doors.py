"""Where the web side may listen, and the link by which whoever starts it comes in."""

import socket
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from app.commands.listening import is_loopback
from app.errors import BadRequestError

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from app.settings import Settings

LASTS: Final = timedelta(hours=12)
"""Of the link that is printed."""


def check_doors(engine: "Engine", settings: "Settings", taken: socket.socket) -> None:
    """Makes the administrator that the environment names, where there is none. Raises
    BadRequestError where others could reach the server and there is no administrator."""
    from app.store.accounts.people import has_administrator
    from app.store.engine import open_session

    with open_session(engine) as session:
        known = has_administrator(session)
    if not known and settings.admin_name is not None:
        _make_administrator(engine, settings)
        known = True
    if known or is_loopback(taken):
        return
    host = taken.getsockname()[0]
    taken.close()
    raise BadRequestError(
        f"Patchclamp does not listen on {host} while nobody has an account: whoever reached it "
        "could read everything and start jobs.",
        hint="Make an administrator first, `patchclamp admin create`, or name one in "
        "PATCHCLAMP_ADMIN_NAME and PATCHCLAMP_ADMIN_PASSWORD; or listen on 127.0.0.1 and forward "
        "the port (ssh -L).",
    )


def owners_link(engine: "Engine", url: str) -> str:
    """An address of the server that lets whoever opens it in as the local owner, once."""
    from app.store.accounts.links import create_link
    from app.store.accounts.people import local_owner
    from app.store.engine import open_session
    from app.store.views.account import LOCAL_OWNER

    with open_session(engine, commit=True) as session:
        secret = create_link(
            session,
            kind="login",
            lasts=LASTS,
            actor=LOCAL_OWNER,
            account_id=local_owner(session),
        )
    return f"{url}/login/{secret}"


def invitation(engine: "Engine", taken: socket.socket, url: str) -> str:
    """What to say of signing in to whoever starts the server; nothing where what is printed may be
    kept in a log of a server that many use."""
    from app.store.accounts.people import somebody_else
    from app.store.engine import open_session

    if not is_loopback(taken):
        return ""
    with open_session(engine) as session:
        shared = somebody_else(session)
    if shared and not sys.stdout.isatty():
        return ""
    return f"Sign in as its owner, with a link that works once: {owners_link(engine, url)}"


def _make_administrator(engine: "Engine", settings: "Settings") -> None:
    from app.auth.passwords import hashed
    from app.store.accounts.people import create_account
    from app.store.engine import open_session

    if settings.admin_name is None or settings.admin_password is None:
        raise BadRequestError(
            "PATCHCLAMP_ADMIN_NAME is set, and PATCHCLAMP_ADMIN_PASSWORD is not.",
            hint="Set both, or make the administrator with `patchclamp admin create`.",
        )
    password = hashed(settings.admin_password.get_secret_value())
    with open_session(engine, commit=True) as session:
        create_account(session, name=settings.admin_name, password=password, is_administrator=True)
