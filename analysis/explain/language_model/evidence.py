"""Which windows of a unit a language model is shown: to explain from, to choose by, to judge.

Only the tail that programs are judged by is explained (`score.tails`), counted tokens alone: from
`counted_from` on, so no BOS token, whose activation is of another size. For the lower tail the
activations are turned over, and everything that follows is the same.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from jaxtyping import Float32, Int64
from numpy import ndarray

from analysis.explain.language_model.records import Excerpt
from analysis.explain.texts import SplitText, Texts, UnitTops
from analysis.score.detection import choose_windows
from analysis.score.division import CALIBRATION, FIT
from analysis.score.pools import Pool, PoolText, prepare_pool
from analysis.score.prevalence import Parts
from analysis.score.tails import Firing, find_firing
from analysis.score.units import Target, TopWindows, take_target

STRONGEST, AT_RANDOM = 6, 2
"""Windows shown to the explainer."""


@dataclass(frozen=True, eq=False)
class Shown:
    """Some windows of a split's pool: what a judge is asked about, and the pool that they make."""

    rows: Int64[ndarray, " window"]
    """In the split's pool."""
    excerpts: tuple[Excerpt, ...]
    """With activations turned over for the negative tail."""
    pool: Pool
    actual: Float32[ndarray, "window pos"]
    """As they are."""
    parts: Parts | None = None
    """From where in the split's pool each is, where they were chosen by it."""


