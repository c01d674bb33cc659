"""The streaming pass: windows through the model, activations into the states of all sites.

Comes in: a model, the windows of a corpus, a plan. Goes out: one `SiteState` per site and split,
and the pool files. Nothing is kept of a window but what a state keeps, so memory does not grow with
the corpus; the unembedding never runs.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float32, Int16, Int64, UInt32
from numpy import ndarray
from torch import Tensor

from analysis.corpora.windows import Windows
from analysis.models.subject import SubjectModel
from analysis.records import Site
from analysis.sweep import kernels
from analysis.sweep.kernels.arguments import Batch
from analysis.sweep.patterns import Patterns
from analysis.sweep.plan import Plan, Shard
from analysis.sweep.pool import PoolWriter, pool_file
from analysis.sweep.state import SiteState

BeforeBatch = Callable[[int], None]
"""Is told the number of windows of the next batch; may raise to stop."""


@dataclass
class _Pilot:
    """What a site's pilot shard leaves for the intervals."""

    pool: PoolWriter
    """Of the first windows; maxima are kept of all."""
    highest: Float32[ndarray, "window unit"]
    lengths: Int64[ndarray, " window"]
    windows: UInt32[ndarray, " window"]
    done: int = 0


class Sweep:
    """One pass of one model over the windows of one plan."""

    def __init__(self, model: SubjectModel, windows: Windows, plan: Plan, folder: Path) -> None:
        """`folder` takes the pool files."""
        self.plan = plan
        self._model = model
        self._windows = windows
        self._folder = folder
        firsts = np.cumsum([0, *(site.n_units for site in model.sites)])
        self._first_units = dict(zip(model.sites, firsts.tolist(), strict=False))
        self.states: dict[tuple[str, str], SiteState] = {
            (site.name, split.split): self.empty_state(site, split.split)
            for site in model.sites
            for split in plan.splits
        }

    def empty_state(self, site: Site, split: str) -> SiteState:
        return SiteState.empty(
            site.n_units,
            self.plan.n_pos,
            kept=self.plan.kept(split, site),
            counting=self.plan.counting,
            first_unit=self._first_units[site],
            patterns=Patterns(self.plan.n_pos) if site.kind == "attn" else None,
        )

    def pool_file(self, site: Site, split: str) -> Path:
        return pool_file(self._folder, site.name, split)

    def sync_pool(self, site: str, split: str) -> None:
        """See to it that a pool that was filled is on disk, and not only on its way there."""
        path = pool_file(self._folder, site, split)
        if path.exists():
            with path.open("r+b") as file:
                os.fsync(file.fileno())

    def run_shard(self, shard: Shard, before_batch: BeforeBatch) -> None:
        """Count one shard for every site that has not counted it yet."""
        taking = _Taking(self, shard)
        if not taking.sites:
            return
        size = self.plan.batch_size
        for start in range(0, len(shard.windows), size):
            numbers = shard.windows[start : start + size]
            before_batch(len(numbers))
            tokens, lengths = self._windows.batch(numbers)
            taking.next_batch(numbers, lengths)
            self._model.run(
                torch.from_numpy(tokens),
                lengths=torch.from_numpy(lengths),
                record=taking.take,
                sites=taking.sites,
            )
        taking.end()

    def state_of(self, site: Site, split: str) -> SiteState:
        return self.states[site.name, split]

    @property
    def n_tokens(self) -> int:
        """Of all windows, BOS included."""
        return len(self._windows.tokens)

    @property
    def model(self) -> SubjectModel:
        return self._model


