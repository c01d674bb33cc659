"""Search finds units by explanations, tokens and meaning, says why, and survives any text."""

import time
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from app.errors import BadRequestError, NotFoundError
from app.store.engine import begin, open_session
from app.store.queries import search as searching
from app.store.queries.search import RANKED, search, search_explanations
from app.store.search import matching
from app.store.search.asked import MOST_WORDS, read_asked
from app.store.search.index import EXPLANATIONS
from app.store.search.keys import explanation_key, id_of, last_key
from app.store.search.matching import END, find_keys
from app.store.search.vectors import nearest, without_vector, write_vectors
from app.store.search.words import listed_in, words_of, words_of_token
from app.store.tables import ModelTable
from app.store.views.search import FoundView, SearchView
from app.store.writing_explanations import ExplanationRow, write_explanations
from tests.conftest import Filled
from tests.store import rows
from tests.store.claims import PROGRAM, rules

TEXTS = (
    ("Fires at whales and other animals of the sea.", 0.9),
    ("Names of ships, mostly.", 0.7),
    ("The sea; ships at sea, ships in harbour.", 0.8),
    ("Negation: not, never, no.", None),
    ("Naïve café words", 0.2),
    ("Numbers in brackets", -0.1),
)


@pytest.fixture
def explained(engine: Engine) -> Engine:
    """Two models; six units of the first are explained by rules, of which unit 2 has a program, and
    one by a language model."""
    with open_session(engine, commit=True) as session:
        first, second = rows.model(), rows.model("other")
        session.add_all([first, second])
        session.flush()
        session.add_all([rows.site(first.id), rows.site(first.id, "mlp.1"), rows.site(second.id)])
        sweep = rows.run(first.id)
        session.add(sweep)
        session.flush()
        first.current_run_id = sweep.id
        session.add(rows.run(first.id, "explain"))
    write(
        engine,
        [
            rules(unit, text, r=r, program=PROGRAM if unit == 2 else None)
            for unit, (text, r) in enumerate(TEXTS)
        ],
    )
    asked = [ExplanationRow(6, "a model", "current", "Animals.", None, 9.0, None, None, {})]
    write(engine, asked, method="language_model", site_id=2)
    return engine


def write(engine: Engine, explanations, *, method: str = "rules", site_id: int = 1) -> list[int]:
    with begin(engine) as connection:
        return write_explanations(
            connection, model_id=1, site_id=site_id, run_id=2, sweep_id=1, method=method,
            units=range(1000), rows=explanations,
        )  # fmt: skip


def ask(engine: Engine, query: str, **filters) -> SearchView:
    with open_session(engine) as session:
        return search(session, query=query, **filters)


def units(view: SearchView) -> list[int]:
    return [item.index for item in view.items]


def hits(item: FoundView) -> dict[str, list[str]]:
    return {
        reason.field: [piece.text for piece in reason.marked.pieces if piece.hit]
        for reason in item.reasons
        if reason.marked is not None
    }


def test_a_word_is_found_whatever_its_case_accent_or_number(explained: Engine):
    assert units(ask(explained, "HARBOURS")) == [2]
    assert units(ask(explained, "naive cafes")) == [4]
    assert units(ask(explained, "ship")) == units(ask(explained, "Ships"))


def test_all_words_must_be_there_and_a_phrase_in_its_order(explained: Engine):
    assert set(units(ask(explained, "sea ships"))) == {2}
    assert units(ask(explained, '"ships at sea"')) == [2]
    assert units(ask(explained, '"sea ships"')) == [2]  # "The sea; ships": only words count
    assert units(ask(explained, '"harbour ships"')) == []


def test_the_reason_is_the_text_with_the_words_marked(explained: Engine):
    (item,) = ask(explained, "animals sea whales").items
    assert hits(item)["explanation"] == ["whales", "animals", "sea"]
    (reason, *_) = item.reasons
    assert reason.marked is not None
    assert "".join(piece.text for piece in reason.marked.pieces) == TEXTS[0][0]
    assert item.explanation is not None
    assert reason.explanation_id == item.explanation.id
    assert item.explanation.headline.r == pytest.approx(0.9)


def test_texts_that_a_program_lists_are_found_and_shown(explained: Engine):
    view = ask(explained, "ship harbour")
    assert hits(view.items[0])["program"] == [" ship"]


def test_a_long_text_is_cut_around_the_words(explained: Engine):
    write(explained, [rules(7, "begin " + 60 * "filler " + "needle" + 60 * " filler")])
    (item,) = ask(explained, "needle").items
    marked = item.reasons[0].marked
    assert marked is not None
    assert (marked.cut_before, marked.cut_after) == (True, True)
    assert sum(len(piece.text) for piece in marked.pieces) < 300


def test_filters_leave_a_model_a_site_a_method_a_score(explained: Engine):
    assert units(ask(explained, "animals", model="toy")) == [0, 6]
    assert units(ask(explained, "animals", model="toy", site="mlp.1")) == [6]
    assert units(ask(explained, "animals", method="language_model")) == [6]
    assert units(ask(explained, "animals", model="other")) == []
    assert units(ask(explained, "fires at", r_min=0.5)) == [0]


