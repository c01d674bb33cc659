"""`patchclamp inference`: starts the inference service as the settings say.

What the command needs is imported when it runs: `patchclamp --help` answers without it.
"""

import signal
import socket
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Final

import typer

from app.importing import undisturbed

if TYPE_CHECKING:
    import torch
    from starlette.applications import Starlette

    from app.settings import Settings

PORT: Final = 8766
"""Of a service that is started by itself."""
SOME_MEMORY: Final = 4 << 30
"""Bytes for models where nobody knows how much is free."""


def register(app: typer.Typer) -> None:
    app.command("inference", rich_help_panel="Run")(inference)


def inference(
    host: Annotated[
        str | None,
        typer.Option(help="Address; default: PATCHCLAMP_INFERENCE_HOST or 127.0.0.1."),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65535,
            help="Port, 0 for a free one; default: PATCHCLAMP_INFERENCE_PORT or 8766.",
        ),
    ] = None,
    fd: Annotated[int | None, typer.Option(hidden=True)] = None,
    supervised: Annotated[bool, typer.Option("--supervised", hidden=True)] = False,
) -> None:
    """Serve live activations and interventions on loaded models; `patchclamp up` starts one too.

    Models are loaded when they are first asked for. Web side and service share a secret, which both
    read from PATCHCLAMP_INFERENCE_SECRET.

    Examples:

      PATCHCLAMP_INFERENCE_SECRET=$(openssl rand -hex 32) patchclamp inference

      PATCHCLAMP_DEVICE=cuda PATCHCLAMP_INFERENCE_DTYPE=bfloat16 patchclamp inference --port 9001
    """
    from app.settings import get_settings

    settings = get_settings()
    secret = required_secret(settings)
    with undisturbed():
        _prepare(settings)
        from analysis.inference.serving import listen, server_of, warning_of
        from app.supervisor import leave_with_parent

    if fd is not None:
        taken = socket.socket(fileno=fd)
    else:
        chosen = PORT if settings.inference_port is None else settings.inference_port
        taken = listen(host or settings.inference_host, chosen if port is None else port)
    warning = warning_of(taken)
    if warning is not None:
        typer.echo(warning, err=True)
    with undisturbed():
        server = server_of(application(settings, secret), supervised=supervised)

    def leave(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        server.leave()

    # before the server takes signals itself, and when it raises the one that ended it once more
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, leave)
    if supervised:
        leave_with_parent(server.leave)
    else:
        at = "{}:{}".format(*taken.getsockname()[:2])
        typer.echo(f"The inference service is at {at} (Ctrl-C stops it)")
    server.run(sockets=[taken])
    if server.gave_up:
        raise typer.Exit(1)


def required_secret(settings: "Settings") -> str:
    """BadRequestError: there is none, or one that can be guessed."""
    from analysis.protocol.service import SHORTEST_SECRET
    from app.errors import BadRequestError

    given = settings.inference_secret
    secret = "" if given is None else given.get_secret_value()
    if not secret:
        raise BadRequestError(
            "The inference service needs a secret that it shares with the web side.",
            hint="Set PATCHCLAMP_INFERENCE_SECRET to the same random text for both, for instance "
            "from `openssl rand -hex 32`; `patchclamp up` does so by itself.",
        )
    if len(secret) < SHORTEST_SECRET:
        raise BadRequestError(
            f"PATCHCLAMP_INFERENCE_SECRET is too short: {SHORTEST_SECRET} characters are the "
            "least, because nothing else protects the inference service.",
            hint="Take a long random text, for instance from `openssl rand -hex 32`.",
        )
    return secret


def application(settings: "Settings", secret: str) -> "Starlette":
    """The service as the settings say."""
    from analysis.inference.application import create_app
    from analysis.inference.options import Options
    from analysis.models.dtypes import DTYPES
    from analysis.worker.provenance import code_version
    from analysis.worker.subjects import CACHE, chosen_device

    device = chosen_device(settings.device)
    return create_app(
        Options(
            secret=secret,
            dtype=DTYPES[settings.inference_dtype],
            device=device,
            cache=settings.data / CACHE,
            code_version=code_version(),
            memory=settings.inference_memory or half_of_what_is_free(device),
            queue=settings.inference_queue,
            seconds=settings.inference_seconds,
            sweep_seconds=settings.inference_sweep_seconds,
            load_seconds=settings.inference_load_seconds,
        )
    )


def half_of_what_is_free(device: "torch.device") -> int:
    """Bytes, of the device's own memory where it has some."""
    import torch

    from analysis.worker.room import memory_left

    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0]) // 2
    left = memory_left()
    return SOME_MEMORY if left is None else left // 2


def _prepare(settings: "Settings") -> None:
    """What must be set before torch and numba are imported, as for a worker."""
    from analysis.worker.compiled import keep_compiled
    from analysis.worker.memory import keep_freed_memory
    from analysis.worker.threads import wait_politely

    keep_compiled(settings.data)
    wait_politely(settings.threads)
    keep_freed_memory()
    import torch

    if settings.threads is not None:
        torch.set_num_threads(settings.threads)
