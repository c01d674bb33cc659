"""A program scored on the test split and the held-out domains, beside the baselines.

As the worker scores: the firing threshold, the mean and the token lookup come from the fit pool,
thresholds of yes and no from calibration; the shuffled baseline is the program of another unit.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analysis.programs.errors import ProgramError
from analysis.programs.parsing import parse_program
from analysis.programs.program import Program
from analysis.programs.running import run_program
from analysis.programs.vocabulary import Vocabulary
from analysis.score.baselines import Baselines
from analysis.score.lookup import Lookup, fit_lookup, predict_lookup
from analysis.score.pools import Pool, PoolText, prepare_pool
from analysis.score.records import Scores
from analysis.score.scoring import fit_decisions, score_explanation
from analysis.score.units import Prediction, firing_thresholds
from app.store.queries.evaluation import Evaluation, UnitPool
from app.store.writing_explanations import ScoreRow
from app.trials.reading import UnreadableProgramError, vocabulary_of

KEPT: Final = 12


@dataclass(frozen=True)
class Fitted:
    """What may be known before the test: all of it from the fit pool."""

    firing: float | None
    mean: float | None
    lookup: Lookup | None


def score_program(program: Program, evaluation: Evaluation) -> list[tuple[str, Scores]]:
    """By split, test first. Raises UnreadableProgramError where the program cannot be run."""
    vocabulary = vocabulary_of(evaluation)
    fitted = fit(evaluation)
    other = _other(evaluation)
    return [
        (split, _score(program, evaluation, split, vocabulary, fitted, other))
        for split in sorted(evaluation.pools, key=lambda split: (split != "test", split))
        if split == "test" or split.startswith("ood:")
    ]


def fit(evaluation: Evaluation) -> Fitted:
    unit = evaluation.pools.get("fit")
    if unit is None:
        return Fitted(None, None, None)
    pool = prepared(evaluation, "fit", replicates=0)
    actual = unit.actual[None]
    lookup = fit_lookup(actual, unit.windows.tokens, pool)
    firing = float(firing_thresholds(actual, pool)[0])
    mean = float(lookup.base[0])
    if not np.isfinite(mean):
        return Fitted(None, None, None)
    return Fitted(firing, mean, lookup)


def predict(
    program: Program, unit: UnitPool, vocabulary: Vocabulary
) -> NDArray[np.float32]:
    """[window, pos]; NaN behind a window's end."""
    try:
        return run_program(program, unit.windows.tokens, unit.windows.lengths, vocabulary)
    except ProgramError as error:
        raise UnreadableProgramError(error) from error


def prepared(evaluation: Evaluation, split: str, replicates: int = 1000) -> Pool:
    """Resamples and orders of the pool, the same for all units of the run: kept."""
    windows = evaluation.pools[split].windows
    shape = evaluation.pools[split].actual.shape
    key = (id(windows), evaluation.seed, evaluation.counted_from, replicates)
    with _lock:
        if key in _pools:
            _pools.move_to_end(key)
            return _pools[key][0]
    text = PoolText(
        lengths=windows.lengths,
        documents=windows.groups,
        numbers=windows.numbers,
        counted_from=evaluation.counted_from,
    )
    made = prepare_pool(text, n_pos=shape[1], seed=evaluation.seed % 2**32, replicates=replicates)
    with _lock:
        _pools[key] = made, windows
        while len(_pools) > KEPT:
            _pools.popitem(last=False)
    return made


def score_rows(scored: Sequence[tuple[str, Scores]]) -> list[ScoreRow]:
    """As the store keeps them."""
    return [
        ScoreRow(
            split, "program", scores.status, scores.reason, scores.n_windows, scores.n_documents,
            scores.n_positions, 0, scores.r, scores.p,
            np.ascontiguousarray(scores.values(), np.dtype("<f4")).tobytes(),
        )
        for split, scores in scored
    ]  # fmt: skip


def _score(
    program: Program,
    evaluation: Evaluation,
    split: str,
    vocabulary: Vocabulary,
    fitted: Fitted,
    other: Program | None,
) -> Scores:
    unit = evaluation.pools[split]
    lookup, shuffled = None, None
    if fitted.lookup is not None:
        table = fitted.lookup
        lookup = _decided(
            evaluation, fitted, lambda pool: predict_lookup(table, pool.windows.tokens)[0], split
        )
    if other is not None:
        shuffled = _decided(evaluation, fitted, lambda pool: predict(other, pool, vocabulary), split)
    return score_explanation(
        unit.actual,
        _decided(evaluation, fitted, lambda pool: predict(program, pool, vocabulary), split),
        baselines=Baselines(fitted.mean, lookup, shuffled),
        pool=prepared(evaluation, split),
        firing=fitted.firing,
    )


def _decided(evaluation: Evaluation, fitted: Fitted, say: Any, split: str) -> Prediction:  # noqa: ANN401
    """The prediction, with thresholds of yes and no from the calibration pool."""
    values = say(evaluation.pools[split])
    calibration = evaluation.pools.get("calibration")
    if calibration is None:
        return Prediction(values)
    decisions = fit_decisions(
        calibration.actual,
        say(calibration),
        pool=prepared(evaluation, "calibration", replicates=0),
        firing=fitted.firing,
    )
    return Prediction(values, decisions)


def _other(evaluation: Evaluation) -> Program | None:
    if evaluation.other_program is None:
        return None
    try:
        return parse_program(evaluation.other_program)
    except ProgramError:
        return None


_pools: OrderedDict[tuple[int, int, int, int], tuple[Pool, object]] = OrderedDict()
_lock = Lock()
