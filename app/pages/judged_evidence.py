"""What stands beside judgements of an explanation: windows of its unit, top and random ones."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy.orm import Session

from app.errors import NotFoundError
from app.pages.counting import counted_from
from app.store.queries.exemplar import list_exemplars
from app.store.queries.run import get_run
from app.store.queries.unit import get_unit
from app.store.views.explanation import ExplanationView
from app.store.views.run import RunView
from app.store.views.unit import ExemplarView

LIMITS: Final = {"top": 6, "random": 6}
SPLITS: Final = ("test", "fit")
"""Where there are windows of test, nothing was chosen on those."""


@dataclass(frozen=True)
class JudgedWindows:
    split: str
    run: RunView
    lists: dict[str, list[ExemplarView]]
    """By kind: top, random."""
    scale: float
    """The activation of the full colour."""

    @property
    def counted_from(self) -> int:
        return counted_from(self.run)


def read_windows(session: Session, view: ExplanationView) -> JudgedWindows | None:
    """Of the explanation's sweep; None where none are kept."""
    try:
        unit = get_unit(
            session, model=view.model, site=view.site, index=view.index, run_id=view.sweep_id
        )
    except NotFoundError:
        return None
    there = set(unit.exemplar_sets)
    for split in SPLITS:
        limits = {kind: limit for kind, limit in LIMITS.items() if (split, kind) in there}
        if limits:
            found = list_exemplars(
                session, model=view.model, site=view.site, index=view.index, split=split,
                run_id=unit.run_id, limits=limits,
            )  # fmt: skip
            lists = {kind: one.items for kind, one in found.items()}
            peaks = [abs(item.peak) for items in lists.values() for item in items]
            run = get_run(session, run_id=unit.run_id)
            return JudgedWindows(split, run, lists, max(peaks, default=1.0))
    return None
