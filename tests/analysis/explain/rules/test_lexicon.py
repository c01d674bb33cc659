"""What can be asked of a text's tokens: each once, in the plainest words."""

import numpy as np
import pytest

from analysis.explain.rules.lexicon import Lexicon, make_lexicon
from analysis.programs.program import Affix, HasShape, Near, OneOf, TokenTest
from analysis.programs.vocabulary import Vocabulary
from tests.analysis.explain.rules.invented import WORDS, vocabulary


def of(*words: str, with_space: bool = False) -> tuple[Lexicon, Vocabulary]:
    voc = vocabulary(with_space=with_space)
    tokens = np.array([WORDS.index(word) for word in words])
    return make_lexicon(tokens, voc), voc


def types_of(lexicon: Lexicon, test: TokenTest) -> list[str]:
    (found,) = [one for one in lexicon.candidates if one.test == test]
    return [lexicon.texts[place] for place in found.types.tolist()]


def test_only_tokens_that_occur_are_in_it_with_their_counts() -> None:
    lexicon, _ = of(" dog", " cat", " dog")
    assert lexicon.texts == (" cat", " dog")
    assert lexicon.counts.tolist() == [1, 2]


def test_case_is_left_out_where_that_joins_tokens() -> None:
    lexicon, _ = of(" cat", " Cat", " dog")
    assert types_of(lexicon, OneOf(("cat",), folded=True)) == [" cat", " Cat"]
    assert not any(one.test == OneOf(("dog",), folded=True) for one in lexicon.candidates)


def test_an_ending_is_tried_where_four_tokens_share_it() -> None:
    lexicon, _ = of(" running", " sing", " singing", " bring", " dog")
    ending = Affix("ends", "ng", folded=True)  # the shortest that says the same
    assert types_of(lexicon, ending) == [" running", " sing", " singing", " bring"]
    few, _ = of(" running", " sing", " cat")
    assert not any(isinstance(one.test, Affix) for one in few.candidates)


def test_shapes_list_nothing_and_tokens_one() -> None:
    lexicon, _ = of(" 12", " 7", " cat", " dog")
    listed = {one.test: one.listed for one in lexicon.candidates}
    assert listed[HasShape("number")] == 0
    assert listed[OneOf((" cat",))] == 1


def test_neighbourhoods_are_those_that_programs_mean() -> None:
    lexicon, voc = of(*WORDS * 5, with_space=True)
    near = [one for one in lexicon.candidates if isinstance(one.test, Near)]
    assert near
    for one in near:
        assert one.types.tolist() == np.flatnonzero(voc.mask(one.test)[lexicon.ids]).tolist()


@pytest.mark.parametrize("words", [(" cat",), (".",)])
def test_a_text_of_one_token_has_a_lexicon(words: tuple[str, ...]) -> None:
    lexicon, _ = of(*words)
    assert [one.types.tolist() for one in lexicon.candidates] == [[0]]
