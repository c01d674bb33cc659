"""Counts a sweep shard by shard; publishes and saves in between where it is time to."""

import time
from typing import Any

from analysis.sweep.engine import Sweep
from analysis.sweep.plan import Plan, Shard
from analysis.worker.context import JobContext
from analysis.worker.sweeping.checkpoints import Checkpoints
from analysis.worker.sweeping.publishing import Publisher
from app.store.requests import SweepRequest


class Counting:
    """After an error its states may be half counted: restore them from the checkpoint anew."""

    def __init__(
        self,
        context: JobContext[SweepRequest],
        sweep: Sweep,
        publisher: Publisher,
        checkpoints: Checkpoints,
    ) -> None:
        self._context = context
        self._sweep = sweep
        self._publisher = publisher
        self._checkpoints = checkpoints
        self._started = time.perf_counter()
        self._shown = sum(len(shard.windows) for shard in sweep.plan.shards if self.knows(shard))
        checkpoints.begin()

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
        self._sweep.run_shard(shard, self._before_batch)
        shards = self._sweep.plan.shards
        if shard == shards[-1]:
            return
        if all(self.knows(pilot) for pilot in shards if pilot.pilot):
            counted = sum(len(each.windows) for each in shards if self.knows(each))
            if self._publisher.due(counted):
                self._publisher.publish(counted)
        if self._checkpoints.due:
            self._checkpoints.save(self._sweep)

    def end(self) -> None:
        """Publish the final results."""
        self._publisher.publish(self._sweep.plan.n_windows)

    def measured(self) -> dict[str, Any]:
        """What the run's page shows; times are of this attempt."""
        plan = self._sweep.plan
        return {
            "windows": plan.n_windows,
            "tokens": plan.n_windows * plan.n_pos,
            "seconds": round(time.perf_counter() - self._started, 3),
            "publishing_seconds": round(self._publisher.seconds, 3),
            "checkpoint_seconds": round(self._checkpoints.seconds, 3),
            "pool_bytes": plan.n_pool_bytes(self._sweep.model.sites),
            "state_bytes": plan.n_state_bytes(self._sweep.model.sites),
        }

    def _before_batch(self, n_windows: int) -> None:
        self._context.check_cancelled()
        total = self._sweep.plan.n_windows
        self._context.progress(self._shown, total, "windows", "recording activations")
        self._shown += n_windows
