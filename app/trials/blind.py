"""The windows by which people judge an explanation: top, random and near misses of the test split.

They are chosen by the unit's activations and by the words of the explanation, and by nothing that
scores it: near misses are where its words occur and the unit is silent, then the silent windows
that come nearest to firing. When it fires is found on fit, as scores find it.
"""

import re
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from analysis.score.division import FIT
from analysis.score.tails import Firing, find_firing
from app.errors import NotFoundError
from app.store.locating import locate_site
from app.store.queries.assignment import sweep_of
from app.store.queries.exemplar import list_exemplars, read_windows
from app.store.queries.trial import Trial, TriedSplit, read_trial
from app.store.reading import finite_or_none, texts
from app.store.views.campaign import AssignmentView, ShownWindows
from app.store.views.unit import ExemplarView

TEST: Final = "test"
N_TOP, N_RANDOM, N_NAMED, N_NEAREST = 6, 6, 4, 4
QUOTED: Final = re.compile(r"[“\"`‘']([^“”\"`‘’']{1,60})[”\"`’']")
WORD: Final = re.compile(r"\w{3,}")
COMMON: Final = (
    "about after all also and any are before but can does each fires first for from has have its "
    "last like many mostly most names neuron not often only other others peaks seldom some such "
    "text than that the their them then there these they this token tokens unit usually where "
    "when which with word words"
)
SAID_OF_ALL: Final = frozenset(COMMON.split())
"""Words that are in explanations of anything."""
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
    sweep_id = sweep_of(session, number=item.id)
    asked = Asked(item.model, item.site, item.index, item.text, sweep_id)
    return gather_windows(session, asked, data=data)


def words_of(text: str) -> frozenset[str]:
    """What a claim names: what it quotes; else its words, but those of any claim."""
    quoted = {piece.strip().casefold() for piece in QUOTED.findall(text)} - {""}
    return frozenset(quoted) or frozenset(WORD.findall(text.casefold())) - SAID_OF_ALL


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
    firing = None if trial is None else _firing(trial)
    lower = firing is not None and firing.tail == "lower"
    kind = "bottom" if lower else "top"
    top: list[ExemplarView] = []
    if TEST in place.splits:
        top = list_exemplars(
            session, model=asked.model, site=asked.site, index=asked.index, limits={kind: N_TOP},
            split=TEST, run_id=place.run_id,
        )[kind].items  # fmt: skip
    drawn = _Drawn([], [], [])
    if trial is not None:
        drawn = _draw(session, trial, firing, asked)
    shown = (*top, *drawn.random, *drawn.named, *drawn.nearest)
    return ShownWindows(
        model=asked.model, site=asked.site, index=asked.index, run_id=place.run_id, split=TEST,
        n_windows=0 if trial is None else len(trial.splits[TEST].text.numbers),
        counted_from=place.parameters.get("counted_from", 1),
        scale=max((abs(item.peak) for item in shown), default=1.0) or 1.0,
        tail="lower" if lower else "upper",
        threshold=None if firing is None else firing.threshold,
        top=top, random=drawn.random, named=drawn.named, nearest=drawn.nearest, missing=missing,
    )  # fmt: skip


@dataclass(frozen=True)
class _Drawn:
    random: list[ExemplarView]
    named: list[ExemplarView]
    nearest: list[ExemplarView]


def _draw(session: Session, trial: Trial, firing: Firing | None, asked: Asked) -> _Drawn:
    tried = trial.splits[TEST]
    counted = _within(tried, trial.counted_from) & np.isfinite(tried.actual)
    upwards = tried.actual.astype(np.float32) * (
        -1 if firing is not None and firing.tail == "lower" else 1
    )
    marks = np.where(counted, upwards, -np.inf)
    peaks, at = marks.max(1), marks.argmax(1)
    there = np.flatnonzero(counted.any(1))
    drawn = np.random.default_rng((trial.place.site_id, asked.index)).permutation(there).tolist()
    places = {row: int(at[row]) for row in drawn[:N_RANDOM]}
    named: dict[int, int] = {}
    nearest: list[int] = []
    if firing is not None:
        silent = counted.any(1) & ~(counted & firing.of(tried.actual.astype(np.float32))).any(1)
        hits = counted & _is_named(tried, trial.vocabulary, words_of(asked.text))
        for row in drawn:
            if silent[row] and hits[row].any() and len(named) < N_NAMED:
                named[row] = int(np.where(hits[row], marks[row], -np.inf).argmax())
        order = there[np.argsort(-peaks[there], kind="stable")].tolist()
        nearest = [row for row in order if silent[row] and row not in named][:N_NEAREST]
    rows = [*places, *named, *nearest]
    found = _items(session, trial, tried, rows)
    return _Drawn(
        [found(row, places[row]) for row in places],
        [found(row, named[row]) for row in named],
        [found(row, int(at[row])) for row in nearest],
    )


def _firing(trial: Trial) -> Firing | None:
    fit = trial.splits[FIT]
    within = _within(fit, trial.counted_from)
    return find_firing(fit.actual[None].astype(np.float32), within)[0]


def _within(tried: TriedSplit, counted_from: int) -> NDArray[np.bool_]:
    positions = np.arange(tried.actual.shape[1])
    return (positions >= counted_from) & (positions < tried.text.lengths[:, None])


def _is_named(
    tried: TriedSplit, vocabulary: Sequence[str], words: frozenset[str]
) -> NDArray[np.bool_]:
    """Where a token is one of the words."""
    present = np.unique(tried.text.tokens)
    named = [token for token in present.tolist() if vocabulary[token].strip().casefold() in words]
    return np.isin(tried.text.tokens, named)


def _items(
    session: Session, trial: Trial, tried: TriedSplit, rows: Sequence[int]
) -> Callable[[int, int], ExemplarView]:
    """Makes the view of a row, drawn around a position."""
    numbers = [int(tried.text.numbers[row]) for row in rows]
    windows = read_windows(session, trial.place, numbers) if numbers else {}

    def item(row: int, at: int) -> ExemplarView:
        number = int(tried.text.numbers[row])
        window = windows[number]
        [activations] = finite_or_none(tried.actual[row : row + 1])
        return ExemplarView(
            window=number, document=window.document, document_title=window.title,
            domain=window.domain, origin=window.origin, split=window.split, start=window.start,
            tokens=texts(trial.vocabulary, window.token_ids), token_ids=window.token_ids,
            activations=activations, peak=activations[at] or 0.0, peak_position=at,
            interval=None, attention=None,
        )  # fmt: skip

    return item


_kept: OrderedDict[object, ShownWindows] = OrderedDict()
_lock = Lock()
