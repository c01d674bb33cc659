import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.programs.parsing import parse_program
from analysis.programs.reading import Reading
from analysis.programs.running import predict
from analysis.programs.vocabulary import Vocabulary
from analysis.programs.writing import write_program
from analysis.score.correlation import simulation
from analysis.score.lookup import as_told, cut_lookup, fit_lookup, lookup_program, predict_lookup
from tests.analysis.score.pools import pool_of

TOKENS = np.array([[0, 7, 7, 2], [0, 2, 9, 9]])
ACTUAL = np.array([[[50.0, 4, 8, 1], [50, 3, -6, 99]]])
"""Position 0 is not counted, and the second window has three tokens."""


def _pool():
    return pool_of(2, 4, lengths=[4, 3], counted_from=1)


def test_levels_are_shrunk_to_the_mean_by_three_imagined_tokens():
    lookup = fit_lookup(ACTUAL, TOKENS, _pool())
    assert lookup.tokens.tolist() == [2, 7, 9]
    assert lookup.base == pytest.approx([2])  # of 4, 8, 1, 3, −6
    assert lookup.levels[0] == pytest.approx([(4 + 6) / 5, (12 + 6) / 5, (-6 + 6) / 4])


def test_tokens_never_seen_get_the_mean():
    lookup = fit_lookup(ACTUAL, TOKENS, _pool())
    found = predict_lookup(lookup, np.array([[2, 7, 1, 100, 9]]))
    assert found[0, 0] == pytest.approx([2, 3.6, 2, 2, 0])


def test_each_unit_can_be_cut_to_a_length_of_its_own():
    rng = np.random.default_rng(1)
    tokens = rng.integers(0, 12, (5, 20))
    lookup = fit_lookup(rng.normal(size=(3, 5, 20)), tokens, pool_of(5, 20))
    together = cut_lookup(lookup, n=[1, 4, 40])
    assert together.listed.sum(1).tolist()[:2] == [1, 4]
    for unit, n in enumerate((1, 4, 40)):
        alone = cut_lookup(lookup, n=n)
        assert (together.levels[unit] == alone.levels[unit]).all()
        assert together.base[unit] == alone.base[unit]


def test_nan_is_left_out():
    actual = ACTUAL.copy()
    actual[0, 0, 2] = np.nan
    lookup = fit_lookup(actual, TOKENS, _pool())
    assert lookup.base == pytest.approx([0.5])
    assert lookup.levels[0, 1] == pytest.approx((4 + 1.5) / 4)


def test_each_unit_of_a_block_has_what_it_has_alone():
    rng = np.random.default_rng(0)
    tokens = rng.integers(0, 12, (5, 20))
    actual = rng.normal(size=(3, 5, 20)).astype(np.float16)
    actual[1, 2, 3] = np.nan
    pool = pool_of(5, 20, counted_from=1)
    block = cut_lookup(fit_lookup(actual, tokens, pool), n=4)
    for unit in range(3):
        alone = cut_lookup(fit_lookup(actual[unit : unit + 1], tokens, pool), n=4)
        np.testing.assert_array_equal(block.levels[unit], alone.levels[0])
        np.testing.assert_array_equal(
            predict_lookup(block, tokens)[unit], predict_lookup(alone, tokens)[0]
        )


def test_cutting_keeps_the_tokens_that_explain_most():
    rng = np.random.default_rng(1)
    tokens = rng.integers(0, 50, (20, 50))
    means = np.zeros(50)
    means[[3, 11, 40]] = [8, -5, 3]
    actual = (means[tokens] + 0.1 * rng.normal(size=tokens.shape))[None]
    lookup = fit_lookup(actual, tokens, pool_of(20, 50))
    cut = cut_lookup(lookup, n=2)
    assert cut.tokens[cut.listed[0]].tolist() == [3, 11]
    rest = ~np.isin(tokens, [3, 11])
    assert cut.base == pytest.approx([actual[0][rest].mean()])
    assert (cut.levels[0][~cut.listed[0]] == np.float32(cut.base[0])).all()
    longer = cut_lookup(lookup, n=3)
    rs = [simulation(actual.ravel(), predict_lookup(t, tokens).ravel())[0] for t in (cut, longer)]
    assert rs[0] < rs[1] < 1


