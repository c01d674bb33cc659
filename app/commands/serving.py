"""`serve`, `up` and `demo`: the web side alone, with all that works for it, and with a demo."""

import os
import secrets
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Final

import typer

from app.importing import undisturbed
from app.store.opening import opened_store

if TYPE_CHECKING:
    from fastapi import FastAPI

    from app.store.queries.job import DemoState

GRACE_SECONDS: Final = 3
"""How long open answers (event streams never end by themselves) may take when the server stops."""
KEEP_ALIVE_SECONDS: Final = 75
"""For how long an idle connection is kept: as proxies do, and longer than somebody reads a page,
for a request that is sent just when it is closed is lost."""
HEAD_START_SECONDS: Final = 2.0
"""Of the web side: loading torch would take the processor away from the first page."""

Host = Annotated[str | None, typer.Option(help="Address; default: PATCHCLAMP_HOST or 127.0.0.1.")]
Port = Annotated[
    int | None,
    typer.Option(
        min=0, max=65535, help="Port, 0 for a free one; default: PATCHCLAMP_PORT or 8765."
    ),
]


def register(app: typer.Typer) -> None:
    for command in (demo, up, serve):
        app.command(rich_help_panel="Run")(command)


def serve(
    host: Host = None,
    port: Port = None,
    fd: Annotated[int | None, typer.Option(hidden=True)] = None,
    supervised: Annotated[bool, typer.Option("--supervised", hidden=True)] = False,
) -> None:
    """Serve pages and REST; jobs wait until a worker runs somewhere.

    Examples:

      patchclamp serve

      patchclamp serve --port 9000
    """
    from app.commands.listening import take_port, url_of

    if fd is None:
        taken = _socket(host, port, take_port)
        said = _let_in(taken)
        _announce_when_answering(url_of(taken), [said], typer.echo, lambda: False)
    else:  # whoever gave us the socket has looked at the store
        taken = socket.socket(fileno=fd)
    _serve(taken, supervised=supervised)


def up(host: Host = None, port: Port = None) -> None:
    """Start everything: web side, worker and inference service, started again when they die.

    Ctrl-C stops all, a sweep at the end of its shard, and a second Ctrl-C does not wait for that;
    a running job goes on at the next start.

    Examples:

      patchclamp up

      PATCHCLAMP_DATA=~/lab PATCHCLAMP_PORT=9000 patchclamp up
    """
    from app.commands.listening import take_port

    taken = _socket(host, port, take_port)
    _supervise(taken, [_let_in(taken)])


def demo(
    host: Host = None,
    port: Port = None,
    share: Annotated[float, typer.Option(hidden=True)] = 1.0,
) -> None:
    """Browse the neurons of a real language model, SmolLM2-135M, in minutes.

    Starts everything, adds the model and a small corpus, and sweeps one over the other while you
    browse. The second time everything is there already.

    Examples:

      patchclamp demo

      PATCHCLAMP_PORT=0 patchclamp demo
    """
    from app.commands.listening import take_port, url_of
    from app.store.engine import open_session
    from app.store.queries.job import create_job, state_of_demo
    from app.store.requests import PrepareDemoRequest

    taken = _socket(host, port, take_port)
    request = PrepareDemoRequest(share=share)
    said = _let_in(taken)
    with opened_store() as (_, engine), open_session(engine, commit=True) as session:
        state = state_of_demo(session, request=request)
        if state == "absent":
            create_job(session, request=request, actor="patchclamp demo")
    url = url_of(taken)
    _supervise(taken, [said, _outlook(state, f"{url}/m/{request.model}", f"{url}/jobs")])


def _outlook(state: "DemoState", page: str, jobs: str) -> str:
    """What whoever opens the demo will find."""
    if state == "swept":
        return f"Everything is there already: {page}"
    if state == "sweeping":
        return f"The sweep goes on, and {page} fills meanwhile; see {jobs}"
    return f"The model is added first, which takes a minute; then {page} fills; see {jobs}"


def _socket(
    host: str | None, port: int | None, take: Callable[[str, int], socket.socket]
) -> socket.socket:
    from app.commands.listening import warning_of
    from app.settings import get_settings

    settings = get_settings()
    taken = take(settings.host if host is None else host, settings.port if port is None else port)
    warning = warning_of(taken)
    if warning is not None:
        typer.echo(warning, err=True)
    return taken


def _let_in(taken: socket.socket) -> str:
    """What to say of signing in; the store is brought up to date. Raises BadRequestError where
    nobody could be told from anybody else."""
    from app.commands.doors import check_doors, invitation
    from app.commands.listening import url_of

    with opened_store() as (settings, engine):
        check_doors(engine, settings, taken)
        return invitation(engine, taken, url_of(taken))


