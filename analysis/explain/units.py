"""Explains a block of units of one site by lookup and rules, and scores what was found.

Everything is fitted on fit and chosen on calibration; test and held-out domains are only predicted.
Units of a block are compared with each other's explanations, so a block must be units of one site
in random order, and more than one where shuffling is wanted.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from jaxtyping import Float32
from numpy import ndarray
from threadpoolctl import threadpool_limits

from analysis.explain.block_scores import BlockScores
from analysis.explain.rules.fitting import fit_rules
from analysis.explain.rules.smoothing import predict_smoothed, smooth
from analysis.explain.rules.strengthening import LISTED_SHARE, Shown, strengthen
from analysis.explain.texts import SplitText, Texts, UnitTops
from analysis.programs.length import n_listed
from analysis.programs.program import Program
from analysis.programs.reading import Reading
from analysis.score.correlation import pearson
from analysis.score.division import CALIBRATION, FIT
from analysis.score.lookup import (
    as_told,
    cut_lookup,
    fit_lookup,
    lookup_program,
)
from analysis.score.records import Scores, or_none

LISTED_BY_LOOKUP = 12
"""Tokens that the lookup shown lists; baselines of scores are the whole table, and the table cut to
as many tokens as the rules list."""
NOTHING_FOUND = "No rule fits the calibration text better than chance."
CONSTANT = "The activation does not vary on the fit text."
NOT_FINITE = "No activation on the fit text is finite."


@dataclass(frozen=True, eq=False)
class Explained:
    """What was found of one unit; a program or the reason why there is none."""

    rules: Program | None
    reason: str | None
    lookup: Program
    rule_scores: Mapping[str, Scores]
    """By split."""
    lookup_scores: Mapping[str, Scores]
    additive_r: Mapping[str, float | None]
    """r of the additive prediction (`smoothing`): a reference, what tokens at five places say."""


def explain_units(
    texts: Texts,
    activations: Mapping[str, Float32[ndarray, "unit window pos"]],
    tops: Mapping[str, Sequence[UnitTops | None]],
    *,
    exemplars: Sequence[UnitTops | None] = (),
    most_rules: int = 12,
    most_listed: int = 120,
) -> list[Explained]:
    """`activations` of every split of the texts; `tops` of those tested splits that have any;
    `exemplars` of fit, whichever are kept, but none of the pool's windows."""
    # A unit's matrices are small: threads of the BLAS would wait for each other more than compute.
    with threadpool_limits(limits=1, user_api="blas"):
        return _explain(
            texts,
            activations,
            tops,
            exemplars or [None] * len(activations[FIT]),
            most_rules=most_rules,
            most_listed=most_listed,
        )


def _explain(
    texts: Texts,
    activations: Mapping[str, Float32[ndarray, "unit window pos"]],
    tops: Mapping[str, Sequence[UnitTops | None]],
    exemplars: Sequence[UnitTops | None],
    *,
    most_rules: int,
    most_listed: int,
) -> list[Explained]:
    by_split = texts.divided(activations)
    on_fit = _finite(by_split[FIT][:, texts.fit.counted])
    varies = on_fit.max(1) > on_fit.min(1)
    found, smoothed_fit = smooth(texts.smoother, on_fit, n_vocab=len(texts.vocabulary))
    calibration = by_split[CALIBRATION][:, texts.calibration.counted]
    reasons: list[str | None] = []
    programs: list[Program | None] = []
    for unit, kept in enumerate(exemplars):
        program = None
        if varies[unit]:
            from_pool = partial(
                fit_rules,
                on_fit[unit],
                smoothed_fit[unit],
                calibration[unit],
                fit=texts.rules_fit,
                on=texts.rules_calibration,
                most_rules=most_rules,
            )
            program = _with_exemplars(
                from_pool,
                {split: by_split[split][unit] for split in (FIT, CALIBRATION)},
                kept,
                texts,
                most_rules=most_rules,
                most_listed=most_listed,
            )
        is_something = program is not None and bool(program.rules)
        programs.append(program if is_something else None)
        reasons.append(
            None if is_something else _why(by_split[FIT][unit], texts, bool(varies[unit]))
        )
    whole = fit_lookup(
        by_split[FIT],
        texts.fit.windows.tokens,
        texts.fit.pool,
        same_text=texts.vocabulary.first_of_text,
    )
    short = cut_lookup(whole, n=LISTED_BY_LOOKUP)
    lengths = [1 if program is None else max(1, n_listed(program)) for program in programs]
    cut = cut_lookup(whole, n=lengths)
    scoring = BlockScores(
        texts, by_split, tops, programs, {"whole": whole, "short": as_told(short), "cut": cut}
    )
    additive = {
        split: _r_of_each(
            by_split[split][:, text.counted],
            predict_smoothed(found, texts.smoother, text.basis),
        )
        for split, text in texts.tested.items()
    }
    return [
        Explained(
            rules=programs[unit],
            reason=reasons[unit],
            lookup=lookup_program(short, unit, texts.vocabulary.texts),
            rule_scores=scoring.of_rules(unit),
            lookup_scores=scoring.of_lookup(unit),
            additive_r={split: values[unit] for split, values in additive.items()},
        )
        for unit in range(len(on_fit))
    ]


def _with_exemplars(
    from_pool: Callable[..., Program],
    activations: Mapping[str, Float32[ndarray, "window pos"]],
    kept: UnitTops | None,
    texts: Texts,
    *,
    most_rules: int,
    most_listed: int,
) -> Program:
    """The rules of the pool, and what exemplars add where any are kept and say more."""
    if kept is not None:
        with_room = from_pool(most_listed=int(LISTED_SHARE * most_listed))
        stronger = strengthen(
            with_room,
            _on(texts.fit, activations[FIT]),
            _shown(kept, texts),
            _on(texts.calibration, activations[CALIBRATION]),
            most_rules=most_rules,
            most_listed=most_listed,
        )
        if stronger is not with_room:
            return stronger
    return from_pool(most_listed=most_listed)


def _on(text: SplitText, actual: Float32[ndarray, "window pos"]) -> Shown:
    return Shown(text.reading, text.counted, actual)


def _shown(kept: UnitTops, texts: Texts) -> Shown:
    reading = Reading(kept.tokens, kept.about.lengths, texts.vocabulary)
    counted = reading.there & (np.arange(reading.shape[1]) >= texts.fit.pool.counted_from)
    return Shown(reading, counted, kept.about.actual)


def _finite(actual: Float32[ndarray, "unit position"]) -> Float32[ndarray, "unit position"]:
    """Of what counts, what is not finite takes the unit's mean: it teaches nothing."""
    finite = np.isfinite(actual)
    if finite.all():
        return actual
    n = np.maximum(finite.sum(1, keepdims=True), 1)
    means = np.where(finite, actual, 0).sum(1, keepdims=True, dtype=np.float64) / n
    return np.where(finite, actual, means).astype(np.float32)


def _why(fit: Float32[ndarray, "window pos"], texts: Texts, varies: bool) -> str:
    if not np.isfinite(fit[texts.fit.counted]).any():
        return NOT_FINITE
    return NOTHING_FOUND if varies else CONSTANT


def _r_of_each(actual: ndarray, predicted: ndarray) -> list[float | None]:
    return [or_none(pearson(*pair)) for pair in zip(actual, predicted, strict=True)]
