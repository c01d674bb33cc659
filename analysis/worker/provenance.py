"""Runs: what is written down of every execution of a method, so that its numbers can be traced."""

import os
import platform
import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from app.store.tables import RunTable

LIBRARIES = ("numpy", "numba", "tokenizers", "transformers", "safetensors")
ROOT = Path(__file__).parents[2]


def machine(device: str = "cpu") -> dict[str, Any]:
    """What the numbers may depend on beyond the code: platform, processors, libraries, threads."""
    described = {
        "platform": platform.platform(),
        "processor": processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        **{name: version(name) for name in LIBRARIES},
    }
    if device.startswith("cuda") and torch.cuda.is_available():
        described["gpu"] = torch.cuda.get_device_name(torch.device(device))
        described["cuda"] = torch.version.cuda
    return described


@cache
def processor() -> str:
    """The processor's name, as far as the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return next((name for name in names if name), platform.processor() or platform.machine())


@cache
def code_version() -> str:
    """The version; in a checkout also the commit, and whether files differ from it.

    Asked once, when the process begins: that is the code it runs, and git may take its time, for
    which no transaction should be kept open.
    """
    if not (ROOT / ".git").exists():
        return version("patchclamp")
    commit = _git("rev-parse", "HEAD")
    changed = _git("status", "--porcelain", "--untracked-files=no")
    told = {None: ", changes unknown", "": ""}.get(changed, " with local changes")
    return f"{version('patchclamp')}, commit {commit or 'unknown'}{told}"


def command(name: str, options: Mapping[str, object], arguments: Sequence[str] = ()) -> str:
    """`patchclamp NAME ARGUMENT … --option value …`, quoted for a shell; a list repeats its
    option."""
    words = ["patchclamp", name, *arguments]
    for option, value in options.items():
        for each in value if isinstance(value, list) else [value]:
            words += [f"--{option}", str(each)]
    return shlex.join(words)


def _git(*arguments: str) -> str | None:
    """What git says of our own folder; None where it says nothing."""
    program = shutil.which("git")
    if program is None:
        return None
    try:
        done = subprocess.run(  # noqa: S603 - our own arguments
            [program, "--no-optional-locks", "-C", str(ROOT), *arguments],
            env={name: value for name, value in os.environ.items() if name[:4] != "GIT_"},
            capture_output=True, text=True, timeout=10, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def begin_run(session: Session, **columns: Any) -> int:  # noqa: ANN401 - the columns of a run
    """Write a run that has begun; returns its id.

    A job has one run of a kind: where its first step was cut short after this had been stored, or
    the memory of its steps was lost, it finds its run again. One that its method does not end is
    ended with the job (`app.store.ending`).
    """
    job_id = columns.get("job_id")
    begun = select(RunTable.id).where(RunTable.job_id == job_id, RunTable.kind == columns["kind"])
    known = session.scalar(begun) if job_id is not None else None
    if known is not None:
        return known
    values = {
        "status": "running",
        "code_version": code_version(),
        "machine": machine(columns.get("device", "cpu")),
        "measured": {},
        "started_at": datetime.now(UTC),
        **columns,
    }
    return session.execute(insert(RunTable).values(**values).returning(RunTable.id)).scalar_one()


def note_attempt(session: Session, run_id: int) -> None:
    """Call it whenever a job goes on with its run: says so under the run's machine where machine or
    code are others than those of the attempt before."""
    run = session.get_one(RunTable, run_id)
    attempts = run.machine.get("attempts", [])
    begun = {key: value for key, value in run.machine.items() if key != "attempts"}
    before = (
        (attempts[-1]["machine"], attempts[-1]["code_version"])
        if attempts
        else (begun, run.code_version)
    )
    now = (machine(run.device), code_version())
    if run.status != "running" or now == before:
        return
    attempt = {
        "machine": now[0],
        "code_version": now[1],
        "started_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    changed = {**begun, "attempts": [*attempts, attempt]}
    session.execute(update(RunTable).where(RunTable.id == run_id).values(machine=changed))


def end_run(session: Session, run_id: int, status: str, measured: dict[str, Any]) -> bool:
    """Whether the run was still running; one that has ended stays as it is."""
    ended = session.execute(
        update(RunTable)
        .where(RunTable.id == run_id, RunTable.status == "running")
        .values(status=status, measured=measured, finished_at=datetime.now(UTC))
        .returning(RunTable.id)
    )
    return ended.first() is not None