class _Taking:
    """One shard under way: hands every recorded site's activations to its state."""

    def __init__(self, sweep: Sweep, shard: Shard) -> None:
        self._sweep = sweep
        self._shard = shard
        self._states = {
            site: state
            for site in sweep.model.sites
            if shard.number not in (state := sweep.state_of(site, shard.split)).shards
        }
        self.sites = [site.name for site in self._states]
        self._pilots: dict[Site, _Pilot] = {}
        for site, state in self._states.items():
            state.begin(shard.number)
            if shard.pilot:
                self._pilots[site] = self._begin_pilot(site)
        self._lengths = np.empty(0, np.int64)
        self._numbers = np.empty(0, np.uint32)

    def _begin_pilot(self, site: Site) -> _Pilot:
        n = len(self._shard.windows)
        shape = (site.n_units, self._n_held, self._sweep.plan.n_pos)
        return _Pilot(
            pool=PoolWriter(self._sweep.pool_file(site, self._shard.split), shape),
            highest=np.empty((n, site.n_units), np.float32),
            lengths=np.empty(n, np.int64),
            windows=np.asarray(self._shard.windows, np.uint32),
        )

    @property
    def _n_held(self) -> int:
        return self._sweep.plan.of(self._shard.split).n_held

    def next_batch(self, numbers: range, lengths: Int64[ndarray, " batch"]) -> None:
        self._numbers = np.asarray(numbers, np.uint32)
        self._lengths = lengths

    def take(self, site: Site, activations: Tensor) -> None:
        state = self._states[site]
        pilot = self._pilots.get(site)
        held = pilot is not None and pilot.done < self._n_held
        if activations.device.type == "cpu" or held:
            # What is held in a pool has to come to the CPU anyway.
            batch = as_batch(activations, self._lengths, self._numbers)
            taken = state.take(batch)
            if pilot is not None and held:
                pilot.pool.write(batch.first(self._n_held - pilot.done), pilot.done)
        else:
            taken = state.take_on_device(activations, self._lengths, self._numbers)
        if pilot is not None:
            self._keep_pilot(pilot, taken.highest)
        self._read_patterns(site, state, taken.sources, pilot)

    def end(self) -> None:
        for site, pilot in self._pilots.items():
            self._settle(self._states[site], pilot)
            pilot.pool.close()
            if not self._sweep.plan.of(self._shard.split).n_pool:
                pilot.pool.path.unlink()
        for state in self._states.values():
            if state.patterns is not None:
                state.patterns.keep_only(state.slots.windows)
            state.end()

    def _keep_pilot(self, pilot: _Pilot, highest: Float32[ndarray, "batch unit"]) -> None:
        span = slice(pilot.done, pilot.done + len(highest))
        pilot.highest[span], pilot.lengths[span] = highest, self._lengths
        pilot.done = span.stop

    def _settle(self, state: SiteState, pilot: _Pilot) -> None:
        state.settle(pilot.highest)
        step = self._sweep.plan.batch_size
        n_held = self._n_held
        for start in range(0, n_held, step):
            span = slice(start, min(start + step, n_held))
            batch = pilot.pool.batch(span, pilot.lengths[span], pilot.windows[span])
            state.show_pilot(batch, pilot.highest[span])
        state.count_pilot(pilot.highest[n_held:])

    def _read_patterns(
        self,
        site: Site,
        state: SiteState,
        sources: Int16[ndarray, "head slot"],
        pilot: _Pilot | None,
    ) -> None:
        if state.patterns is None:
            return
        wanted = np.zeros((site.n_units, len(self._numbers)), bool)
        heads, slots = np.nonzero(sources != kernels.NONE)
        wanted[heads, sources[heads, slots]] = True
        if pilot is not None and state.slots.kept.per_interval:
            # Any window at hand may enter an interval once the edges are known.
            wanted[:, : max(self._n_held - pilot.done + len(self._numbers), 0)] = True
        attention = partial(self._sweep.model.attention, site.name)
        state.patterns.read(np.argwhere(wanted), self._numbers, attention)


def as_batch(
    activations: Tensor, lengths: Int64[ndarray, " batch"], numbers: UInt32[ndarray, " batch"]
) -> Batch:
    """The bits of a recorded tensor [batch, pos, unit], without a copy where it is on the CPU."""
    there = activations.detach().cpu().contiguous()
    if there.dtype == torch.bfloat16:
        return Batch(there.view(torch.int16).numpy().view(np.uint16), 16, lengths, numbers)
    words = there.float().view(torch.int32).numpy().view(np.uint32)
    return Batch(words, 0, lengths, numbers)
