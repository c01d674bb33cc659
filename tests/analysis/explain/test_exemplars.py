"""A unit's exemplars of fit, as explaining takes them."""

import numpy as np

from analysis.explain.texts import UnitTops, prepare_texts
from analysis.explain.units import explain_units
from analysis.programs.writing import write_program
from analysis.score.units import TopWindows
from tests.analysis.explain.rules.invented import vocabulary
from tests.analysis.explain.test_leaks import activations, windows


def test_those_that_tell_nothing_leave_the_whole_length_to_the_pool() -> None:
    """Room for tokens of exemplars is only kept where they bring some."""
    pools = {split: windows(split, 0) for split in ("fit", "calibration", "test")}
    texts = prepare_texts(pools, vocabulary(with_space=False), counted_from=1, seed=0)
    actual = {split: activations(one) for split, one in pools.items()}
    more = windows("fit", 7)
    unknown = np.full(more.tokens.shape, np.nan, np.float32)
    kept = UnitTops(more.tokens, TopWindows(unknown, more.lengths, more.documents))
    alone = explain_units(texts, actual, {}, most_listed=6)
    beside = explain_units(texts, actual, {}, exemplars=[kept] * 3, most_listed=6)
    written = [
        [None if one.rules is None else write_program(one.rules) for one in found]
        for found in (alone, beside)
    ]
    assert written[0] == written[1]
    assert any(written[0])
