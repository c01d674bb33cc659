"""What prompts have in common, on pairs that are written out."""

import pytest
from pydantic import TypeAdapter, ValidationError

from analysis.protocol.experiments import TokenText
from analysis.protocol.proofs import Feature, Scrub
from analysis.tasks.features import alike, by_length, feature_of, features_of, sharing
from analysis.tasks.task import Pair, Side


def pair(clean, other, words=(), right=1, wrong=2):
    return Pair(
        clean=Side(text="a", tokens=clean),
        counterfactual=Side(text="b", tokens=other),
        right=(TokenText(id=right, text="r"),),
        wrong=(TokenText(id=wrong, text="w"),),
        template="one",
        words=words,
    )


PAIRS = (
    pair((5, 6, 7), (5, 8, 7), ("ann", "bar")),
    pair((5, 6, 9), (5, 6, 7), ("ann", "inn"), right=2, wrong=1),
    pair((4, 8, 7), (4, 6, 7), ("bob",)),
)


def test_a_word_is_the_pairs_and_a_token_the_prompts():
    first = PAIRS[0]
    for side in (first.clean, first.counterfactual):
        assert feature_of(first, side, "word 1") == ("bar",)
        assert feature_of(first, side, "word 0") == feature_of(first, side, "first word")
    assert feature_of(first, first.clean, "token 1") == (6,)
    assert feature_of(first, first.counterfactual, "token 1") == (8,)


def test_a_word_that_the_counterfactual_exchanges_cannot_be_shared():
    first = PAIRS[0].model_copy(
        update={
            "clean": Side(text="Ann saw Bar.", tokens=(5, 6, 7)),
            "counterfactual": Side(text="Annie saw bar.", tokens=(5, 8, 7)),
        }
    )
    for side in (first.clean, first.counterfactual):
        assert feature_of(first, side, "word 0") is None
        assert feature_of(first, side, "word 1") == ("bar",)


def test_what_a_prompt_does_not_have_it_shares_with_none():
    last = PAIRS[2]
    assert feature_of(last, last.clean, "word 1") is None
    assert alike(PAIRS, "word 1")[2] == []
    assert sharing(PAIRS, "token 3").n_values == 0
    assert sharing(PAIRS, "token 3").n_alone == 3


def test_those_alike_are_clean_ones_and_behind_them_counterfactual_ones_never_of_the_same_pair():
    assert alike(PAIRS, "token 1") == [[1, 4, 5], [0, 5], [3]]
    assert alike(PAIRS, "word 1") == [[], [], []]
    assert alike(PAIRS, "token 2")[1] == []
    assert alike(PAIRS, "answer") == [[2, 4], [3, 5], [0, 4]]
    assert alike(PAIRS, "side") == [[1, 2], [0, 2], [0, 1]]


def test_a_prompt_is_alone_that_is_so_in_any_of_the_features():
    assert sharing(PAIRS, "token 1").n_alone == 0
    both = sharing(PAIRS, "token 1", "token 2")
    assert (both.n_prompts, both.n_alone, both.n_values) == (3, 1, 2)
    assert not both.mostly_alone


def test_prompts_share_with_those_of_their_length_alone():
    longer = pair((5, 6, 7, 1), (5, 8, 7, 1))
    assert by_length((*PAIRS, longer)) == [PAIRS]
    assert sharing((*PAIRS, longer), "side").n_prompts == 3


def test_features_are_those_that_the_prompts_have():
    assert features_of(PAIRS) == [
        "answer", "template", "first word", "side", "word 1", "token 0", "token 1", "token 2",
    ]  # fmt: skip
    assert features_of([pair((1, 2), (1, 3))]) == [
        "answer",
        "template",
        "side",
        "token 0",
        "token 1",
    ]


@pytest.mark.parametrize("said", ["answer", "first word", "word 0", "word 12", "token 4095"])
def test_a_feature_is_one_of_four_or_a_number(said):
    assert TypeAdapter(Feature).validate_python(said) == said


@pytest.mark.parametrize(
    "said", ["word", "word -1", "word 01", "token 1.5", "Word 1", "token 10000", ""]
)
def test_what_is_none_is_refused(said):
    with pytest.raises(ValidationError):
        TypeAdapter(Feature).validate_python(said)


def test_what_was_stored_of_scrubs_is_still_read():
    stored = '{"feature":"first word","recovered":{"value":0.5},"n_prompts":4,"n_alone":0}'
    assert Scrub.model_validate_json(stored).feature == "first word"
