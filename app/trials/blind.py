"""The windows by which people judge an explanation: top, where its words occur, where the unit
fires, and random ones; all of the test split.

They are chosen by the unit's activations and by the words of the explanation, and by nothing that
scores it. Words and firing are counted over the whole pool, and drawn from it at random, so that
what is shown of them is no better or worse than the rest. When it fires is found on fit, as scores
find it. Of an explanation that speaks of both tails, both are shown.
"""

from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Final

import numpy as np
from sqlalchemy.orm import Session

from analysis.programs.english import rules_in_english, tables_in_english
from analysis.score.division import FIT
from analysis.score.tails import FIRING_PERCENTILE, Firing, Tail, find_firing
from app.errors import NotFoundError
from app.store.locating import locate_site
from app.store.queries.assignment import source_of
from app.store.queries.trial import Trial, read_trial
from app.store.views.campaign import AssignmentView, ShownWindows
from app.trials.drawing import REACH, TEST, Drawing, Half, within
from app.trials.words import Claimed, read_claim

KEPT: Final = 64
"""Explanations whose windows are kept: several people judge each at about the same time."""


@dataclass(frozen=True)
class Asked:
    """An explanation of a unit, as far as its windows depend on it."""

    model: str
    site: str
    index: int
    text: str
    sweep_id: int | None
    program: str | None = None


def gather_windows(session: Session, asked: Asked, *, data: Path) -> ShownWindows:
    """Raises NotFoundError where the model, its sweep or the site is gone."""
    place = locate_site(session, model=asked.model, site=asked.site, run_id=asked.sweep_id)
    key = (str(session.get_bind().engine.url), str(data), place.run_id, asked)
    with _lock:
        if key in _kept:
            _kept.move_to_end(key)
            return _kept[key]
    found = _gather(session, asked, data)
    if found.missing is None:
        with _lock:
            _kept[key] = found
            while len(_kept) > KEPT:
                _kept.popitem(last=False)
    return found


def gather_windows_of(session: Session, item: AssignmentView, *, data: Path) -> ShownWindows:
    """Of what somebody holds."""
    sweep_id, program = source_of(session, number=item.id)
    asked = Asked(item.model, item.site, item.index, item.text, sweep_id, program)
    return gather_windows(session, asked, data=data)


def _gather(session: Session, asked: Asked, data: Path) -> ShownWindows:
    place = locate_site(session, model=asked.model, site=asked.site, run_id=asked.sweep_id)
    missing, trial = None, None
    try:
        trial = read_trial(
            session, model=asked.model, site=asked.site, index=asked.index, data=data,
            run_id=place.run_id, only={FIT, TEST},
        )  # fmt: skip
    except NotFoundError as error:
        missing = f"{error.public} {error.hint or ''}".strip()
    claimed = read_claim(asked.text, asked.program)
    drawing = Drawing(session, place, asked.index, trial)
    halves = [drawing.half(half) for half in _halves(trial, claimed)]
    random = drawing.random(halves[0].tail)
    said = claimed.program
    return ShownWindows(
        model=asked.model, site=asked.site, index=asked.index, run_id=place.run_id, split=TEST,
        n_windows=drawing.n_windows, counted_from=place.parameters.get("counted_from", 1),
        scale=drawing.scale, reach=REACH, halves=halves, random=random,
        rules=[] if said is None else [*rules_in_english(said), *tables_in_english(said)],
        missing=missing,
    )  # fmt: skip


def _halves(trial: Trial | None, claimed: Claimed) -> list[Half]:
    """The tail that the unit fires on first; the other one where the claim speaks of it."""
    firing = None if trial is None else _firing(trial)
    tail: Tail = "upper" if firing is None else firing.tail
    # what does not tell the tails apart is said of the one that it fires on
    named = claimed.named[tail if claimed.tails else "upper"]
    halves = [Half(tail, True, tail in claimed.tails, firing, named)]
    other: Tail = "lower" if tail == "upper" else "upper"
    if other in claimed.tails:
        beyond = None if trial is None or firing is None else _beyond(trial, other)
        halves.append(Half(other, False, True, beyond, claimed.named[other]))
    return halves


def _firing(trial: Trial) -> Firing | None:
    fit = trial.splits[FIT]
    counted = within(fit, trial.counted_from)
    return find_firing(fit.actual[None].astype(np.float32), counted)[0]


def _beyond(trial: Trial, tail: Tail) -> Firing:
    """The outermost 1 % of the tail that the unit does not fire on."""
    fit = trial.splits[FIT]
    values = fit.actual[within(fit, trial.counted_from)].astype(np.float32)
    percentile = FIRING_PERCENTILE if tail == "upper" else 100 - FIRING_PERCENTILE
    return Firing(float(np.percentile(values[np.isfinite(values)], percentile)), tail)


_kept: OrderedDict[object, ShownWindows] = OrderedDict()
_lock = Lock()
