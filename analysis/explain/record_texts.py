"""One neuron's records as the texts that units are explained from and tested on.

Fit and calibration take every kind of record, because rules are found where a neuron fires. Test is
what random records say: the strongest ones of the test split stand beside them for the protocol
top+random, and those chosen by quantile are of no known frequency, so nothing is tested on them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32
from numpy import ndarray

from analysis.errors import RecordsError
from analysis.explain.record_splits import NeuronSplits, RecordWindows, SplitRecords
from analysis.explain.texts import PoolWindows, Texts, UnitTops, prepare_texts
from analysis.programs.vocabulary import Vocabulary
from analysis.score.division import CALIBRATION, FIT
from analysis.score.units import TopWindows

TEST = "test"
COUNTED_FROM = 0
"""Published records begin in the middle of a text, not with a BOS token."""
FEWEST_FIT = 4


@dataclass(frozen=True, eq=False)
class RecordTexts:
    texts: Texts
    activations: Mapping[str, Float32[ndarray, "1 window pos"]]
    tops: Mapping[str, Sequence[UnitTops | None]]


def texts_of(splits: NeuronSplits, *, seed: int = 0) -> RecordTexts:
    """Raises RecordsError where there are too few records to fit anything and test it."""
    fit, calibration = everything_of(splits.fit), everything_of(splits.calibration)
    test = splits.test.random
    if len(fit.lengths) < FEWEST_FIT or not len(test.lengths):
        raise RecordsError(
            f"Of its different texts {len(fit.lengths)} are to be fitted to and "
            f"{len(test.lengths)} random ones are to be tested on; explaining needs at least "
            f"{FEWEST_FIT} and 1.",
            hint="Give more records, with at least two in random_sample.",
        )
    windows = {FIT: fit, CALIBRATION: calibration, TEST: test}
    return RecordTexts(
        texts=prepare_texts(
            {split: _pool(one) for split, one in windows.items()},
            Vocabulary(splits.vocabulary),
            counted_from=COUNTED_FROM,
            seed=seed,
            fewest_tested=1,
        ),
        activations={split: _one_unit(one) for split, one in windows.items()},
        tops={TEST: [_tops(splits.test.top)]},
    )


def everything_of(split: SplitRecords) -> RecordWindows:
    """The records of all kinds, each text once, in the order of their numbers."""
    kinds = (split.random, split.top, split.by_quantile)
    tokens, activations, lengths, numbers = (
        np.concatenate([getattr(kind, name) for kind in kinds])
        for name in ("tokens", "activations", "lengths", "numbers")
    )
    _, places = np.unique(numbers, return_index=True)
    return RecordWindows(tokens[places], activations[places], lengths[places], numbers[places])


def _pool(windows: RecordWindows) -> PoolWindows:
    """Each record counts as a document: nobody knows which are of one."""
    return PoolWindows(windows.tokens, windows.lengths, windows.numbers, windows.numbers)


def _one_unit(windows: RecordWindows) -> Float32[ndarray, "1 window pos"]:
    return windows.activations[None].astype(np.float32)


def _tops(windows: RecordWindows) -> UnitTops | None:
    if not len(windows.lengths):
        return None
    about = TopWindows(windows.activations, windows.lengths, windows.numbers)
    return UnitTops(windows.tokens, about)
