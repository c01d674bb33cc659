"""A program of anybody's, run on a neuron's records and scored.

By default on the test split, so that its scores can stand beside those of a program that was found
with the same seed; else on all records, where there is nothing left to fit baselines to.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np

from analysis.errors import RecordsError
from analysis.explain.neuron_records import NeuronId, NeuronRecord, NeuronSimulationResults
from analysis.explain.record_simulations import simulated_records
from analysis.explain.record_splits import (
    SPLITS,
    NeuronSplits,
    RecordWindows,
    SplitRecords,
    split_records,
)
from analysis.explain.record_texts import COUNTED_FROM, everything_of
from analysis.programs.length import n_listed
from analysis.programs.program import Program
from analysis.programs.reading import Reading
from analysis.programs.running import predict
from analysis.programs.vocabulary import Vocabulary
from analysis.programs.walking import unknown_tokens
from analysis.score.baselines import Baselines
from analysis.score.lookup import Lookup, cut_lookup, fit_lookup, predict_lookup
from analysis.score.pools import Pool, PoolText, prepare_pool
from analysis.score.records import Scores
from analysis.score.scoring import score_explanation
from analysis.score.units import Prediction, TopWindows


@dataclass(frozen=True)
class ScoredProgram:
    neuron: NeuronId
    n_random: int
    n_top: int
    n_tokens: int
    """Different ones, in all records: what a program chooses from."""
    scores: Scores
    unknown: tuple[str, ...]
    """Tokens that the program lists and no record has."""
    simulations: NeuronSimulationResults


def score_program(
    record: NeuronRecord, program: Program, *, everything: bool = False, seed: int = 0
) -> ScoredProgram:
    """The program beside mean and token lookup of the fit split.

    Raises:
        RecordsError: there is no random record to test on.
        ProgramError: it asks for what only a model knows.
    """
    splits = split_records(record, seed=seed)
    tested = _joined(splits) if everything else splits.test
    random, top = tested.random, tested.top
    if not len(random.lengths):
        raise RecordsError(
            "There is no random record to test on.",
            hint="Give more of them in random_sample, or score on all records with --all.",
        )
    vocabulary = Vocabulary(splits.vocabulary)
    return ScoredProgram(
        neuron=record.neuron_id,
        n_random=len(random.lengths),
        n_top=len(top.lengths),
        n_tokens=len(splits.vocabulary),
        scores=score_explanation(
            random.activations,
            Prediction(
                predict(program, _reading(random, vocabulary)),
                top=predict(program, _reading(top, vocabulary)) if len(top.lengths) else None,
            ),
            baselines=Baselines(mean=None) if everything else _baselines(splits, program, seed),
            pool=_pool(random, seed),
            firing=None,
            top=TopWindows(top.activations, top.lengths, top.numbers) if len(top.lengths) else None,
        ),
        unknown=tuple(unknown_tokens(program, vocabulary)),
        simulations=simulated_records(record.neuron_id, program, tested, vocabulary),
    )


def _joined(splits: NeuronSplits) -> SplitRecords:
    """All three as one."""
    parts: Mapping[str, list[RecordWindows]] = {
        kind.name: [getattr(getattr(splits, split), kind.name) for split in SPLITS]
        for kind in fields(SplitRecords)
    }
    return SplitRecords(
        **{
            kind: RecordWindows(
                **{
                    field.name: np.concatenate([getattr(part, field.name) for part in there])
                    for field in fields(RecordWindows)
                }
            )
            for kind, there in parts.items()
        }
    )


def _baselines(splits: NeuronSplits, program: Program, seed: int) -> Baselines:
    """Mean and lookup as fitted for explaining: to all records of fit."""
    fit = everything_of(splits.fit)
    if not len(fit.lengths):
        return Baselines(mean=None)
    lookup = fit_lookup(fit.activations[None], fit.tokens, _pool(fit, seed))
    cut = cut_lookup(lookup, n=max(1, n_listed(program)))
    return Baselines(
        mean=float(lookup.base[0]),
        lookup=_looked_up(lookup, splits.test),
        lookup_cut=_looked_up(cut, splits.test),
    )


def _looked_up(lookup: Lookup, test: SplitRecords) -> Prediction:
    top = predict_lookup(lookup, test.top.tokens)[0] if len(test.top.lengths) else None
    return Prediction(predict_lookup(lookup, test.random.tokens)[0], top=top)


def _pool(windows: RecordWindows, seed: int) -> Pool:
    text = PoolText(windows.lengths, windows.numbers, windows.numbers, counted_from=COUNTED_FROM)
    return prepare_pool(text, n_pos=windows.tokens.shape[1], seed=seed)


def _reading(windows: RecordWindows, vocabulary: Vocabulary) -> Reading:
    return Reading(windows.tokens, windows.lengths, vocabulary)
