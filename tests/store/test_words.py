"""What search takes for words: of questions, of texts, of tokens and of programs."""

import time
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.store.queries import found
from app.store.queries.ranking import Candidate
from app.store.search.asked import MOST_WORDS, read_asked
from app.store.search.keys import explanation_key, id_of, last_key
from app.store.search.marking import density
from app.store.search.words import listed_in, words_of, words_of_token


@settings(max_examples=60)
@given(query=st.text(max_size=60))
def test_whatever_is_typed_is_only_words(query: str):
    asked = read_asked(query)
    assert sum(map(len, asked.phrases)) <= MOST_WORDS
    assert all(not set(word) & set("\"'()*:^-& |!<>\\\0") for word in asked.words)


def test_keys_put_the_best_first_and_give_the_id_back():
    keys = [explanation_key(7, r) for r in (1.0, 0.5, 0.0, -0.5, -1.0, None)]
    assert keys == sorted(keys)
    assert {id_of(key) for key in keys} == {7}
    assert explanation_key(7, 0.5) < last_key(0.5) <= explanation_key(1, 0.49)


def test_words_are_cut_alike_for_every_script():
    assert words_of("Ships’ bodies, GLASSES & status_code") == [
        "ship", "body", "glasse", "status_code",
    ]  # fmt: skip
    assert words_of("漢字 и Ёлки") == ["漢", "字", "и", "елки"]
    assert words_of_token(" the") == ["the"]
    assert words_of_token("();") == ["zx28293b"]
    assert words_of_token("\n") == ["zx0a"]
    assert list(listed_in(r'when token in {" a", "\"", "\n", "\u{1F989}"} -> 1')) == [
        " a", '"', "\n", "🦉",
    ]  # fmt: skip


def test_quotes_in_comments_and_patterns_list_nothing():
    program = """when token in {" a"} -> 1 # says "no"
when token matches /"[a-z]\\/"/ and token in {" b"} -> 1 # "
when token in {"c"} -> 1"""
    assert list(listed_in(program)) == [" a", " b", "c"]


@pytest.mark.parametrize("unit", [r"\"", '"', r"/\"", r"\/", "/", "\\"])
@pytest.mark.parametrize("start", ["", '"', "/", "#"])
def test_what_is_listed_is_read_in_a_moment_whatever_stands_there(unit, start):
    before = time.process_time()
    for _ in listed_in(start + unit * 60_000):
        pass
    assert time.process_time() - before < 2


def test_of_a_program_that_lists_much_a_bounded_part_is_looked_at(monkeypatch):
    asked = read_asked("whale")
    said = {5: 'when token in {"a", "b", " whale"} -> 1'}
    line = SimpleNamespace(id=5, text="Animals")
    candidate = Candidate()

    def reasons():
        return [one.field for one in found._reasons(asked, candidate, line, said, {})]

    assert reasons() == ["program"]
    monkeypatch.setattr(found, "LOOKED_AT", 2)
    assert reasons() == []


def test_a_word_of_one_letter_is_counted_where_it_stands():
    assert density("An x and a y", ["y"]) == 1 / 5
    assert density("No such letter", ["y"]) == 0
    assert density("Ships and bodies", ["body"]) == 1 / 3
