"""Publishes what a sweep knows so far, site by site, so that pages fill in while it runs.

Each site is one transaction: readers and other writers wait milliseconds, and a kill in between
leaves whole sites, some older than others. Publishing twice leaves the same bytes. It is done
whenever the windows have tripled, so a long sweep spends little on it.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass

from numpy import ndarray
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from analysis.sweep.engine import Sweep
from analysis.sweep.results import STATISTICS, Statistics, exemplars, sources, statistics
from analysis.sweep.state import SiteState
from analysis.sweep.summary import shared_edges, summarise
from analysis.worker.context import JobContext
from analysis.worker.sweeping import rows
from app.store.requests import SweepRequest
from app.store.tables import ModelTable, RunTable
from app.store.writing import write_site

GROWTH = 3.0
"""Partial results are published again when so many times the windows have been counted."""


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
        return counted >= GROWTH * self.published

    def publish(self, counted: int) -> None:
        """Write the rows of every site and tell whoever watches."""
        start = time.perf_counter()
        known = {
            (site, split): statistics(state)
            for (site, split), state in self.sweep.states.items()
            if state.shards
        }
        edges = _edges(known)
        for site in self.sweep.model.sites:
            self.context.check_cancelled()
            splits = {
                split: (state, known[site.name, split])
                for (name, split), state in self.sweep.states.items()
                if name == site.name and state.shards
            }
            self._publish_site(site.name, splits, edges)
        self.context.write(self._show)
        self.published = counted
        self.seconds += time.perf_counter() - start
        self.context.event("published", {"windows": counted, "run_id": self.run_id})

    def _publish_site(
        self,
        name: str,
        splits: Mapping[str, tuple[SiteState, Statistics]],
        edges: Mapping[tuple[str, str, str], ndarray],
    ) -> None:
        statistics_, exemplars_, intervals, patterns, summaries = [], [], [], [], []
        kind = name.partition(".")[0]
        for split, (state, site) in splits.items():
            statistics_ += rows.statistics_rows(split, site)
            intervals += rows.interval_rows(split, state)
            bins = {each: edges[kind, split, each] for each in STATISTICS}
            summaries += rows.summary_rows(split, summarise(site, bins))
            for found in exemplars(state):
                exemplars_ += rows.exemplar_rows(split, found)
                read = sources(state, found)
                if read is not None:
                    patterns += rows.pattern_rows(split, found, read)

        def write(session: Session) -> None:
            write_site(
                session.connection(),
                run_id=self.run_id,
                site_id=self.site_ids[name],
                statistics=statistics_,
                exemplars=exemplars_,
                intervals=intervals,
                patterns=patterns,
                summaries=summaries,
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
