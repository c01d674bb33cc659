import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from analysis.programs import vocabulary as module
from analysis.programs.errors import ProgramError
from analysis.programs.parsing import parse_program
from analysis.programs.program import Affix, HasShape, Matches, Near, OneOf, StartsWord, Table
from analysis.programs.token_space import BLOCK, TokenSpace
from analysis.programs.vocabulary import Vocabulary, fold
from analysis.programs.walking import unknown_tokens

TEXTS = [" king", "King", "queen", " king", "\n", " ", " Kingdom"]
DIRECTIONS = np.array(
    [[127, 0], [120, 42], [90, 90], [127, 0], [0, 127], [0, 0], [-127, 0]], np.int8
)


def passing(vocabulary: Vocabulary, test: object) -> list[int]:
    return np.flatnonzero(vocabulary.mask(test)).tolist()


def test_ids_by_text_and_by_folded_text() -> None:
    vocabulary = Vocabulary(TEXTS)
    assert vocabulary.ids(" king").tolist() == [0, 3]
    assert vocabulary.ids("king").tolist() == []
    assert vocabulary.folded_ids("KING ").tolist() == [0, 1, 3]
    assert vocabulary.folded_ids("\n").tolist() == [4]


def test_masks_say_which_tokens_pass() -> None:
    vocabulary = Vocabulary(TEXTS)
    assert passing(vocabulary, OneOf((" king", "queen", "nothing"))) == [0, 2, 3]
    assert passing(vocabulary, OneOf(("KING",), folded=True)) == [0, 1, 3]
    assert passing(vocabulary, Affix("starts", "king", folded=True)) == [0, 1, 3, 6]
    assert passing(vocabulary, Affix("starts", " King", folded=True)) == [0, 1, 3, 6]
    assert passing(vocabulary, Affix("contains", "ing")) == [0, 1, 3, 6]
    assert passing(vocabulary, Affix("ends", "n")) == [2]
    assert passing(vocabulary, HasShape("capitalised")) == [1, 6]
    assert passing(vocabulary, StartsWord()) == [0, 3, 6]
    assert passing(vocabulary, Matches(" ?[Kk]ing")) == [0, 1, 3]


def test_near_takes_the_nearest_with_ties_by_id_and_the_named_ones_always() -> None:
    vocabulary = Vocabulary(TEXTS, TokenSpace(DIRECTIONS))
    assert passing(vocabulary, Near((" king",), 1)) == [0, 3]
    assert passing(vocabulary, Near(("King",), 3)) == [0, 1, 3]
    assert passing(vocabulary, Near(("King",), 2)) == [0, 1]
    assert passing(vocabulary, Near(("queen",), 1)) == [2]
    assert passing(vocabulary, Near((" king", "\n"), 1)) == [0, 1, 3, 4]


def test_near_nothing_known_is_nothing_and_tokens_without_direction_are_never_near() -> None:
    vocabulary = Vocabulary(TEXTS, TokenSpace(DIRECTIONS))
    assert passing(vocabulary, Near(("nothing",), 3)) == []
    assert passing(vocabulary, Near((" ",), 3)) == [5]
    assert passing(vocabulary, Near((" king",), 100)) == [0, 1, 2, 3, 4, 6]


def test_near_is_exact_for_many_named_tokens() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.integers(-127, 128, (400, 64)).astype(np.int8)
    named = np.arange(300)
    whole = vectors.astype(object)
    total = whole[named].sum(0)
    cosine = (whole @ total).astype(float) / np.sqrt((whole**2).sum(1).astype(float))
    expected = np.zeros(400, bool)
    expected[np.lexsort((np.arange(400), -cosine))[:37]] = True
    np.testing.assert_array_equal(TokenSpace(vectors).nearest(named, 37), expected)


def test_a_token_space_of_another_vocabulary_is_refused() -> None:
    with pytest.raises(ProgramError, match="has 7 tokens, the vocabulary 1"):
        Vocabulary(["a"], TokenSpace(DIRECTIONS))


def test_levels_of_a_table_belong_to_all_ids_of_a_text_and_the_last_one_holds() -> None:
    levels = Vocabulary(TEXTS).levels(Table(0, ((" king", 1.0), ("no", 5.0), (" king", 2.0))))
    assert levels.tolist() == [2, 0, 0, 2, 0, 0, 0]