@pytest.mark.parametrize(("r_min", "there"), [(0.7, True), (0.7001, False), (-1, True), (1, False)])
def test_the_least_score_is_kept_exactly(explained: Engine, r_min: float, there: bool):
    assert bool(ask(explained, '"names of ships"', r_min=r_min).items) is there


def test_what_has_no_score_passes_no_least_score(explained: Engine):
    assert units(ask(explained, "negation")) == [3]
    assert units(ask(explained, "negation", r_min=-1)) == []


@pytest.mark.parametrize(
    "filters",
    [{"model": "nobody"}, {"model": "toy", "site": "mlp.9"}, {"model": "\0"}],
)
def test_a_model_or_site_that_is_not_there_is_not_found(explained: Engine, filters):
    with pytest.raises(NotFoundError):
        ask(explained, "animals", **filters)


@pytest.mark.parametrize("filters", [{"r_min": 2}, {"site": "mlp.0"}, {"method": "magic"}])
def test_a_filter_that_means_nothing_is_refused(explained: Engine, filters):
    with pytest.raises(BadRequestError):
        ask(explained, "animals", **filters)


def test_nothing_found_says_what_to_leave_out(explained: Engine):
    assert "Type a word" in str(ask(explained, "  ").note)
    assert "Try other words" in str(ask(explained, "kraken").note)
    assert "Nothing has: kraken." in str(ask(explained, "sea kraken").note)
    assert "nothing has all" in str(ask(explained, "negation brackets").note)
    assert "without them" in str(ask(explained, "negation", model="other").note)


HOSTILE = (
    '"', '""', '"a', 'a"b', "AND", "OR NOT", "NEAR(a b)", "a*", "words : sea", "{words}", "'", "''",
    "sea'; DROP TABLE explanations; --", "a & | ! <-> b", ":*", "\\", "%", "\0", "sea\0ships", "(",
    "^sea", "-sea", "+", "🦉", "漢字", "\ud800", "x" * 10_000, "sea " * 5_000, '"' * 999, "<->",
)  # fmt: skip


@pytest.mark.parametrize("query", HOSTILE, ids=range(len(HOSTILE)))
def test_no_query_is_wrong(explained: Engine, query: str):
    view = ask(explained, query)
    assert view.items or view.note


@settings(max_examples=60)
@given(query=st.text(max_size=60))
def test_whatever_is_typed_is_only_words(query: str):
    asked = read_asked(query)
    assert sum(map(len, asked.phrases)) <= MOST_WORDS
    assert all(not set(word) & set("\"'()*:^-& |!<>\\\0") for word in asked.words)


def test_more_words_than_are_looked_at_are_named(explained: Engine):
    view = ask(explained, "animals sea whales " + " ".join(f"w{n}" for n in range(40)))
    assert len(view.words) == MOST_WORDS


def test_pages_follow_each_other_and_a_cursor_fits_only_its_question(explained: Engine):
    write(
        explained, [rules(unit, "Many are alike.", r=unit / 100) for unit in range(50)], site_id=2
    )
    seen, cursor = [], None
    while True:
        view = ask(explained, "alike", limit=20, cursor=cursor)
        seen += units(view)
        cursor = view.next_cursor
        if cursor is None:
            break
    assert seen == list(range(49, -1, -1))
    cursor = ask(explained, "alike", limit=20).next_cursor
    with pytest.raises(BadRequestError):
        ask(explained, "many", cursor=cursor)


def test_of_very_many_the_best_tested_are_ranked_and_the_answer_says_so(explained: Engine):
    n = RANKED + 100
    write(
        explained,
        [rules(unit, "Common.", r=unit / n, program=None) for unit in range(n)],
        site_id=2,
    )
    view = ask(explained, "common")
    assert view.items[0].index == n - 1
    (considered,) = [one for one in view.considered if one.what == "explanations"]
    assert (considered.n, considered.more) == (RANKED, True)
    assert not next(one for one in ask(explained, "animals").considered).more


def test_units_are_found_by_tokens_they_peak_at_and_tokens_they_write(filled: Filled):
    with open_session(filled.engine) as session:
        view = search(session, query="return", limit=50)
        assert view.items
        fields = {reason.field for item in view.items for reason in item.reasons}
    assert {"peaks", "promoted", "suppressed"} & fields
    for item in view.items:
        for words in hits(item).values():
            assert words
            assert all("return" in word for word in words)


def test_punctuation_is_found_as_a_token(filled: Filled):
    with open_session(filled.engine) as session:
        view = search(session, query="();", limit=50)
    assert view.items
    assert all("();" in words for item in view.items for words in hits(item).values())


def test_units_of_a_sweep_that_is_not_shown_are_not_found(filled: Filled):
    with open_session(filled.engine) as session:
        model = session.query(ModelTable).first()
        assert model is not None
        model.current_run_id = None
        session.flush()
        view = search(session, query="return", model=model.name, limit=50)
    assert not {r.field for item in view.items for r in item.reasons} & {"peaks", "promoted"}
    assert [one.what for one in view.considered] == ["explanations"]


