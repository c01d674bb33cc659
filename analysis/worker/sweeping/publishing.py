"""Publishes what a sweep knows so far, site by site, so that pages fill in while it runs.

Each site is one transaction: readers and other writers wait milliseconds, and a kill in between
leaves whole sites, some older than others. Publishing twice leaves the same bytes. Partial results
are of the split that pages open with, with few exemplars: first as soon as there are any, then
whenever another time would not make their share of the sweep's time too large.
"""

import gc
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field

from numpy import ndarray
from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.sweep.engine import Sweep
from analysis.sweep.results import STATISTICS, Statistics, exemplars, sources, statistics
from analysis.sweep.summary import shared_edges, summarise
from analysis.worker.context import JobContext
from analysis.worker.sweeping import rows
from analysis.worker.sweeping.checkpoints import Clock
from app.store.reading import never_negative
from app.store.requests import SweepRequest
from app.store.showing import show_run
from app.store.tables import ModelTable, RunTable
from app.store.writing import (
    ExemplarRow,
    HistogramRow,
    PatternRow,
    StatisticsRow,
    SummaryRow,
    write_site,
)

LONGEST_SHARE = 0.03
"""Of the time, at most so much goes into partial results after the first,"""
WORTH = 0.2
"""which are published only while at least this share of all windows is still to come."""
PARTIAL_SPLITS = ("fit",)
PREVIEW = 4
"""Exemplars of each kind in partial results."""


@dataclass
class _SiteRows:
    statistics: list[StatisticsRow] = field(default_factory=list)
    histograms: list[HistogramRow] = field(default_factory=list)
    exemplars: list[ExemplarRow] = field(default_factory=list)
    patterns: list[PatternRow] = field(default_factory=list)
    summaries: list[SummaryRow] = field(default_factory=list)


@dataclass
class Publisher:
    context: JobContext[SweepRequest]
    sweep: Sweep
    run_id: int
    site_ids: Mapping[str, int]
    clock: Clock = time.perf_counter
    seconds: float = 0.0
    """Spent on publishing so far."""
    _times: int = 0
    _begun: float = field(init=False)

    def __post_init__(self) -> None:
        self._begun = self.clock()

    def due(self, counted: int) -> bool:
        """Whether it is time for partial results."""
        if not self._times:
            return True
        left = 1 - counted / self.sweep.plan.n_windows
        once_more = self.seconds * (1 + 1 / self._times)
        elapsed = self.clock() - self._begun
        return left >= WORTH and once_more <= LONGEST_SHARE * elapsed

    def publish(self, counted: int) -> None:
        """Write the rows of every site and tell whoever watches."""
        start = self.clock()
        final = counted == self.sweep.plan.n_windows
        known = {
            (site, split): statistics(state)
            for (site, split), state in self.sweep.states.items()
            if state.shards and (final or split in self._partial_splits)
        }
        edges = _edges(known)
        sites = [site.name for site in self.sweep.model.sites]
        # While one thread writes the rows of a site, which mostly waits for SQLite, another makes
        # those of the next. So many short-lived rows would keep the garbage collector busy.
        gc.disable()
        try:
            with ThreadPoolExecutor(1) as maker:
                made = maker.submit(self._rows, sites[0], known, edges, final)
                for place, site in enumerate(sites):
                    self.context.check_cancelled()
                    ready = made.result()
                    if place + 1 < len(sites):
                        made = maker.submit(self._rows, sites[place + 1], known, edges, final)
                    self._write(site, ready)
        finally:
            gc.enable()
        self.context.write(self._show)
        self._times += 1
        self.seconds += self.clock() - start
        self.context.event("published", {"windows": counted, "run_id": self.run_id})

    @property
    def _partial_splits(self) -> tuple[str, ...]:
        there = [split.split for split in self.sweep.plan.splits]
        return tuple(name for name in PARTIAL_SPLITS if name in there) or (there[0],)

    def _rows(
        self,
        name: str,
        known: Mapping[tuple[str, str], Statistics],
        edges: Mapping[tuple[str, str, str], ndarray],
        final: bool,
    ) -> _SiteRows:
        made = _SiteRows()
        kind = name.partition(".")[0]
        rectified = never_negative(kind, asdict(self.sweep.model.facts))
        for (site, split), state in self.sweep.states.items():
            if site != name or (site, split) not in known:
                continue
            of_split = known[site, split]
            made.statistics += rows.statistics_rows(split, of_split)
            made.histograms += rows.histogram_rows(split, of_split)
            bins = {each: edges[kind, split, each] for each in STATISTICS}
            made.summaries += rows.summary_rows(
                split, summarise(of_split, bins, rectified=rectified)
            )
            kinds = exemplars(state)
            if not final:
                kinds = [rows.preview(each, PREVIEW) for each in kinds]
            made.exemplars += rows.exemplar_rows(split, state, kinds)
            for of_kind in kinds:
                read = sources(state, of_kind)
                if read is not None:
                    made.patterns += rows.pattern_rows(split, of_kind, read)
        return made

    def _write(self, site: str, made: _SiteRows) -> None:
        def write(session: Session) -> None:
            write_site(
                session.connection(),
                run_id=self.run_id,
                site_id=self.site_ids[site],
                statistics=made.statistics,
                histograms=made.histograms,
                exemplars=made.exemplars,
                patterns=made.patterns,
                summaries=made.summaries,
            )

        self.context.write(write)

    def _show(self, session: Session) -> None:
        """Let pages show this run, unless they show another finished one."""
        run = session.get_one(RunTable, self.run_id)
        shown = session.scalar(
            select(RunTable.status)
            .join(ModelTable, ModelTable.current_run_id == RunTable.id)
            .where(ModelTable.id == run.model_id)
        )
        if shown != "finished":
            show_run(session, run.model_id, self.run_id)


def _edges(known: Mapping[tuple[str, str], Statistics]) -> dict[tuple[str, str, str], ndarray]:
    """Bins by kind of site, split and statistic."""
    groups: dict[tuple[str, str], list[Statistics]] = {}
    for (site, split), each in known.items():
        groups.setdefault((site.partition(".")[0], split), []).append(each)
    return {
        (kind, split, name): shared_edges(name, sites)
        for (kind, split), sites in groups.items()
        for name in STATISTICS
    }
