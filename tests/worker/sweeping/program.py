"""A worker on which, once a sweep has begun, no file may grow for a while.

That is what the system can do without a full disk: the third pool that is reserved, or the third
checkpoint of a site, meets it, and whatever else is written meanwhile. Started as
`python program.py SECONDS pool` or `... checkpoint`.
"""

import resource
import sys
import threading
from collections.abc import Callable
from itertools import count
from typing import Any

from analysis.sweep import pool
from analysis.worker.kinds import KINDS
from analysis.worker.process import Worker
from analysis.worker.sweeping import checkpoints
from app.logs import set_up_logging
from app.settings import get_settings

UNLIMITED = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
FULL = (1024, resource.RLIM_INFINITY)


def fill_before_third(write: Callable[..., None]) -> Callable[..., None]:
    """The same writer; from its third call on nothing can be written for a while."""
    calls = count(1)

    def fill_and_write(*args: Any) -> None:
        if next(calls) == 3:
            resource.setrlimit(resource.RLIMIT_FSIZE, FULL)
            freed = (resource.RLIMIT_FSIZE, UNLIMITED)
            threading.Timer(float(sys.argv[1]), resource.setrlimit, freed).start()
        write(*args)

    return fill_and_write


if __name__ == "__main__":
    if sys.argv[2] == "pool":
        pool.reserve = fill_before_third(pool.reserve)
    else:
        checkpoints.save_state = fill_before_third(checkpoints.save_state)
    set_up_logging(get_settings())
    worker = Worker(get_settings(), KINDS, grace_seconds=2)
    worker.stop_on_signals()
    worker.run(until_idle=True)
