"""Search finds units by explanations, tokens and meaning, says why, and survives any text."""

import time

import numpy as np
import pytest
from sqlalchemy import Engine

from app.errors import BadRequestError, NotFoundError
from app.store.engine import open_session
from app.store.queries.ranking import RANKED
from app.store.queries.search import search
from app.store.search import matching
from app.store.search.asked import MOST_WORDS, read_asked
from app.store.search.index import EXPLANATIONS
from app.store.search.keys import explanation_key, last_key
from app.store.search.matching import END, find_keys
from app.store.search.words import LONGEST_PROGRAM
from app.store.tables import ModelTable
from tests.conftest import Filled
from tests.store.asking import TEXTS, ask, hits, units, write
from tests.store.claims import rules


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


def test_programs_with_megabytes_of_comments_cost_a_search_next_to_nothing(explained: Engine):
    """Of processor time of this process: without a bound each is gone over for a quarter second."""
    program = "when always -> 1\n" + "# \n" * 1_300_000
    write(explained, [rules(n, "Megabytes.", program=program) for n in range(12)], site_id=2)
    started = time.process_time()
    view = ask(explained, "megabytes")
    assert time.process_time() - started < 0.8
    assert units(view) == [*range(12)]


def test_what_a_program_lists_behind_the_part_looked_through_is_not_found(explained: Engine):
    listed = 'when token in {" kraken"} -> 1\n'
    comment = "# " + "x" * LONGEST_PROGRAM + "\n"
    both = [
        rules(0, "Early.", program=listed + comment),
        rules(1, "Late.", program=comment + listed),
    ]
    write(explained, both, site_id=2)
    view = ask(explained, "kraken")
    assert units(view) == [0]
    assert hits(view.items[0])["program"] == [" kraken"]


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