def axis(n: int, tilt: float = 0.0) -> np.ndarray:
    """A direction of 128 numbers in which number n is large."""
    vector = np.full(128, -0.01, np.float32)
    vector[n], vector[(n + 1) % 128] = 1, tilt
    return vector / np.linalg.norm(vector)


def test_meaning_finds_what_has_none_of_the_words(explained: Engine):
    with open_session(explained) as session:
        lines, _ = search_explanations(session, query="whales")
        others, _ = search_explanations(session, query="brackets")
    with begin(explained) as connection:
        write_vectors(connection, [lines[0].id, others[0].id], np.stack([axis(3), axis(60)]))
    view = ask(explained, "mammal", vector=axis(3, tilt=0.5))
    assert (units(view), view.semantic) == ([0], True)
    (reason,) = view.items[0].reasons
    assert reason.field == "meaning"
    assert reason.cosine == pytest.approx(axis(3) @ axis(3, tilt=0.5), abs=2e-3)
    assert [one.n for one in view.considered if one.what == "meaning"] == [1]
    assert units(ask(explained, "mammal", vector=axis(3), model="toy", site="mlp.1")) == []
    assert units(ask(explained, "mammal", vector=axis(3), r_min=0.95)) == []


def test_what_both_words_and_meaning_find_comes_first(explained: Engine):
    with open_session(explained) as session:
        by_id = {line.text: line.id for line in search_explanations(session, query="ship")[0]}
    with begin(explained) as connection:
        write_vectors(connection, [by_id[TEXTS[1][0]]], axis(5)[None])
    assert units(ask(explained, "ships"))[0] != 1
    assert units(ask(explained, "ships", vector=axis(5)))[0] == 1


def test_vectors_written_later_are_seen_and_those_of_deleted_rows_are_not(explained: Engine):
    with open_session(explained) as session:
        ids = [line.id for line in search_explanations(session, query="animals")[0]]
        assert nearest(session, axis(9), n=5) == []
    with begin(explained) as connection:
        assert {number for number, _ in without_vector(connection, n_dims=128)} >= {*ids}
        write_vectors(connection, ids[:2], np.stack([axis(9), axis(40)]))
        assert not {number for number, _ in without_vector(connection, n_dims=128)} & {*ids[:2]}
    with open_session(explained) as session:
        assert [near.explanation_id for near in nearest(session, axis(9), n=5)] == ids[:1]
    write(explained, [])
    with open_session(explained) as session:
        assert nearest(session, axis(9), n=5) == []


def test_the_nearest_of_thousands_are_found(explained: Engine):
    generator = np.random.default_rng(0)
    n = 3000
    numbers = write(explained, [rules(unit, "x", program=None) for unit in range(n)], site_id=2)
    vectors = generator.normal(size=(n, 384)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    with begin(explained) as connection:
        write_vectors(connection, numbers, vectors)
    found = 0
    with open_session(explained) as session:
        for at in range(20):
            asked = vectors[at] + generator.normal(0, 0.04, 384).astype(np.float32)
            asked /= np.linalg.norm(asked)
            found += nearest(session, asked, n=1)[0].explanation_id == numbers[at]
    assert found == 20


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
    candidate = searching.Candidate()

    def reasons():
        return [one.field for one in searching._reasons(asked, candidate, line, said, {})]

    assert reasons() == ["program"]
    monkeypatch.setattr(searching, "LOOKED_AT", 2)
    assert reasons() == []


@pytest.mark.parametrize("few", [0, 3])
@pytest.mark.parametrize("small", [1, 30])
def test_the_best_are_found_whatever_steps_are_taken(explained, monkeypatch, few, small):
    """On PostgreSQL tiers are asked in steps, at sizes that only large stores reach."""
    monkeypatch.setattr(matching, "STEPS", (10, 40, 120))
    monkeypatch.setattr(matching, "FEW", few)
    monkeypatch.setattr(matching, "SMALL", small)
    monkeypatch.setattr(matching, "_ends", {})
    generator = np.random.default_rng(3)
    said = [
        " ".join(word for word, share in SHARES.items() if generator.random() < share)
        for _ in range(300)
    ]
    rs = [None if n % 9 == 0 else float(r) for n, r in enumerate(generator.beta(2, 3, 300))]
    claims = [
        rules(unit, f"Said: {text}.", r=r, program=None)
        for unit, (text, r) in enumerate(zip(said, rs, strict=True))
    ]
    ids = write(explained, claims, site_id=2)
    keys = {explanation_key(number, r): text for number, r, text in zip(ids, rs, said, strict=True)}
    for words in ("common", "half", "seldom", "common seldom", "half common", "low"):
        for below in (END, last_key(0.5)):
            expected = sorted(
                key
                for key, text in keys.items()
                if key < below and {*words.split()} <= {*text.split()}
            )[:12]
            with open_session(explained) as session:
                asked = read_asked(words)
                found = find_keys(session, EXPLANATIONS, asked, below=below, n=12)
            assert found == expected, words


SHARES = {"common": 0.9, "half": 0.5, "low": 0.2, "seldom": 0.03}
