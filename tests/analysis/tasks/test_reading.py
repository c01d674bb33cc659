"""What is one token behind a prompt, for tokenizers of different make."""

import pytest

from analysis.errors import TaskError
from analysis.tasks.reading import Reader, read_pair
from tests.analysis.tasks.readers import byte_pairs, characters, whole_words, words_apart


def test_a_space_belongs_to_the_token_where_the_tokenizer_puts_it_there():
    reader = byte_pairs()
    token = reader.following("thanked", " Mary")
    assert reader.texts[token] == " Mary"


def test_a_space_belongs_to_no_token_where_words_are_split_off():
    reader = whole_words(["Tom thanked Mary"])
    assert reader.texts[reader.following("Tom thanked", " Mary")] == "Mary"


def test_what_changes_the_token_before_it_does_not_follow():
    assert byte_pairs().following("He went home and slee", "p") is None


def test_a_stand_in_for_the_unknown_is_no_answer():
    reader = whole_words(["Tom thanked Mary"])
    assert len(reader.prompt("Tom thanked Ann")) == 4
    assert reader.following("Tom thanked", " Ann") is None


def test_case_may_be_done_away_with():
    plain = words_apart("tom thanked mary")
    reader = Reader(lambda text: plain.encode(text.casefold()), plain.texts)
    assert reader.texts[reader.following("Tom thanked", " Mary")] == " mary"


def test_prompts_begin_with_bos_where_the_model_begins_a_text_so():
    assert words_apart("a b").prompt("a b") == (0, 1, 2)
    assert characters("ab").prompt("ab") == (0, 1)


def test_half_a_character_is_refused():
    with pytest.raises(TaskError, match="half a character"):
        byte_pairs().prompt("\ud800")


@pytest.mark.parametrize("text", ["", "  "])
def test_an_empty_prompt_is_refused(text):
    with pytest.raises(TaskError, match="empty"):
        read_pair(words_apart("a b"), text, "a", [" b"], [" a"])


def test_an_answer_must_be_the_same_token_behind_both_prompts():
    with pytest.raises(TaskError, match="not one token"):
        read_pair(words_apart("a b bc"), "a b", "a bc", ["c"], [])