def test_masks_are_kept_but_not_without_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MASK_BYTES", 3 * len(TEXTS))
    vocabulary = Vocabulary(TEXTS)
    first = vocabulary.mask(OneOf(("a",)))
    assert vocabulary.mask(OneOf(("a",))) is first
    for text in "bcdef":
        vocabulary.mask(OneOf((text,)))
    assert vocabulary.mask(OneOf(("a",))) is not first
    assert len(vocabulary._masks) == 3


def test_what_is_near_to_many_names_is_not_kept() -> None:
    vocabulary = Vocabulary(TEXTS, TokenSpace(DIRECTIONS))
    few, many = (Near((" king", *map(str, range(n))), 2) for n in (63, 64))
    assert vocabulary.mask(few).tolist() == vocabulary.mask(many).tolist()
    assert list(vocabulary._masks) == [few]
    with pytest.raises(ValueError, match="read-only"):
        vocabulary.mask(many)[0] = False


def test_masks_cannot_be_changed_by_those_who_share_them() -> None:
    with pytest.raises(ValueError, match="read-only"):
        Vocabulary(TEXTS).mask(OneOf((" king",)))[0] = False


def test_threads_may_share_a_vocabulary(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MASK_BYTES", 4 * len(TEXTS))
    vocabulary = Vocabulary(TEXTS)
    tests = [Affix("contains", letter) for letter in "kingqueKdom"] * 40
    with ThreadPoolExecutor(8) as pool:
        masks = list(pool.map(vocabulary.mask, tests))
    for test, mask in zip(tests, masks, strict=True):
        assert mask.tolist() == [test.text in text for text in TEXTS]


def test_tokens_that_no_vocabulary_has_are_told_once_and_in_order() -> None:
    program = parse_program(
        """
        when token in {"zebra", " king"} and not word in {"QUEEN", "Gnu"} -> 1
        when any token[-2..-1] near {"zebra", "yak"} first 3 or echo in {"emu"} -> 1
        when token starts "ox" or text ends "owl" -> 1
        table token {" king": 1, "bee": 2}
        """
    )
    assert unknown_tokens(program, Vocabulary(TEXTS)) == ["zebra", "Gnu", "yak", "emu", "bee"]


@pytest.mark.parametrize("folded", [False, True])
@pytest.mark.parametrize("text", ["re", "A", "ing", " a", "ß", "", "zzz", "\U0010ffff"])
def test_affixes_are_found_as_by_looking_at_every_token(text: str, folded: bool) -> None:
    words = ["re", " Re", "are", "A", "a", " a b", "sing", "ing", "Straße", "SS", "\U0010ffff", ""]
    vocabulary = Vocabulary(words)
    read = vocabulary.folded if folded else list(words)
    wanted = fold(text) if folded else text
    starts = vocabulary.mask(Affix("starts", text, folded))
    ends = vocabulary.mask(Affix("ends", text, folded))
    assert starts.tolist() == [word.startswith(wanted) for word in read]
    assert ends.tolist() == [word.endswith(wanted) for word in read]


def test_ranked_neighbours_are_those_found_one_by_one() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.integers(-3, 4, (40, 3)).astype(np.int8)  # many ties
    vectors[7] = 0
    slow, fast = TokenSpace(vectors), TokenSpace(vectors)
    ranked = fast.rank(np.arange(40), 12)
    assert 7 not in ranked
    for token in ranked:
        for first in (1, 5, 12, 20):
            named = np.array([token])
            np.testing.assert_array_equal(fast.nearest(named, first), slow.nearest(named, first))


def test_near_of_many_names_needs_no_more_memory_than_near_of_few() -> None:
    vectors = np.random.default_rng(0).integers(-127, 128, (30_000, 128)).astype(np.int8)
    space = TokenSpace(vectors)
    space.nearest(np.arange(2), 5)  # what is kept of the space, once

    def peak(n_named: int) -> int:
        tracemalloc.start()
        try:
            space.nearest(np.arange(n_named), 5)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak(25_000) < peak(2) + 10 * 2**20


def test_a_check_is_called_between_blocks_of_the_vocabulary_and_may_end_the_work() -> None:
    calls = 0

    def end_at_the_third() -> None:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise TimeoutError

    n = 4 * max(module.AT_ONCE, BLOCK)
    vectors = np.random.default_rng(0).integers(-127, 128, (n, 4)).astype(np.int8)
    texts = [f"word{number}" for number in range(n)]
    vocabulary = Vocabulary(texts, TokenSpace(vectors))
    for test in (Matches("w.*7"), Affix("contains", "7"), Near(tuple(texts), 5)):
        calls = 0
        with pytest.raises(TimeoutError):
            vocabulary.mask(test, end_at_the_third)
        assert vocabulary.mask(test).any()
