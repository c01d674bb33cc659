"""Every kind of task, for tokenizers of different make."""

import subprocess
import sys
from collections import Counter

import pytest

from analysis.errors import TaskError
from analysis.tasks.generating import GENERATORS, generate
from analysis.tasks.generators import (
    agreement,
    docstrings,
    greater_than,
    indirect_objects,
    pronouns,
)
from analysis.tasks.names import MEN, WOMEN
from tests.analysis.tasks.readers import byte_pairs, characters, tiny, whole_words, words_apart
from tests.analysis.tasks.vocabularies import known_words

N = 200
READERS = {
    "byte pairs, digit by digit": byte_pairs,
    "byte pairs, two digits": lambda: byte_pairs(whole_numbers=True),
    "whole words": known_words,
}


@pytest.fixture(params=READERS)
def reader(request):
    return READERS[request.param]()


@pytest.mark.parametrize("kind", GENERATORS)
def test_two_hundred_distinct_pairs_are_aligned_and_answered_by_single_tokens(kind, reader):
    task = generate(kind, reader, n=N, seed=3)
    assert len({(pair.clean.tokens, pair.counterfactual.tokens) for pair in task.pairs}) == N
    for pair in task.pairs:
        assert len(pair.clean.tokens) == len(pair.counterfactual.tokens)
        assert 1 <= len(pair.changed) <= 4
        assert pair.right
        assert pair.wrong
        for token in (*pair.right, *pair.wrong):
            for side in (pair.clean, pair.counterfactual):
                assert reader.prompt(side.text + token.text) == (*side.tokens, token.id)


@pytest.mark.parametrize("kind", GENERATORS)
def test_the_same_seed_gives_the_same_pairs_and_another_one_others(kind):
    first, again, other = (generate(kind, byte_pairs(), n=20, seed=seed) for seed in (7, 7, 8))
    assert first == again
    assert not set(first.pairs) & set(other.pairs)


def test_fewer_pairs_are_the_first_of_more():
    few, many = (generate("agreement", byte_pairs(), n=n, seed=0) for n in (5, 50))
    assert few.pairs == many.pairs[:5]


def test_the_receiver_is_named_first_as_often_as_the_giver():
    pairs = generate("indirect-objects", byte_pairs(), n=N, seed=0).pairs
    first = sum(
        pair.clean.text.index(pair.right[0].text) < pair.clean.text.index(pair.wrong[0].text)
        for pair in pairs
    )
    assert 0.4 * N < first < 0.6 * N


def test_in_the_counterfactual_of_indirect_objects_the_wrong_one_is_right():
    for pair in generate("indirect-objects", byte_pairs(), n=50, seed=0).pairs:
        receiver, giver = (token.text for token in (*pair.right, *pair.wrong))
        assert pair.clean.text.count(giver) == pair.counterfactual.text.count(receiver) == 2


def asks_for_later(pair):
    return int(pair.template.split()[-1]) <= len(greater_than.LATER)


def test_right_digits_are_those_that_only_later_or_only_earlier_years_begin_with():
    for pair in generate("greater-than", byte_pairs(), n=50, seed=0).pairs:
        tens = int(pair.words[1][2])
        sides = set(range(tens + 1, 10)), set(range(tens))
        right, wrong = sides if asks_for_later(pair) else sides[::-1]
        assert {int(token.text) for token in pair.right} == right
        assert {int(token.text) for token in pair.wrong} == wrong


def test_right_numbers_of_two_digits_are_all_later_ones_or_all_earlier_ones():
    for pair in generate("greater-than", byte_pairs(whole_numbers=True), n=20, seed=0).pairs:
        number = int(pair.words[1][2:])
        right = range(number + 1, 100) if asks_for_later(pair) else range(number)
        assert {int(token.text) for token in pair.right} == set(right)
        assert {int(token.text) for token in pair.wrong} == set(range(100)) - set(right)