def _serve(taken: socket.socket, *, supervised: bool) -> None:
    from app.supervisor import leave_with_parent

    # matrices of one question are small: the threads of numpy's library would only wait for each
    # other, and beside a worker take ten times as long
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # the server raises the signal that ended it once more when it has stopped: that is no error
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _ignore)
    if supervised:
        leave_with_parent(lambda: os.kill(os.getpid(), signal.SIGTERM))
    with undisturbed():
        import uvicorn

        from app.main import create_app
        from app.settings import get_settings

    made: list[FastAPI] = []

    def make() -> "FastAPI":
        made.append(create_app())
        return made[-1]

    class Server(uvicorn.Server):
        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            """It waits for open answers: those of who watches, which never end by themselves, are
            ended first."""
            for app in made:
                app.state.watching.close()
            super().handle_exit(sig, frame)

    config = uvicorn.Config(
        make,
        factory=True,
        log_config=None,
        access_log=False,
        server_header=False,
        forwarded_allow_ips=get_settings().trusted_proxies,
        timeout_graceful_shutdown=GRACE_SECONDS,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
    )
    server = Server(config)
    server.run(sockets=[taken])
    if not server.started:
        raise typer.Exit(1)


def _ignore(number: int, frame: FrameType | None) -> None:
    pass


def _supervise(taken: socket.socket, said: Sequence[str]) -> None:
    from app.commands.listening import url_of
    from app.supervisor import Child, Supervisor

    patchclamp = [sys.executable, "-m", "app"]
    fd = taken.fileno()
    asked = _inference_socket()
    known = _known_to_both(asked)
    web = Child("web", [*patchclamp, "serve", "--supervised", "--fd", str(fd)], [fd], known)
    worker = Child("worker", [*patchclamp, "worker", "--supervised"])
    inference = Child(
        "inference",
        [*patchclamp, "inference", "--supervised", "--fd", str(asked.fileno())],
        [asked.fileno()],
        known,
    )
    worker.start_at = inference.start_at = time.monotonic() + HEAD_START_SECONDS
    supervisor: Supervisor = Supervisor([web, worker, inference])
    supervisor.stop_on_signals()
    _announce_when_answering(url_of(taken), said, supervisor.say, lambda: supervisor.stopping)
    supervisor.run()
    taken.close()
    asked.close()


def _inference_socket() -> socket.socket:
    """Where the inference service will listen: a free port, unless the settings name one."""
    from analysis.protocol.service import SHORTEST_SECRET
    from app.commands.listening import take_port, warning_of
    from app.errors import BadRequestError, ConflictError
    from app.settings import get_settings

    settings = get_settings()
    secret = settings.inference_secret
    if secret and len(secret.get_secret_value()) < SHORTEST_SECRET:
        raise BadRequestError(
            "PATCHCLAMP_INFERENCE_SECRET is too short: the inference service takes none of less "
            f"than {SHORTEST_SECRET} characters.",
            hint="Take a long random text, for instance from `openssl rand -hex 32`, or leave it "
            "out: a random one is then made.",
        )
    try:
        taken = take_port(settings.inference_host, settings.inference_port or 0)
    except ConflictError as error:
        raise ConflictError(
            f"{error.detail} The inference service was to listen there.",
            hint="Leave PATCHCLAMP_INFERENCE_PORT out: a free one is then taken.",
        ) from error
    if warning_of(taken) is not None and not secret:
        taken.close()
        raise BadRequestError(
            f"The inference service would be reached from elsewhere at {settings.inference_host}, "
            "with a secret that nobody there knows.",
            hint="Set PATCHCLAMP_INFERENCE_SECRET to a long random text, or leave "
            "PATCHCLAMP_INFERENCE_HOST at 127.0.0.1.",
        )
    return taken


def _known_to_both(asked: socket.socket) -> dict[str, str]:
    """What web side and inference service are told of each other, by environment alone."""
    from app.settings import get_settings

    host, port = asked.getsockname()[:2]
    given = get_settings().inference_secret
    secret = given.get_secret_value() if given else secrets.token_urlsafe(32)
    return {
        "PATCHCLAMP_INFERENCE_HOST": str(host),
        "PATCHCLAMP_INFERENCE_PORT": str(port),
        "PATCHCLAMP_INFERENCE_SECRET": secret,
    }


def _announce_when_answering(
    url: str, also: Sequence[str], say: Callable[[str], None], given_up: Callable[[], bool]
) -> None:
    """Says where it is, and what else there is to say, once a page can be opened."""
    from app.commands.listening import wait_until_answering

    def wait() -> None:
        if wait_until_answering(url, given_up):
            say(f"Patchclamp is at {url} (Ctrl-C stops it)")
            for text in filter(None, also):
                say(text)

    threading.Thread(target=wait, name="announce", daemon=True).start()
