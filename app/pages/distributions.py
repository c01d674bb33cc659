"""How statistics are distributed over a site's units, kept in memory for a few seconds.

Every unit of a site is drawn on the same distributions, and they change only while a sweep
publishes; so pages share one reading of them.
"""

import time
from threading import Lock
from typing import Final
from weakref import WeakKeyDictionary

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.store.queries.model import list_summaries
from app.store.views.model import SummaryView

STATISTICS: Final = (
    "density", "above", "mean", "variance", "skewness", "kurtosis", "minimum", "maximum",
)  # fmt: skip
KEPT_SECONDS: Final = 10.0
KEPT: Final = 512

Key = tuple[str, int, str, str]
Distributions = dict[str, SummaryView]

_kept: WeakKeyDictionary[Engine, dict[Key, tuple[float, dict[str, Distributions]]]]
_kept = WeakKeyDictionary()
_lock = Lock()


def read_distributions(
    session: Session, *, model: str, site: str, run_id: int, split: str
) -> Distributions:
    """The summary of each statistic over the units of the site; at most ten seconds old."""
    engine = session.get_bind().engine
    key = (model, run_id, split, site.partition(".")[0])
    with _lock:
        at, by_site = _kept.setdefault(engine, {}).get(key, (float("-inf"), {}))
    if time.monotonic() - at > KEPT_SECONDS:
        by_site = _read(session, model, run_id, split, key[3])
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
