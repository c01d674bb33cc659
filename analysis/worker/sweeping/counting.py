"""Counts a sweep shard by shard; publishes and saves in between where it is time to."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import update
from sqlalchemy.orm import Session

from analysis.sweep.engine import Sweep
from analysis.sweep.plan import Plan, Shard
from analysis.worker.context import JobContext
from analysis.worker.explaining.first import FirstExplanations
from analysis.worker.interruptions import WorkerStopping
from analysis.worker.sweeping.checkpoints import Checkpoints
from analysis.worker.sweeping.pace import Pace
from analysis.worker.sweeping.publishing import Publisher
from app.store.engine import open_session
from app.store.requests import SweepRequest
from app.store.tables import RunTable

PATIENCE_SECONDS: Final = 30.0
"""A worker that is asked to stop leaves in the middle of a shard only where its end is later."""


class Counting:
    """After an error its states may be half counted: restore them from the checkpoint anew."""

    def __init__(
        self,
        context: JobContext[SweepRequest],
        sweep: Sweep,
        publisher: Publisher,
        checkpoints: Checkpoints,
        first: FirstExplanations,
    ) -> None:
        self._first = first
        self._context = context
        self._sweep = sweep
        self._publisher = publisher
        self._checkpoints = checkpoints
        self._clock = checkpoints.clock
        self._started = self._clock()
        self._before = self._spent_before()
        self._shown = self._windows_known()
        self._pace = Pace(self._clock)

    @property
    def plan(self) -> Plan:
        return self._sweep.plan

    def knows(self, shard: Shard) -> bool:
        """Whether every site has counted the shard."""
        states = (self._sweep.state_of(site, shard.split) for site in self._sweep.model.sites)
        return all(shard.number in state.shards for state in states)

    def count(self, shard: Shard) -> None:
        if self.knows(shard):
            return
        self._pace.begin(len(shard.windows))
        self._sweep.run_shard(shard, self._before_batch)
        self._pace.end()
        shards = self._sweep.plan.shards
        if shard == shards[-1]:
            return
        with self._saved_on_stop():
            self._context.check_cancelled()
            counted = self._windows_known()
            pilots_known = all(self.knows(each) for each in shards if each.pilot)
            if pilots_known and self._publisher.due(counted):
                self._publisher.publish(counted)
                self._context.check_cancelled()
                self._first.explain()
            self._context.check_cancelled()
        if self._checkpoints.due:
            self._save()

    def end(self) -> None:
        """Publish the final results."""
        with self._saved_on_stop():
            self._publisher.publish(self._sweep.plan.n_windows)

    def measured(self) -> dict[str, Any]:
        """What the run's page shows.

        Seconds are those of all attempts, but for what a killed one did after its last checkpoint:
        that is done again.
        """
        plan = self._sweep.plan
        return {
            "windows": plan.n_windows,
            "tokens": self._sweep.n_tokens,
            **{name: round(seconds, 3) for name, seconds in self._spent().items()},
            "pool_bytes": plan.n_pool_bytes(self._sweep.model.sites),
            "state_bytes": plan.n_state_bytes(self._sweep.model.sites),
        }

    def _spent(self) -> dict[str, float]:
        """Seconds of this attempt and of those before it."""
        now = {
            "seconds": self._clock() - self._started,
            "publishing_seconds": self._publisher.seconds,
            "checkpoint_seconds": self._checkpoints.seconds,
        }
        return {name: seconds + self._before.get(name, 0.0) for name, seconds in now.items()}

    def _spent_before(self) -> dict[str, float]:
        with open_session(self._context.engine) as session:
            return dict(session.get_one(RunTable, self._publisher.run_id).measured)

    def _note_spent(self, session: Session) -> None:
        session.execute(
            update(RunTable)
            .where(RunTable.id == self._publisher.run_id, RunTable.status == "running")
            .values(measured=self._spent())
        )

    @contextmanager
    def _saved_on_stop(self) -> Iterator[None]:
        """Between shards, where states are whole: a worker that is stopped saves them."""
        try:
            yield
        except WorkerStopping:
            self._save()
            self._tell(self._windows_known())
            raise

    def _save(self) -> None:
        self._checkpoints.save(self._sweep)
        self._context.write(self._note_spent)

    def tell_resumed(self) -> None:
        """Say from where a sweep that was taken up again goes on: what its checkpoints know."""
        known = self._windows_known()
        if known:
            self._tell(known)
        self._context.goes_on_from(known, "windows")

    def _tell(self, known: int) -> None:
        self._show(known)
        self._context.flush()

    def _show(self, n: int) -> None:
        total = self._sweep.plan.n_windows
        self._context.progress(n, total, "windows", "recording activations")

    def _windows_known(self) -> int:
        return sum(len(shard.windows) for shard in self._sweep.plan.shards if self.knows(shard))

    def _patience(self) -> float:
        """Seconds that a worker which should stop may still count, to end the shard under way."""
        left = self._pace.left()
        return PATIENCE_SECONDS if left is not None and left <= PATIENCE_SECONDS else 0.0

    def _before_batch(self, n_windows: int) -> None:
        self._context.check_cancelled(self._patience())
        self._show(self._shown)
        self._shown += n_windows
        self._pace.add(n_windows)
