"""Says that this worker lives and renews the lease of its job, from a thread of its own.

The job's code may be deep in a forward pass; torch lets other threads run meanwhile.
"""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import structlog
from sqlalchemy import Engine

from app.errors import UnavailableError
from app.store import queue
from app.store.queue import Claim, LeaseLostError

log = structlog.get_logger("patchclamp.worker")

BEATS_PER_LEASE: Final = 4


class Lease:
    """What this process knows about its ownership of one job."""

    def __init__(self, claim: Claim, seconds: float) -> None:
        self.claim = claim
        self.seconds = seconds
        self.lost = False
        self._renewed_at = time.monotonic()

    @property
    def overdue(self) -> bool:
        """Not renewed for so long that another worker may have taken the job."""
        return time.monotonic() - self._renewed_at > self.seconds

    def renew(self, write: Callable[[], None]) -> None:
        """Runs `write`, which renews the lease in the store."""
        begun = time.monotonic()
        self.keep(write)
        self._renewed_at = begun

    def keep(self, write: Callable[[], None]) -> None:
        """Runs `write`, which needs the lease. Raises LeaseLostError where it is gone."""
        try:
            write()
        except LeaseLostError:
            self.lost = True
            raise


class Heartbeat:
    def __init__(self, engine: Engine, *, worker_id: str, lease_seconds: float) -> None:
        self._engine = engine
        self._worker_id = worker_id
        self._lease_seconds = lease_seconds
        self._lease: Lease | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(timeout=5)

    def hold(self, lease: Lease | None) -> None:
        """From now on this lease is renewed, and no other."""
        self._lease = lease

    def beat(self) -> None:
        lease = self._lease
        if lease is None or lease.lost:
            self._write(None)
        else:
            with suppress(LeaseLostError):  # noted; the job's code sees it
                lease.renew(lambda: self._write(lease.claim))

    def _write(self, claim: Claim | None) -> None:
        queue.beat(
            self._engine,
            worker_id=self._worker_id,
            claim=claim,
            lease_seconds=self._lease_seconds,
        )

    def _run(self) -> None:
        while not self._stop.wait(self._lease_seconds / BEATS_PER_LEASE):
            try:
                self.beat()
            except UnavailableError as error:
                log.warning("heartbeat failed", reason=error.detail)
            except Exception:
                log.exception("heartbeat failed")