def test_where_a_year_is_one_token_the_answers_are_whole_years():
    pairs = generate("greater-than", known_words(), n=20, seed=0).pairs
    assert not any(pair.clean.text[-1].isdigit() for pair in pairs)
    later = [pair for pair in pairs if asks_for_later(pair)]
    assert 0 < len(later) < len(pairs)
    for pair in later:
        assert min(int(token.text) for token in pair.right) == int(pair.words[1]) + 1


def test_years_are_of_all_decades_with_others_before_and_behind():
    pairs = generate("greater-than", byte_pairs(), n=N, seed=0).pairs
    often = Counter(pair.words[1][2] for pair in pairs)
    assert set(often) == set("12345678")
    assert max(often.values()) < 0.2 * N


def test_in_the_counterfactual_of_greater_than_years_are_right_that_were_wrong():
    for pair in generate("greater-than", byte_pairs(), n=50, seed=0).pairs:
        other = int(pair.words[2][2])
        right = range(other + 1, 10) if asks_for_later(pair) else range(other)
        assert set(right) & {int(token.text) for token in pair.wrong}


def arguments(text):
    return text.partition("(")[2].partition(")")[0].split(", ")


def test_the_right_argument_is_the_next_of_the_signature_and_another_one_in_the_counterfactual():
    for pair in generate("docstrings", byte_pairs(), n=50, seed=0).pairs:
        signature, swapped = (arguments(side.text) for side in (pair.clean, pair.counterfactual))
        turn = signature.index(pair.words[0]) + 1
        right, wrong = ([token.text.strip() for token in side] for side in (pair.right, pair.wrong))
        assert [signature[turn]] == right
        assert swapped[turn] in wrong
        assert {*right, *wrong} == set(signature)
        described = pair.clean.text.partition(")")[2]
        assert not any(f" {name}:" in described for name in (signature[turn], swapped[turn]))


def test_the_verb_agrees_with_the_subject_wherever_it_stands():
    plurals = {noun[1] for noun in agreement.NOUNS}
    places = Counter()
    for pair in generate("agreement", byte_pairs(), n=100, seed=0).pairs:
        subject = pair.words[:2]
        words = pair.clean.text.replace(",", "").split()
        nouns = [word for word in words if word in pair.words]
        (place,) = (number for number, noun in enumerate(nouns) if noun in subject)
        assert (nouns[place] in plurals) == (pair.right[0].text == " are")
        places[place] += 1
    assert len(nouns) == len(places) == 3


def test_the_pronoun_is_that_of_the_name():
    for pair in generate("pronouns", byte_pairs(), n=100, seed=0).pairs:
        assert (pair.words[0] in WOMEN) == (pair.right[0].text == " she")
        assert (pair.words[1] in MEN) == (pair.wrong[0].text == " he")


@pytest.mark.parametrize(
    "reader",
    [characters("abcdefgh"), words_apart("a b c d e f g h"), tiny("bert"), tiny("gpt2")],
    ids=["characters", "words of a plain model", "word pieces", "tiny byte pairs"],
)
def test_induction_needs_no_words_that_anybody_knows(reader):
    for pair in generate("induction", reader, n=N, seed=0).pairs:
        begun = 0 if reader.begins is None else 1
        tokens, other = pair.clean.tokens[begun:], pair.counterfactual.tokens[begun:]
        before = tokens.index(tokens[-1])
        assert before < len(tokens) - 1
        assert tokens[before + 1] == pair.right[0].id
        assert other[before + 1] == pair.wrong[0].id
        assert sorted(tokens) == sorted(other)
        assert all(tokens.count(token.id) == 1 for token in (*pair.right, *pair.wrong))


def test_what_induction_repeats_is_a_run_of_two_tokens_or_more():
    for pair in generate("induction", byte_pairs(), n=N, seed=0).pairs:
        tokens = pair.clean.tokens
        again = [number for number, token in enumerate(tokens) if token in tokens[:number]]
        first = tokens.index(tokens[again[0]])
        assert len(again) >= 2
        assert tokens[first : first + len(again)] == tokens[again[0] :]


