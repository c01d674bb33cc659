"""A copy of a data folder, and the product running on it: web side and inference service."""

import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx
from sqlalchemy import Engine

from app.settings import Settings
from app.store.backup import copy_sqlite
from app.store.engine import open_engine
from app.store.migrating import upgrade

STORE: Final = "store.sqlite"
FILES: Final = ("pools", "corpora", "windows", "converted")
PATIENCE: Final = 120.0
"""Seconds in which both processes answer."""


def copied(data: Path, into: Path) -> tuple[Settings, Engine]:
    """The store of a data folder in another one, in this version's tables; the first is only read,
    and may be in use. Files, which are never changed, are linked where that can be."""
    if not (data / STORE).exists():
        raise SystemExit(
            f"There is no store in {data}: run `make demo` first and let it finish, or say where "
            "one is with PATCHCLAMP_DATA."
        )
    copy_sqlite(data / STORE, into / STORE)
    for name in FILES:
        if (data / name).exists():
            shutil.copytree(data / name, into / name, copy_function=_link)
    settings = Settings(data=into, database_url=None, log_level="error", sealed=False)
    engine = open_engine(settings)
    upgrade(engine)
    return settings, engine


def run(settings: Settings, *words: str) -> None:
    """One command of the product on the copy."""
    command = [sys.executable, "-m", "app", *words]
    subprocess.run(command, env=_environment(settings), check=True)


@contextmanager
def open_house(settings: Settings) -> Iterator[str]:
    """The address of the running product."""
    web, inference = _free_port(), _free_port()
    environment = _environment(settings) | {
        "PATCHCLAMP_PORT": str(web),
        "PATCHCLAMP_INFERENCE_PORT": str(inference),
        "PATCHCLAMP_INFERENCE_SECRET": secrets.token_hex(16),
    }
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "app", name], env=environment, stdout=subprocess.DEVNULL
        )
        for name in ("serve", "inference")
    ]
    try:
        address = f"http://localhost:{web}"
        _wait(address)
        yield address
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(timeout=30)


def _wait(address: str) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        try:
            if httpx.get(f"{address}/readyz", timeout=5).json().get("inference") == "ok":
                return
        except (httpx.HTTPError, ValueError):
            pass
        time.sleep(0.5)
    raise SystemExit(f"Nothing answers at {address} with its inference service.")


def _environment(settings: Settings) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if "PATCHCLAMP_" not in name}
    return kept | {"PATCHCLAMP_DATA": str(settings.data), "PATCHCLAMP_LOG_LEVEL": "error"}


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another disk
        shutil.copy2(source, target)


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
