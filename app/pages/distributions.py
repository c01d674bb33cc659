"""How statistics are distributed over a site's units, kept in memory.

Every unit of a site is drawn on the same distributions, and they change only while a sweep
publishes; so pages share one reading of them: of a run that has ended for good, of one that has not
for a few seconds.
"""

import time
from datetime import datetime
from threading import Lock
from typing import Final
from weakref import WeakKeyDictionary

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.store.queries.model import list_summaries
from app.store.views.model import SummaryView
from app.store.views.run import RunView

STATISTICS: Final = (
    "density", "above", "mean", "variance", "skewness", "kurtosis", "minimum", "maximum",
)  # fmt: skip
KEPT_SECONDS: Final = 10.0
KEPT: Final = 48
"""Readings, of some megabytes each."""

Key = tuple[str, int, datetime | None, str, str]
Distributions = dict[str, SummaryView]

_kept: WeakKeyDictionary[Engine, dict[Key, tuple[float, dict[str, Distributions]]]]
_kept = WeakKeyDictionary()
_lock = Lock()


def read_distributions(session: Session, *, run: RunView, site: str, split: str) -> Distributions:
    """The summary of each statistic over the units of the site; of a run that goes on, at most ten
    seconds old."""
    engine = session.get_bind().engine
    kind = site.partition(".")[0]
    key = (run.model, run.id, run.finished_at, split, kind)
    with _lock:
        at, by_site = _kept.setdefault(engine, {}).get(key, (None, {}))
    goes_on = run.status != "finished"
    if at is None or (goes_on and time.monotonic() - at > KEPT_SECONDS):
        by_site = _read(session, run.model, run.id, split, kind)
        with _lock:
            kept = _kept[engine]
            if len(kept) >= KEPT:
                kept.clear()
            kept[key] = (time.monotonic(), by_site)
    return by_site.get(site, {})


def _read(
    session: Session, model: str, run_id: int, split: str, kind: str
) -> dict[str, Distributions]:
    by_site: dict[str, Distributions] = {}
    for statistic in STATISTICS:
        summaries = list_summaries(
            session, model=model, statistic=statistic, split=split, run_id=run_id, kind=kind
        )
        for summary in summaries:
            by_site.setdefault(summary.site, {})[statistic] = summary
    return by_site
