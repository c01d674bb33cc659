"""A program's predictions beside a unit's activations on text that it never saw, worst first."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.programs.program import Program
from analysis.score.misses import TokenErrors, where_it_fails, worst_windows
from app.errors import NotFoundError
from app.store.queries.evaluation import Evaluation, UnitPool
from app.store.reading import texts
from app.store.views.simulation import FailingToken, SimulatedWindow, SimulationView
from app.trials.reading import vocabulary_of
from app.trials.scoring import predict, prepared

N_WORST: Final = 5
N_RANDOM: Final = 5
N_TOKENS: Final = 8


def simulate(
    program: Program,
    evaluation: Evaluation,
    *,
    split: str = "test",
    n_worst: int = N_WORST,
    n_random: int = N_RANDOM,
) -> SimulationView:
    """Raises NotFoundError where the run kept no pool of the split."""
    unit = evaluation.pools.get(split)
    if unit is None:
        raise NotFoundError(
            f"Run {evaluation.run_id} kept no pool of {evaluation.site} on split {split}.",
            hint="Sweep again with a `pool` above 0 for this split.",
        )
    pool = prepared(evaluation, split)
    predicted = predict(program, unit, vocabulary_of(evaluation))
    worst = worst_windows(unit.actual, predicted, pool)
    words = [
        texts(evaluation.vocabulary, row[:length].tolist())
        for row, length in zip(unit.windows.tokens, unit.windows.lengths.tolist(), strict=True)
    ]
    failings = where_it_fails(unit.actual, predicted, words, pool, n=N_TOKENS)
    shares = dict(zip(worst.windows.tolist(), worst.shares.tolist(), strict=True))
    first = [row for row in worst.windows.tolist() if shares[row] > 0][:n_worst]
    others = [row for row in sorted(shares) if row not in first][:n_random]
    counted = pool.within & np.isfinite(unit.actual)
    return SimulationView(
        model=evaluation.model,
        site=evaluation.site,
        index=evaluation.index,
        run_id=evaluation.run_id,
        split=split,
        n_windows=len(unit.actual),
        n_positions=failings.n_positions,
        counted_from=evaluation.counted_from,
        scale=_largest(unit.actual, predicted, counted),
        beyond=failings.beyond,
        worst=[_window(unit, words, predicted, row, shares[row]) for row in first],
        random=[_window(unit, words, predicted, row, shares[row]) for row in others],
        false_alarms=_tokens(failings.false_alarms),
        misses=_tokens(failings.misses),
        n_false_alarms=failings.n_false_alarms,
        n_misses=failings.n_misses,
    )


def _window(
    unit: UnitPool,
    words: Sequence[list[str]],
    predicted: NDArray[np.float32],
    row: int,
    share: float,
) -> SimulatedWindow:
    windows = unit.windows
    length = int(windows.lengths[row])
    actual = unit.actual[row, :length].astype(np.float64)
    return SimulatedWindow(
        window=int(windows.numbers[row]),
        document=int(windows.documents[row]),
        document_title=windows.titles[row],
        start=windows.starts[row],
        share=share,
        tokens=words[row],
        token_ids=windows.tokens[row, :length].tolist(),
        actual=[value if np.isfinite(value) else None for value in actual.tolist()],
        predicted=predicted[row, :length].tolist(),
    )


def _largest(
    actual: NDArray[np.float16], predicted: NDArray[np.float32], counted: NDArray[np.bool_]
) -> float:
    if not counted.any():
        return 0.0
    here = np.abs(actual[counted].astype(np.float64)).max()
    return float(max(here, np.abs(predicted[counted]).max()))


def _tokens(errors: Sequence[TokenErrors]) -> list[FailingToken]:
    return [
        FailingToken(
            token=one.token,
            count=one.count,
            of=one.of,
            share=one.share,
            actual=one.actual,
            predicted=one.predicted,
        )
        for one in errors
    ]