def test_a_constant_unit_needs_no_token():
    cut = cut_lookup(fit_lookup(np.full((1, 2, 4), 0.3), TOKENS, pool_of(2, 4)), n=3)
    assert predict_lookup(cut, TOKENS) == pytest.approx(np.full((1, 2, 4), 0.3), abs=1e-6)


def test_a_table_as_a_program_says_what_is_added_to_the_base():
    cut = cut_lookup(fit_lookup(ACTUAL, TOKENS, _pool()), n=1)
    program = lookup_program(cut, 0, [f"t{i}" for i in range(10)])
    assert program.base == pytest.approx(4)  # of 4, 8, 1, 3
    (table,) = program.tables
    assert table.back == 0
    assert table.levels == (("t9", pytest.approx(0 - 4)),)


def test_a_pool_without_tokens_has_no_table():
    lookup = fit_lookup(np.zeros((2, 0, 4)), np.zeros((0, 4), np.int64), pool_of(0, 4))
    assert np.isnan(lookup.base).all()
    assert predict_lookup(lookup, TOKENS).shape == (2, 2, 4)


@st.composite
def texts_with_twins(draw: st.DrawFn) -> tuple[list[str], np.ndarray, np.ndarray]:
    """A vocabulary in which ids may share a text, tokens, and activations of two units."""
    words = st.sampled_from([" a", "b", " c", "�", "d"])
    vocabulary = draw(st.lists(words, min_size=2, max_size=9))
    seed = draw(st.integers(0, 2**16))
    rng = np.random.default_rng(seed)
    tokens = rng.integers(0, len(vocabulary), (6, 7))
    scale = draw(st.sampled_from([1e-4, 1.0, 3e3]))
    levels = rng.normal(size=(2, len(vocabulary)))  # twins differ in what the unit does at them
    noise = rng.normal(size=(2, *tokens.shape))
    return vocabulary, tokens, (scale * (levels[:, tokens] + 0.1 * noise)).astype(np.float16)


@given(drawn=texts_with_twins(), n=st.integers(1, 4))
@settings(max_examples=60, deadline=None)
def test_the_program_as_it_is_stored_predicts_what_was_scored_to_the_last_bit(drawn, n):
    """Also where ids share a text, of which a program knows only one level."""
    texts, tokens, actual = drawn
    vocabulary = Vocabulary(texts)
    fit, there = tokens[:3], pool_of(3, 7)
    whole = fit_lookup(actual[:, :3], fit, there, same_text=vocabulary.first_of_text)
    short = cut_lookup(whole, n=n)
    scored = predict_lookup(as_told(short), tokens)
    reading = Reading(tokens, np.full(6, 7), vocabulary)
    for unit in range(2):
        program = lookup_program(short, unit, texts)
        listed = [text for table in program.tables for text, _ in table.levels]
        assert len(listed) == len(set(listed)) <= n
        stored = parse_program(write_program(program))
        np.testing.assert_array_equal(predict(stored, reading), scored[unit])


def test_tokens_of_one_text_are_one_token():
    texts = [" a", "b", " a"]
    tokens = np.array([[0, 0, 2, 1]])
    same = Vocabulary(texts).first_of_text
    lookup = fit_lookup(np.array([[[6.0, 6, 3, 1]]]), tokens, pool_of(1, 4), same_text=same)
    assert lookup.tokens.tolist() == [0, 1]
    assert lookup.levels[0] == pytest.approx([(15 + 3 * 4) / 6, (1 + 3 * 4) / 4])
    assert (predict_lookup(lookup, np.array([[2]])) == predict_lookup(lookup, tokens[:, :1])).all()
