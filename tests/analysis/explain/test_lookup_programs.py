"""The lookup that is stored with a unit is the one whose scores stand beside it."""

import pytest

from analysis.explain.texts import UnitTops, prepare_texts
from analysis.explain.units import explain_units
from analysis.programs.parsing import parse_program
from analysis.programs.running import predict
from analysis.programs.vocabulary import Vocabulary
from analysis.programs.writing import write_program
from analysis.score.correlation import pearson
from analysis.score.units import TopWindows
from tests.analysis.explain.rules.invented import WORDS
from tests.analysis.explain.test_leaks import activations, windows


def test_its_top_windows_are_read_as_its_pool_is() -> None:
    """The same windows as pool and as top windows: both protocols give one r."""
    twins = [WORDS[5] if token == 6 else text for token, text in enumerate(WORDS)]
    pools = {split: windows(split, 0) for split in ("fit", "calibration", "test")}
    texts = prepare_texts(pools, Vocabulary(twins), counted_from=1, seed=0)
    actual = {split: activations(one) for split, one in pools.items()}
    test = pools["test"]
    tops = [
        UnitTops(test.tokens, TopWindows(values, test.lengths, test.documents))
        for values in actual["test"]
    ]
    for one in explain_units(texts, actual, {"test": tops}):
        for scores in (one.lookup_scores["test"], *filter(None, [one.rule_scores.get("test")])):
            corpus, top = scores.of("corpus_r"), scores.of("top_random_r")
            assert top.score.value == pytest.approx(corpus.score.value, abs=1e-6)
            assert top.lookup == pytest.approx(corpus.lookup, abs=1e-6)
            assert top.lookup_cut == pytest.approx(corpus.lookup_cut, abs=1e-6)


def test_it_is_also_where_two_tokens_have_one_text() -> None:
    twins = [WORDS[5] if token == 6 else text for token, text in enumerate(WORDS)]
    pools = {split: windows(split, 0) for split in ("fit", "calibration", "test")}
    texts = prepare_texts(pools, Vocabulary(twins), counted_from=1, seed=0)
    actual = {split: activations(one) for split, one in pools.items()}
    for split, one in actual.items():
        one[0] -= 3 * (pools[split].tokens == 6)  # at the twin the unit does the contrary
    found = explain_units(texts, actual, {})
    test = texts.tested["test"]
    for unit, one in enumerate(found):
        stored = parse_program(write_program(one.lookup))
        listed = [text for text, _ in stored.tables[0].levels]
        assert len(listed) == len(set(listed))
        predicted = predict(stored, test.reading)[test.counted]
        assert one.lookup_scores["test"].r == pytest.approx(
            pearson(actual["test"][unit][test.counted], predicted), abs=1e-9
        )