def test_a_short_context_gets_a_short_run():
    short = words_apart("a b c d e f g h i j k l")
    reader = type(short)(short.encode, short.texts, short.begins, longest=14)
    task = generate("induction", reader, n=20, seed=0)
    assert max(len(pair.clean.tokens) for pair in task.pairs) <= 14


def test_words_that_are_no_single_token_are_left_out_and_counted():
    names = "Tom Mary John Alice Peter Jane"
    sentence = "When and met at the , gave to while were handed after had left sold yesterday went"
    words = [sentence, *indirect_objects.TEMPLATES, *indirect_objects.PLACES]
    words += indirect_objects.THINGS
    texts = " ".join(words).replace("{", " ").replace("}", " ")
    task = generate("indirect-objects", whole_words([texts, names]), n=50, seed=0)
    assert (task.source.n_words, task.source.n_left_out) == (6, len(WOMEN) + len(MEN) - 6)
    assert {word for pair in task.pairs for word in pair.words[:2]} == set(names.split())


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("indirect-objects", "only 0 of the 155 names"),
        ("pronouns", "only 0 of the 2 pronouns"),
        ("agreement", "only 0 of the 3 verbs"),
        ("docstrings", "only 0 of the 69 names of arguments"),
        ("greater-than", "no year so that one token"),
        ("induction", "only 3 of 3 tokens of letters"),
    ],
)
def test_too_few_words_are_said_with_their_number_and_what_to_do(kind, said):
    with pytest.raises(TaskError, match=said) as caught:
        generate(kind, characters("abc"), n=10, seed=0)
    assert "import" in caught.value.hint


def test_a_tokenizer_that_knows_the_names_but_no_sentence_is_told_so():
    reader = words_apart(" ".join(WOMEN))
    with pytest.raises(TaskError, match="only 0 of the 10 pairs") as caught:
        generate("indirect-objects", reader, n=10, seed=0)
    assert "refused" in caught.value.detail


def test_more_pairs_than_the_words_allow_are_refused_with_how_many_there_are():
    names = "Mary Lucy Amy Emily Tony Henry Gary Harry he she"
    templates = [text.format(name="Mary", quality="", work="") for text in pronouns.TEMPLATES]
    reader = whole_words([names, *templates, pronouns.QUALITIES[0], pronouns.WORK[0]])
    with pytest.raises(TaskError, match=r"only \d+ of the 400 pairs") as caught:
        generate("pronouns", reader, n=400, seed=0)
    assert "at most" in caught.value.hint


@pytest.mark.parametrize("n", [0, -1, 10_001])
def test_a_number_of_pairs_that_cannot_be_made_is_refused(n):
    with pytest.raises(TaskError, match="cannot be made"):
        generate("agreement", byte_pairs(), n=n, seed=0)


def test_an_unknown_kind_is_refused_with_those_that_are_known():
    with pytest.raises(TaskError, match="no kind of task") as caught:
        generate("chess", byte_pairs(), n=1, seed=0)
    assert all(kind in caught.value.hint for kind in GENERATORS)


def test_lists_have_no_word_twice():
    lists = (
        (*WOMEN, *MEN), indirect_objects.PLACES, indirect_objects.THINGS, docstrings.ARGUMENTS,
        greater_than.EVENTS, pronouns.QUALITIES, pronouns.WORK,
        [word for noun in agreement.NOUNS for word in noun],
    )  # fmt: skip
    for words in lists:
        assert len(set(words)) == len(words)


def test_tasks_are_made_without_torch():
    ask = (
        "import sys, analysis.tasks.generating, analysis.tasks.importing, analysis.tasks.exporting,"
        " analysis.tasks.splitting; print('torch' in sys.modules, 'transformers' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["False", "False"]
