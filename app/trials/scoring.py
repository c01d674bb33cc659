"""Scores a program on the pools of a unit, as an explain run would, while somebody waits.

What is fitted (the token lookup beside it, when it fires, what counts as a yes) comes from the fit
and calibration pools. A program that is being written is scored on calibration, as often as its
writer likes; one that is saved, on test and on every held-out domain. Were tries scored on test,
the best of them would be fitted to it.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.programs.check import Check, go_on
from analysis.programs.errors import ProgramError
from analysis.programs.length import n_listed
from analysis.programs.parsing import parse_program
from analysis.programs.program import Program
from analysis.programs.running import run_program
from analysis.programs.vocabulary import Vocabulary
from analysis.score.baselines import Baselines, fit_line
from analysis.score.calibration import Linear
from analysis.score.division import CALIBRATION, FIT, SEEN
from analysis.score.lookup import Lookup, cut_lookup, fit_lookup, predict_lookup
from analysis.score.pools import Pool, PoolText, prepare_pool
from analysis.score.scoring import decide, score_explanation
from analysis.score.tails import Firing, find_firing
from analysis.score.units import Decisions, Prediction, TopWindows, take_target
from app.store.queries.trial import Text, Trial, TriedSplit
from app.store.scored import scored_row
from app.store.writing_explanations import ScoreRow
from app.trials.vocabularies import prepared_vocabulary

JUDGE: Final = "program"
TRIED: Final = ("corpus_r", "r2_uncentred", "r2_centred", "deviation")
"""What is said of a try: how it predicts random windows. Detection and fuzzing go by thresholds
that are chosen on this very split."""

ONE_TOKEN: Final = (np.zeros((1, 1), np.int64), np.ones(1, np.int64))
"""Tokens and lengths of a text on which a program shows whether it can be run."""

Predict = Callable[[Text], NDArray[np.float32]]


@dataclass(frozen=True)
class _Fitted:
    """What is known of the unit before the program is tried."""

    mean: float | None
    firing: Firing | None
    predictors: Mapping[str, Predict]
    """`program`, and the baselines `lookup`, `lookup_cut` and `shuffled`."""


def score_held_out(program: Program, trial: Trial, check: Check = go_on) -> list[ScoreRow]:
    """One row for each split that the program was not written from. `check` is called while it is
    run, and ends it by raising; not while its scores are resampled, which takes as long as the
    sweep has splits, whatever the program. ProgramError: it can be read, but not be run."""
    fitted = _fit(program, trial, check)
    decided = _decide(trial, fitted)
    predicted = {}
    for split, tried in trial.splits.items():
        if split not in SEEN:
            check()
            predicted[split] = _predict(tried, fitted, decided)
    return [
        _score(split, trial.splits[split], trial, fitted, one) for split, one in predicted.items()
    ]


def score_calibration(program: Program, trial: Trial, check: Check = go_on) -> ScoreRow:
    """The metrics of TRIED on calibration, or on what stands in; the others are left undecided.
    Raises what `score_held_out` raises."""
    fitted = _fit(program, trial, check)
    check()
    # of the windows that stand in, the strongest are those of all fit, which the lookup has seen
    tried = replace(trial.splits[CALIBRATION], top=None, top_actual=None)
    predicted = _predict(tried, fitted, _decide_nothing(trial, fitted))
    return _score(CALIBRATION, tried, trial, fitted, predicted)


def prepare(text: Text, trial: Trial) -> Pool:
    """The pool of a text as scores of it count."""
    about = PoolText(text.lengths, text.documents, text.numbers, trial.counted_from)
    return prepare_pool(about, n_pos=text.tokens.shape[1])


def _fit(program: Program, trial: Trial, check: Check) -> _Fitted:
    vocabulary = prepared_vocabulary(trial.vocabulary, trial.space)
    fit = trial.splits[FIT]
    pool = prepare(fit.text, trial)
    actual = fit.actual[None].astype(np.float32)
    lookup = fit_lookup(actual, fit.text.tokens, pool, same_text=vocabulary.first_of_text)
    [firing] = find_firing(actual, pool.within)
    predictors: dict[str, Predict] = {
        "program": partial(_run, program, vocabulary, check),
        "lookup": partial(_look_up, lookup),
        "lookup_cut": partial(_look_up, cut_lookup(lookup, n=max(1, n_listed(program)))),
    }
    other = _first_that_is_run(trial.others, vocabulary, check)
    if other is not None:
        predictors["shuffled"] = partial(_run, other, vocabulary, check)
    base = float(lookup.base[0])
    return _Fitted(
        mean=None if np.isnan(base) else base,
        firing=firing,
        predictors=predictors,
    )


@dataclass(frozen=True)
class _Decided:
    """What is fitted on text that is neither fit nor the one that is scored."""

    decisions: Mapping[str, Decisions]
    line: Linear | None
    """Of the shuffled baseline, whose levels are another unit's."""