class UnitEvidence:
    """One unit on all splits."""

    def __init__(
        self,
        texts: Texts,
        activations: Mapping[str, Float32[ndarray, "window pos"]],
        tops: Mapping[str, UnitTops | None],
        *,
        seed: Sequence[int],
    ) -> None:
        """`activations` as `Texts.divided` gives them; `tops` of fit and tested splits; `seed`
        ends with the unit, and what is before is the same for all units of the site."""
        self.texts, self.activations, self.tops = texts, activations, tops
        self._seed = tuple(seed)

    @cached_property
    def negated(self) -> bool:
        """Whether it is the lower tail."""
        return self.firing is not None and self.firing.tail == "lower"

    @property
    def varies(self) -> bool:
        counted = self._on_fit
        return bool(len(counted)) and float(counted.min()) < float(counted.max())

    @cached_property
    def firing(self) -> Firing | None:
        """By the fit pool; None where nothing of it is finite."""
        return find_firing(self.activations[FIT][None], self.texts.fit.counted)[0]

    @property
    def threshold(self) -> float:
        """Excerpts fire above it, the explained tail upwards."""
        if self.firing is None:
            return float("nan")
        return -self.firing.threshold if self.negated else self.firing.threshold

    def turned(self, split: str) -> Float32[ndarray, "window pos"]:
        """Activations, the explained tail upwards."""
        return -self.activations[split] if self.negated else self.activations[split]

    def text(self, split: str) -> SplitText:
        there = {FIT: self.texts.fit, CALIBRATION: self.texts.calibration}
        return there[split] if split in there else self.texts.tested[split]

    def to_explain_from(self) -> list[Excerpt]:
        """The strongest windows of fit, of different documents as far as there are, and random
        ones."""
        strong = self._strong()
        texts = {one.tokens for one in strong}
        pool = self._rows_shown(FIT, self._random_rows(FIT))
        random = [self._excerpt(FIT, row) for row in pool]
        others = [one for one in random if one.tokens not in texts]
        return [*strong, *others[:AT_RANDOM]]

    def to_choose_by(self, n: int, seen: Iterable[Excerpt]) -> list[Excerpt]:
        """Windows of calibration, some that fire and some that nearly do, of documents that the
        explainer has not seen."""
        known = {excerpt.document for excerpt in seen}
        documents = self.text(CALIBRATION).windows.documents
        cases, _ = self._cases(CALIBRATION, n)
        rows = [row for row in cases if int(documents[row]) not in known]
        return [self._excerpt(CALIBRATION, row) for row in rows]

    def at_random(self, split: str, n: int) -> Shown:
        """n windows of the split's pool, whatever the unit does there; the same for all units of a
        site, so that a sentence simulated for one of them is simulated for all."""
        return self.shown(split, self._rows_shown(split, self._rows_of_site(split))[:n])

    def cases(self, split: str, n: int) -> Shown:
        """n windows: half fire, a quarter nearly do."""
        rows, parts = self._cases(split, n)
        return replace(self.shown(split, rows), parts=parts)

    def shown(self, split: str, rows: Sequence[int]) -> Shown:
        windows = self.text(split).windows
        chosen = np.array(rows, np.int64)
        about = PoolText(
            windows.lengths[chosen],
            windows.documents[chosen],
            windows.numbers[chosen],
            self.text(split).pool.counted_from,
        )
        return Shown(
            rows=chosen,
            excerpts=tuple(self._excerpt(split, row) for row in rows),
            pool=prepare_pool(about, n_pos=windows.tokens.shape[1], seed=self._seed[0]),
            actual=self.activations[split][chosen],
        )

    def target(self, split: str, shown: Shown) -> Target:
        """The windows as a judge of windows sees them."""
        return take_target(self.activations[split][shown.rows], shown.pool, firing=self.firing)

    def top_excerpts(self, split: str, n: int) -> tuple[TopWindows | None, list[Excerpt]]:
        """The unit's strongest windows of a split, where they are of the tail that is explained."""
        top = self.tops.get(split)
        if top is None or self.negated:
            return None, []
        about = top.about
        part = TopWindows(about.actual[:n], about.lengths[:n], about.documents[:n])
        found = [self._of_top(top, row) for row in range(len(part.lengths))]
        if any(one is None for one in found):
            return None, []
        return part, [one for one in found if one is not None]

    @cached_property
    def _on_fit(self) -> Float32[ndarray, " token"]:
        there = self.activations[FIT][self.texts.fit.counted]
        return np.asarray(there[np.isfinite(there)])

    def _strong(self) -> list[Excerpt]:
        top = None if self.negated else self.tops.get(FIT)
        if top is not None:
            rows = range(len(top.about.lengths))
            found = [one for row in rows if (one := self._of_top(top, row)) is not None]
        else:
            found = [self._excerpt(FIT, row) for row in self._rows_shown(FIT, None)]
        found.sort(key=lambda one: -float(one.activations.max()))
        first: dict[int, Excerpt] = {}
        for one in found:
            first.setdefault(one.document, one)
        firsts = list(first.values())
        others = [one for one in found if not any(one is another for another in firsts)]
        return (firsts + others)[:STRONGEST]

    def _cases(self, split: str, n: int) -> tuple[list[int], Parts]:
        pool = self.text(split).pool
        target = take_target(self.activations[split], pool, firing=self.firing)
        chosen = choose_windows(target, n=n, generator=self._generator(split, 1))
        rows = self._rows_shown(split, chosen.windows.tolist())
        kept = np.isin(chosen.windows, rows)
        return rows, replace(chosen.parts, kinds=chosen.parts.kinds[kept])

    def _random_rows(self, split: str) -> list[int]:
        n = len(self.text(split).windows.lengths)
        return [int(row) for row in self._generator(split, 0).permutation(n)]

    def _rows_of_site(self, split: str) -> list[int]:
        n = len(self.text(split).windows.lengths)
        generator = np.random.default_rng((*self._seed[:-1], 2, *split.encode()))
        return [int(row) for row in generator.permutation(n)]

    def _rows_shown(self, split: str, rows: Sequence[int] | None) -> list[int]:
        """Of these, or of all, those that can be shown: with counted tokens, and no activation that
        is no number."""
        counted = self.text(split).counted
        finite = (np.isfinite(self.activations[split]) | ~counted).all(1) & counted.any(1)
        return [row for row in (range(len(finite)) if rows is None else rows) if finite[row]]

    def _excerpt(self, split: str, row: int) -> Excerpt:
        windows = self.text(split).windows
        start, end = self.text(split).pool.counted_from, int(windows.lengths[row])
        return self._made(
            windows.tokens[row, start:end],
            self.turned(split)[row, start:end],
            int(windows.documents[row]),
        )

    def _of_top(self, top: UnitTops, row: int) -> Excerpt | None:
        start, end = self.texts.fit.pool.counted_from, int(top.about.lengths[row])
        actual = top.about.actual[row, start:end]
        if end <= start or not np.isfinite(actual).all():
            return None
        return self._made(top.tokens[row, start:end], actual, int(top.about.documents[row]))

    def _made(self, tokens: ndarray, activations: ndarray, document: int) -> Excerpt:
        texts = self.texts.vocabulary.texts
        return Excerpt(
            tuple(texts[token] for token in tokens.tolist()),
            activations.astype(np.float32),
            document,
        )

    def _generator(self, split: str, use: int) -> np.random.Generator:
        """Of its own for every split and use, so that none depends on what was drawn before."""
        return np.random.default_rng((*self._seed, use, *split.encode()))
