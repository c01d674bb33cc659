"""A program's predictions beside a unit's activations on the windows of one split, worst first."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from analysis.programs.check import Check
from analysis.programs.program import Program
from analysis.programs.reading import Reading
from analysis.programs.running import predict
from analysis.score.misses import TokenErrors, where_it_fails, worst_windows
from analysis.score.pools import Pool
from analysis.score.rulewise import RuleTest, examine_rules
from app.errors import NotFoundError
from app.store.queries.exemplar import WindowText, read_windows
from app.store.queries.trial import Trial, TriedSplit
from app.store.reading import texts
from app.store.views.program import RuleTestView
from app.store.views.simulation import FailingToken, SimulatedWindow, SimulationView
from app.trials.reading import runnable
from app.trials.scoring import prepare
from app.trials.vocabularies import prepared_vocabulary

N_WORST: Final = 6
N_RANDOM: Final = 6
N_TOKENS: Final = 8


def simulate(
    session: Session, program: Program, trial: Trial, *, split: str, check: Check
) -> SimulationView:
    """Raises NotFoundError where the run kept no pool of the split, and what `check` raises."""
    tried = trial.splits.get(split)
    if tried is None:
        raise NotFoundError(
            f"Run {trial.place.run_id} kept no pool of {trial.place.site} on split {split}.",
            hint="Sweep again with a `pool` above 0 for this split.",
        )
    text = tried.text
    pool = prepare(text, trial)
    predicted, tests = run(program, trial, tried, pool, check)
    words = [
        texts(trial.vocabulary, row[:length].tolist())
        for row, length in zip(text.tokens, text.lengths.tolist(), strict=True)
    ]
    order = worst_windows(tried.actual, predicted, pool)
    shares = dict(zip(order.windows.tolist(), order.shares.tolist(), strict=True))
    worst = [row for row, share in shares.items() if share > 0][:N_WORST]
    drawn = np.random.default_rng(trial.place.site_id).permutation(sorted(shares))
    others = drawn[:N_RANDOM].tolist()  # of all windows, so that some may be among the worst
    shown = dict.fromkeys((*worst, *others))
    numbers = [int(text.numbers[row]) for row in shown]
    found = read_windows(session, trial.place, numbers)
    windows = {
        row: _window(tried, words[row], predicted[row], row, shares[row], found) for row in shown
    }
    failings = where_it_fails(tried.actual, predicted, words, pool, n=N_TOKENS)
    return SimulationView(
        split=split,
        n_windows=len(shares),
        n_positions=failings.n_positions,
        counted_from=trial.counted_from,
        scale=_largest(tried.actual, predicted, pool.within),
        beyond=failings.beyond,
        worst=[windows[row] for row in worst],
        random=[windows[row] for row in others],
        too_high=_tokens(failings.too_high),
        too_low=_tokens(failings.too_low),
        n_too_high=failings.n_too_high,
        n_too_low=failings.n_too_low,
        rules=[_rule(test) for test in tests],
    )


def run(
    program: Program, trial: Trial, tried: TriedSplit, pool: Pool, check: Check
) -> tuple[NDArray[np.float32], list[RuleTest]]:
    """What it predicts [window, pos], NaN behind a window's end, and how each rule fares. Raises
    UnreadableProgramError where it cannot be run: `near` without a token space."""
    vocabulary = prepared_vocabulary(trial.vocabulary, trial.space)
    text = tried.text
    with runnable():
        reading = Reading(text.tokens, text.lengths, vocabulary, check)
        return predict(program, reading), examine_rules(program, reading, tried.actual, pool)


def _rule(test: RuleTest) -> RuleTestView:
    return RuleTestView(
        n_held=test.n_held,
        n_documents=test.n_documents,
        claimed=test.claimed,
        found=test.found,
        low=test.low,
        high=test.high,
        verdict=test.verdict,
    )


def _window(
    tried: TriedSplit,
    words: list[str],
    predicted: NDArray[np.float32],
    row: int,
    share: float,
    found: Mapping[int, WindowText],
) -> SimulatedWindow:
    length = len(words)
    number = int(tried.text.numbers[row])
    actual = tried.actual[row, :length].astype(np.float64)
    return SimulatedWindow(
        window=number,
        document=found[number].document,
        document_title=found[number].title,
        start=found[number].start,
        share=share,
        tokens=words,
        token_ids=tried.text.tokens[row, :length].tolist(),
        actual=[value if np.isfinite(value) else None for value in actual.tolist()],
        predicted=predicted[:length].tolist(),
    )


def _largest(
    actual: NDArray[np.float16], predicted: NDArray[np.float32], within: NDArray[np.bool_]
) -> float:
    counted = within & np.isfinite(actual)
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