def _decide(trial: Trial, fitted: _Fitted) -> _Decided:
    calibration = trial.splits[CALIBRATION]
    pool = prepare(calibration.text, trial)
    actual = calibration.actual.astype(np.float32)
    target = take_target(actual, pool, firing=fitted.firing)
    predicted = {name: predict(calibration.text) for name, predict in fitted.predictors.items()}
    return _Decided(
        {name: decide(target, one) for name, one in predicted.items()},
        fit_line(actual, predicted["shuffled"], pool) if "shuffled" in predicted else None,
    )


def _decide_nothing(trial: Trial, fitted: _Fitted) -> _Decided:
    """For calibration itself: the line comes from fit, so that nothing knows what is scored."""
    fit = trial.splits[FIT]
    other = fitted.predictors.get("shuffled")
    if other is None:
        return _Decided({}, None)
    actual = fit.actual.astype(np.float32)
    return _Decided({}, fit_line(actual, other(fit.text), prepare(fit.text, trial)))


def _predict(tried: TriedSplit, fitted: _Fitted, decided: _Decided) -> dict[str, Prediction]:
    """By the program and by each baseline."""
    return {
        name: Prediction(
            predict(tried.text),
            decided.decisions.get(name, Decisions()),
            None if tried.top is None else predict(tried.top),
            decided.line if name == "shuffled" else None,
        )
        for name, predict in fitted.predictors.items()
    }


def _score(
    split: str,
    tried: TriedSplit,
    trial: Trial,
    fitted: _Fitted,
    predictions: Mapping[str, Prediction],
) -> ScoreRow:
    scores = score_explanation(
        tried.actual.astype(np.float32),
        predictions["program"],
        baselines=Baselines(
            fitted.mean,
            predictions["lookup"],
            predictions.get("shuffled"),
            predictions["lookup_cut"],
        ),
        pool=prepare(tried.text, trial),
        firing=fitted.firing,
        top=_top(tried),
    )
    return scored_row(split, JUDGE, scores)


def _run(program: Program, vocabulary: Vocabulary, check: Check, text: Text) -> NDArray[np.float32]:
    return np.asarray(run_program(program, text.tokens, text.lengths, vocabulary, check))


def _look_up(lookup: Lookup, text: Text) -> NDArray[np.float32]:
    return np.asarray(predict_lookup(lookup, text.tokens)[0])


def _top(tried: TriedSplit) -> TopWindows | None:
    if tried.top is None or tried.top_actual is None:
        return None
    actual = tried.top_actual.astype(np.float32)
    return TopWindows(actual, tried.top.lengths, tried.top.documents)


def _first_that_is_run(sources: list[str], vocabulary: Vocabulary, check: Check) -> Program | None:
    """Not one of an older version of the language, nor one that says `near` where nobody knows
    which tokens are: a program is not refused for what another one says."""
    for source in sources:
        with suppress(ProgramError):
            program = parse_program(source)
            run_program(program, *ONE_TOKEN, vocabulary, check)
            return program
    return None
