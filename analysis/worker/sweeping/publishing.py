"""Publishes what a sweep knows so far, site by site, so that pages fill in while it runs.

Each site is one transaction: readers and other writers wait milliseconds, and a kill in between
leaves whole sites, some older than others. Publishing twice leaves the same bytes. It is done
whenever the windows have quadrupled, with few exemplars, so a long sweep spends little on it.
"""

import gc
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from numpy import ndarray
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from analysis.sweep.engine import Sweep
from analysis.sweep.results import STATISTICS, Statistics, exemplars, sources, statistics
from analysis.sweep.summary import shared_edges, summarise
from analysis.worker.context import JobContext
from analysis.worker.sweeping import rows
from app.store.requests import SweepRequest
from app.store.tables import ModelTable, RunTable
from app.store.writing import (
    ExemplarRow,
    IntervalRow,
    PatternRow,
    StatisticsRow,
    SummaryRow,
    write_site,
)

GROWTH = 4.0
"""Partial results are published again when so many times the windows have been counted,"""
WORTH = 0.3
"""and at least this share of all windows is still to come."""
PREVIEW = 4
"""Exemplars of each kind in partial results."""


@dataclass
class _SiteRows:
    statistics: list[StatisticsRow] = field(default_factory=list)
    exemplars: list[ExemplarRow] = field(default_factory=list)
    intervals: list[IntervalRow] = field(default_factory=list)
    patterns: list[PatternRow] = field(default_factory=list)
    summaries: list[SummaryRow] = field(default_factory=list)


@dataclass
class Publisher:
    context: JobContext[SweepRequest]
    sweep: Sweep
    run_id: int
    site_ids: Mapping[str, int]
    seconds: float = 0.0
    """Spent on publishing so far."""
    published: int = 0
    """Windows counted when results were last published."""

    def due(self, counted: int) -> bool:
        left = 1 - counted / self.sweep.plan.n_windows
        return counted >= GROWTH * self.published and left >= WORTH

    def publish(self, counted: int) -> None:
        """Write the rows of every site and tell whoever watches."""
        start = time.perf_counter()
        final = counted == self.sweep.plan.n_windows
        known = {
            (site, split): statistics(state)
            for (site, split), state in self.sweep.states.items()
            if state.shards
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
        self.published = counted
        self.seconds += time.perf_counter() - start
        self.context.event("published", {"windows": counted, "run_id": self.run_id})

    def _rows(
        self,
        name: str,
        known: Mapping[tuple[str, str], Statistics],
        edges: Mapping[tuple[str, str, str], ndarray],
        final: bool,
    ) -> _SiteRows:
        made = _SiteRows()
        kind = name.partition(".")[0]
        for (site, split), state in self.sweep.states.items():
            if site != name or not state.shards:
                continue
            of_split = known[site, split]
            made.statistics += rows.statistics_rows(split, of_split)
            made.intervals += rows.interval_rows(split, state)
            bins = {each: edges[kind, split, each] for each in STATISTICS}
            made.summaries += rows.summary_rows(split, summarise(of_split, bins))
            for all_kept in exemplars(state):
                found = all_kept if final else rows.preview(all_kept, PREVIEW)
                made.exemplars += rows.exemplar_rows(split, found)
                read = sources(state, found)
                if read is not None:
                    made.patterns += rows.pattern_rows(split, found, read)
        return made

    def _write(self, site: str, made: _SiteRows) -> None:
        def write(session: Session) -> None:
            write_site(
                session.connection(),
                run_id=self.run_id,
                site_id=self.site_ids[site],
                statistics=made.statistics,
                exemplars=made.exemplars,
                intervals=made.intervals,
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


def show_run(session: Session, model_id: int, run_id: int) -> None:
    session.execute(
        update(ModelTable).where(ModelTable.id == model_id).values(current_run_id=run_id)
    )


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
