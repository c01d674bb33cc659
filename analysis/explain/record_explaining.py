"""Explains one neuron from its published records alone, and tests what was found on held-out ones.

No model is needed, and so none of what only a model knows: how its tokens lie to each other (`near`
is not tried), and which other neurons could be shuffled in. Records are few, so of programs of
different lengths the one that calibration likes best is kept, of equals the shortest.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import compress

import numpy as np

from analysis.explain.neuron_records import NeuronId, NeuronRecord, NeuronSimulationResults
from analysis.explain.record_simulations import simulated_records
from analysis.explain.record_splits import SPLITS, NeuronSplits, split_records
from analysis.explain.record_texts import TEST, RecordTexts, texts_of
from analysis.explain.rules.claiming import r_or_least
from analysis.explain.texts import SplitText
from analysis.explain.units import Explained, explain_units
from analysis.programs.program import Program
from analysis.programs.running import predict
from analysis.score.division import CALIBRATION
from analysis.score.records import MetricScore, Scores

SHOWN = ("corpus_r", "top_random_r", "r2_uncentred", "r2_centred", "deviation")
"""Metrics that records can tell. The others ask what fires more than the 99th percentile of random
text, of which records hold too little."""
LENGTHS = (1, 2, 4, 8)
"""Rules per tail that are tried, below the most that are allowed."""


@dataclass(frozen=True)
class ExplainedRecord:
    neuron: NeuronId
    counts: Mapping[str, Mapping[str, int]]
    """Records by split and kind."""
    n_tokens: int
    """Different ones, in all records: what a program chooses from."""
    program: Program | None
    reason: str | None
    """Why there is no program."""
    scores: Scores | None
    """On the test split; None without a program."""
    lookup: Program
    lookup_scores: Scores
    """Of the lookup table cut to its 12 best tokens."""
    simulations: NeuronSimulationResults
    """What the program, else the lookup table, predicts of every test record."""

    @property
    def shown(self) -> Program:
        return self.lookup if self.program is None else self.program


def explain_record(
    record: NeuronRecord, *, most_rules: int = 12, most_listed: int = 120, seed: int = 0
) -> ExplainedRecord:
    """Raises RecordsError where there are too few records."""
    splits = split_records(record, seed=seed)
    given = texts_of(splits, seed=seed)
    sizes = [n for n in LENGTHS if n < most_rules] + [most_rules]
    tried = [_explained(given, most_rules=n, most_listed=most_listed) for n in sizes]
    best = max(tried, key=lambda found: _merit(found, given))
    shown = best.lookup if best.rules is None else best.rules
    return ExplainedRecord(
        neuron=record.neuron_id,
        counts=counts_of(splits),
        n_tokens=len(splits.vocabulary),
        program=best.rules,
        reason=best.reason,
        scores=best.rule_scores.get(TEST),
        lookup=best.lookup,
        lookup_scores=best.lookup_scores[TEST],
        simulations=simulated_records(record.neuron_id, shown, splits.test, given.texts.vocabulary),
    )


def counts_of(splits: NeuronSplits) -> dict[str, dict[str, int]]:
    """How many records of each kind are in each split."""
    return {
        split: {
            kind: len(getattr(getattr(splits, split), kind).lengths)
            for kind in ("random", "top", "by_quantile")
        }
        for split in SPLITS
    }


def _explained(given: RecordTexts, *, most_rules: int, most_listed: int) -> Explained:
    (found,) = explain_units(
        given.texts,
        given.activations,
        given.tops,
        most_rules=most_rules,
        most_listed=most_listed,
    )
    return found


def _merit(found: Explained, given: RecordTexts) -> float:
    """r on calibration; below any other where there is no program."""
    if found.rules is None:
        return -2.0
    text: SplitText = given.texts.calibration
    actual = given.texts.divided(given.activations)[CALIBRATION][0][text.counted]
    return r_or_least(actual.astype(np.float64), predict(found.rules, text.reading)[text.counted])


def only(scores: Scores, names: tuple[str, ...] = SHOWN) -> tuple[MetricScore, ...]:
    """These metrics, in their usual order."""
    return tuple(compress(scores.metrics, [one.name in names for one in scores.metrics]))
