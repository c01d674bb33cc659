"""No kind of task is done by something simpler than what it is called.

Each shortcut is a rule over a prompt's words. Over 64 pairs of each of several seeds it is right
about as often as chance, and as often wrong: one that were mostly wrong would do the task by saying
the opposite.
"""

from collections import Counter, defaultdict
from statistics import mean

import pytest

from analysis.tasks.generating import generate
from analysis.tasks.generators.agreement import NOUNS
from analysis.tasks.names import MEN, WOMEN
from tests.analysis.tasks.readers import byte_pairs
from tests.analysis.tasks.vocabularies import known_words

SEEDS, OTHER_SEEDS = range(4), range(4, 8)
LOW, HIGH = 0.4, 0.6
OF_SEVERAL = 0.45
"""Where there are four wrong answers and more."""


def pairs_of(kind, seeds=SEEDS, reader=None):
    reader = reader or byte_pairs()
    return [pair for seed in seeds for pair in generate(kind, reader, n=64, seed=seed).pairs]


def share(pairs, rule):
    """How often the rule is right; half, where it names neither a right answer nor a wrong one."""
    return mean(_score(pair, rule(pair)) for pair in pairs)


def _score(pair, said):
    if said in {token.text.strip() for token in pair.right}:
        return 1.0
    return 0.0 if said in {token.text.strip() for token in pair.wrong} else 0.5


def words(pair):
    text = pair.clean.text
    for sign in (",", ":", '"', ".", "'s"):
        text = text.replace(sign, " ")
    return text.split()


def arguments(pair):
    signature = pair.clean.text.partition("(")[2].partition(")")[0].split(", ")
    return [name for name in signature if name != "self"]


def not_described(pair):
    docstring = pair.clean.text.partition(")")[2].replace(":", " ").split()
    return [name for name in arguments(pair) if name not in docstring]


@pytest.mark.parametrize("place", [-5, -4, -3, -2, -1, 0, 1, 2, 3, 4])
def test_an_argument_at_a_fixed_place_of_the_signature_is_mostly_not_the_next(place):
    found = [
        arguments(pair)[place] == pair.right[0].text.strip() for pair in pairs_of("docstrings")
    ]
    assert mean(found) <= OF_SEVERAL


@pytest.mark.parametrize("place", [0, -1])
def test_neither_the_first_nor_the_last_that_is_not_described_is_mostly_the_next(place):
    pairs = pairs_of("docstrings")
    found = [not_described(pair)[place] == pair.right[0].text.strip() for pair in pairs]
    assert mean(found) <= OF_SEVERAL


def test_more_than_one_argument_is_not_described_and_each_other_one_is_wrong():
    for pair in pairs_of("docstrings"):
        assert len(not_described(pair)) > 1
        assert len(pair.wrong) == len(arguments(pair)) - 1


def test_signatures_differ_in_length_and_in_how_many_arguments_are_described():
    shapes = {(len(arguments(pair)), len(not_described(pair))) for pair in pairs_of("docstrings")}
    assert len({n for n, _ in shapes}) > 1
    assert len({n - n_left for n, n_left in shapes}) > 1


@pytest.mark.parametrize("offset", range(3, 19))
def test_looking_back_by_a_fixed_number_of_tokens_is_no_induction(offset):
    assert LOW <= share(pairs_of("induction"), lambda pair: words(pair)[-offset]) <= HIGH


@pytest.mark.parametrize("place", range(14))
def test_looking_at_a_fixed_place_is_no_induction(place):
    assert LOW <= share(pairs_of("induction"), lambda pair: words(pair)[place]) <= HIGH


def test_of_the_two_answers_of_induction_the_earlier_is_right_as_often_as_the_later():
    def earlier(pair):
        return min(
            (token.text.strip() for token in (*pair.right, *pair.wrong)), key=words(pair).index
        )

    assert LOW <= share(pairs_of("induction"), earlier) <= HIGH


@pytest.mark.parametrize("kind", ["induction", "docstrings"])
def test_prompts_are_of_few_lengths_so_that_many_run_together(kind):
    assert len({len(pair.clean.tokens) for pair in pairs_of(kind)}) <= 4


READERS = {
    "digit by digit": byte_pairs,
    "two digits": lambda: byte_pairs(whole_numbers=True),
    "whole years": known_words,
}


@pytest.mark.parametrize("make", READERS.values(), ids=READERS)
def test_no_constant_answer_says_which_year_is_greater(make):
    pairs = pairs_of("greater-than", reader=make())
    often = Counter(token.text.strip() for pair in pairs for token in pair.right)
    assert max(often.values()) <= HIGH * len(pairs)


@pytest.mark.parametrize("make", READERS.values(), ids=READERS)
def test_who_likes_great_numbers_is_right_as_often_as_wrong(make):
    def greatest(pair):
        return max((token.text.strip() for token in (*pair.right, *pair.wrong)), key=int)

    assert LOW <= share(pairs_of("greater-than", reader=make()), greatest) <= HIGH


def test_the_decade_of_the_year_itself_is_neither_right_nor_wrong():
    for pair in pairs_of("greater-than"):
        assert _score(pair, pair.words[1][2]) == 0.5


def named(pair):
    return [word for word in words(pair) if word in (*WOMEN, *MEN)]


@pytest.mark.parametrize("place", [0, 1], ids=["first", "second"])
def test_the_name_at_a_place_is_the_receivers_as_often_as_the_givers(place):
    assert LOW <= share(pairs_of("indirect-objects"), lambda pair: named(pair)[place]) <= HIGH


PLURALS = {plural for _, plural in NOUNS}
NUMBERS = {word: word in PLURALS for noun in NOUNS for word in noun}


def numbers(pair):
    return [NUMBERS[word] for word in words(pair) if word in NUMBERS]


@pytest.mark.parametrize("place", [0, 1, -1], ids=["first", "second", "nearest"])
def test_the_number_of_the_noun_at_a_place_is_not_the_verbs(place):
    def verb(pair):
        return "are" if numbers(pair)[place] else "is"

    assert LOW <= share(pairs_of("agreement"), verb) <= HIGH


def test_the_number_of_most_nouns_is_the_verbs_as_often_as_not():
    def verb(pair):
        return "are" if mean(numbers(pair)) > 0.5 else "is"

    assert LOW <= share(pairs_of("agreement"), verb) <= HIGH


@pytest.mark.parametrize("kind", ["agreement", "pronouns"])
def test_a_constant_answer_is_right_as_often_as_wrong(kind):
    pairs = pairs_of(kind)
    often = Counter(token.text for pair in pairs for token in pair.right)
    assert max(often.values()) <= HIGH * len(pairs)


def test_what_last_letters_mostly_mean_in_other_pairs_does_not_tell_the_pronoun():
    meant = defaultdict(Counter)
    for pair in pairs_of("pronouns", seeds=OTHER_SEEDS):
        meant[pair.words[0][-1]][pair.right[0].text.strip()] += 1

    def pronoun(pair):
        return next((said for said, _ in meant[pair.words[0][-1]].most_common(1)), None)

    assert LOW <= share(pairs_of("pronouns"), pronoun) <= HIGH
