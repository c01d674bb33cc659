"""Draws the lists of windows by which an explanation is judged, and shows none of them twice."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from analysis.score.tails import Firing, Tail
from app.store.locating import Place
from app.store.queries.exemplar import list_exemplars, read_windows
from app.store.queries.trial import Trial, TriedSplit
from app.store.reading import finite_or_none, texts
from app.store.views.campaign import HalfView, SampleView
from app.store.views.unit import ExemplarView
from app.trials.occurring import find_words
from app.trials.words import Named

TEST: Final = "test"
N_TOP, N_RANDOM, N_OCCURS, N_FIRES, N_NEAREST = 6, 6, 8, 6, 4
N_OF_OTHER: Final = 4
"""Of each list of the tail that the unit does not fire on."""
N_WORDS: Final = 40
REACH: Final = 4
"""Tokens after a word within which firing is firing at it."""
NOWHERE: Final = SampleView(n=0, items=[], above=[])


@dataclass(frozen=True)
class Half:
    """What is to be shown of one tail."""

    tail: Tail
    is_firing: bool
    is_claimed: bool
    firing: Firing | None
    """None: there is no pool."""
    named: Named


class Drawing:
    """Of one unit."""

    def __init__(self, session: Session, place: Place, index: int, trial: Trial | None) -> None:
        self._session, self._place, self._index, self._trial = session, place, index, trial
        self._shown: dict[int, float] = {}
        if trial is not None:
            self._tried = trial.splits[TEST]
            self._counted = within(self._tried, trial.counted_from)
            self._counted &= np.isfinite(self._tried.actual)
            rows = np.flatnonzero(self._counted.any(1))
            seed = (trial.place.site_id, index)
            self._order: list[int] = np.random.default_rng(seed).permutation(rows).tolist()

    @property
    def n_windows(self) -> int:
        return 0 if self._trial is None else len(self._order)

    @property
    def scale(self) -> float:
        """The largest magnitude of what is shown so far."""
        return max((abs(peak) for peak in self._shown.values()), default=1.0) or 1.0

    def half(self, half: Half) -> HalfView:
        """Its lists, in the order in which they are read."""
        top = self._top(half.tail, N_TOP if half.is_firing else N_OF_OTHER)
        said = {
            "tail": half.tail, "is_firing": half.is_firing, "is_claimed": half.is_claimed,
            "threshold": None if half.firing is None else half.firing.threshold,
            "words": sorted({*half.named.words, *half.named.tokens})[:N_WORDS], "top": top,
        }  # fmt: skip
        if self._trial is None or half.firing is None:
            return HalfView(
                **said, n_met=0, n_silent=0, occurs=NOWHERE, fires=NOWHERE, near_misses=[],
                nearest=[],
            )  # fmt: skip
        marks = self._marks(half.tail)
        fires = self._counted & half.firing.of(self._tried.actual.astype(np.float32))
        hits = self._counted & find_words(
            self._tried.text.tokens, self._tried.text.lengths, self._trial.vocabulary, half.named
        )
        occurs, fired = np.asarray(hits.any(1)), np.asarray(fires.any(1))
        silent = ~fired
        # of several words, the one at or after which the activation is farthest out
        at_word = np.where(hits, _farthest_after(marks), -np.inf).argmax(1)
        few = half.is_firing
        drawn = self._sample(occurs, at_word, N_OCCURS if few else N_OF_OTHER)
        numbers = self._tried.text.numbers
        missing = {int(numbers[row]) for row in np.flatnonzero(occurs & silent)}
        firing = self._sample(fired, marks.argmax(1), N_FIRES if few else N_OF_OTHER)
        return HalfView(
            **said, occurs=drawn, fires=firing,
            n_met=int((hits & _any_after(fires)).any(1).sum()),
            n_silent=len(missing),
            near_misses=[item.window for item in drawn.items if item.window in missing],
            nearest=self._nearest(marks, silent, N_NEAREST if few else N_OF_OTHER),
        )  # fmt: skip

    def random(self, tail: Tail) -> SampleView:
        """Of all windows, each at its farthest activation."""
        if self._trial is None:
            return NOWHERE
        anywhere = np.ones(len(self._counted), np.bool_)
        return self._sample(anywhere, self._marks(tail).argmax(1), N_RANDOM)

    def _top(self, tail: Tail, most: int) -> list[ExemplarView]:
        if TEST not in self._place.splits:
            return []
        kind = "bottom" if tail == "lower" else "top"
        found = list_exemplars(
            self._session, model=self._place.model, site=self._place.site, index=self._index,
            limits={kind: most}, split=TEST, run_id=self._place.run_id,
        )[kind].items  # fmt: skip
        items = [item for item in found if item.window not in self._shown]
        self._shown |= {item.window: item.peak for item in items}
        return items

    def _marks(self, tail: Tail) -> NDArray[np.float32]:
        """Activations of positions that count, turned over for the lower tail."""
        upwards = self._tried.actual.astype(np.float32) * (-1 if tail == "lower" else 1)
        return np.where(self._counted, upwards, np.float32(-np.inf))

    def _sample(self, among: NDArray[np.bool_], at: NDArray[np.int64], most: int) -> SampleView:
        rows = [row for row in self._order if among[row]]
        drawn = rows[:most]
        numbers = {row: int(self._tried.text.numbers[row]) for row in drawn}
        new = [row for row in drawn if numbers[row] not in self._shown]
        above = [numbers[row] for row in drawn if numbers[row] in self._shown]
        return SampleView(n=len(rows), items=self._items(new, at), above=above)

    def _nearest(
        self, marks: NDArray[np.float32], silent: NDArray[np.bool_], most: int
    ) -> list[ExemplarView]:
        peaks = marks.max(1)
        rows = [
            row
            for row in np.argsort(-peaks, kind="stable").tolist()
            if silent[row]
            and np.isfinite(peaks[row])
            and int(self._tried.text.numbers[row]) not in self._shown
        ]
        return self._items(rows[:most], marks.argmax(1))

    def _items(self, rows: Sequence[int], at: NDArray[np.int64]) -> list[ExemplarView]:
        """Each drawn around a position."""
        assert self._trial is not None  # noqa: S101 - there is something to draw from
        numbers = [int(self._tried.text.numbers[row]) for row in rows]
        windows = read_windows(self._session, self._trial.place, numbers) if numbers else {}
        found = []
        for row, number in zip(rows, numbers, strict=True):
            window, position = windows[number], int(at[row])
            [activations] = finite_or_none(self._tried.actual[row : row + 1])
            found.append(
                ExemplarView(
                    window=number, document=window.document, document_title=window.title,
                    domain=window.domain, origin=window.origin, split=window.split,
                    start=window.start, tokens=texts(self._trial.vocabulary, window.token_ids),
                    token_ids=window.token_ids, activations=activations,
                    peak=activations[position] or 0.0, peak_position=position,
                    interval=None, attention=None,
                )
            )  # fmt: skip
        self._shown |= {item.window: item.peak for item in found}
        return found


def within(tried: TriedSplit, counted_from: int) -> NDArray[np.bool_]:
    """Positions that count."""
    positions = np.arange(tried.actual.shape[1])
    return (positions >= counted_from) & (positions < tried.text.lengths[:, None])


def _farthest_after(marks: NDArray[np.float32]) -> NDArray[np.float32]:
    """At each position, the farthest from it on, up to `REACH` tokens after it."""
    found = marks.copy()
    for back in range(1, min(REACH, marks.shape[1] - 1) + 1):
        np.maximum(found[:, :-back], marks[:, back:], out=found[:, :-back])
    return found


def _any_after(fires: NDArray[np.bool_]) -> NDArray[np.bool_]:
    found = fires.copy()
    for back in range(1, min(REACH, fires.shape[1] - 1) + 1):
        found[:, :-back] |= fires[:, back:]
    return found
