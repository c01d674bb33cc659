"""A worker on which, once a sweep has begun, no file may grow for a while.

That is what the system can do without a full disk: the third pool that is reserved meets it, and
whatever else is written meanwhile. Started as `python program.py SECONDS`.
"""

import resource
import sys
import threading
from pathlib import Path

from analysis.sweep import pool
from analysis.worker.kinds import KINDS
from analysis.worker.process import Worker
from app.logs import set_up_logging
from app.settings import get_settings

UNLIMITED = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
FULL = (1024, resource.RLIM_INFINITY)
reserved: list[Path] = []
reserve = pool.reserve


def reserve_and_fill(path: Path, n_bytes: int) -> None:
    reserved.append(path)
    if len(reserved) == 3:
        resource.setrlimit(resource.RLIMIT_FSIZE, FULL)
        freed = (resource.RLIMIT_FSIZE, UNLIMITED)
        threading.Timer(float(sys.argv[1]), resource.setrlimit, freed).start()
    reserve(path, n_bytes)


if __name__ == "__main__":
    pool.reserve = reserve_and_fill
    set_up_logging(get_settings())
    worker = Worker(get_settings(), KINDS, grace_seconds=2)
    worker.stop_on_signals()
    worker.run(until_idle=True)
