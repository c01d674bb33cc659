"""Search by meaning: what has none of the words, beside what has."""

import numpy as np
import pytest
from sqlalchemy import Engine

from app.store.claiming import Claim, create_explanation, edit_explanation, withdraw_explanation
from app.store.engine import begin, open_session
from app.store.queries import search as searching
from app.store.queries.ranking import RANKED
from app.store.queries.search import search_explanations
from app.store.search.vectors import nearest, without_vector, write_vectors
from app.store.views.search import SearchView
from app.store.writing_explanations import ExplanationRow
from tests.store.asking import TEXTS, ask, units, write
from tests.store.claims import rules


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


def test_what_was_replaced_or_withdrawn_takes_no_place_from_what_counts(explained: Engine):
    """One claim edited more often than answers are looked at, beside one that is a little less
    near."""
    write(explained, [rules(0, "Counts.", program=None)], site_id=2)
    with open_session(explained) as session:
        (counts,) = search_explanations(session, query="counts")[0]
    with begin(explained) as connection:
        write_vectors(connection, [counts.id], axis(7, tilt=0.3)[None])
    with open_session(explained, commit=True) as session:
        claim = Claim("Edited often.", vector=axis(7))
        place = {"model": "toy", "site": "mlp.0", "index": 1}
        last = create_explanation(session, **place, claim=claim, actor="me")
        for _ in range(RANKED):
            last = edit_explanation(session, explanation_id=last.id, claim=claim, actor="me")
        withdraw_explanation(session, explanation_id=last.id, actor="me")
    with open_session(explained) as session:
        assert [near.explanation_id for near in nearest(session, axis(7), n=RANKED)] == [counts.id]
    assert units(ask(explained, "mammal", vector=axis(7))) == [0]


def meaning(view: SearchView) -> tuple[int, bool]:
    """How many were ranked, and whether there are more."""
    return next((one.n, one.more) for one in view.considered if one.what == "meaning")


def test_a_filter_narrows_before_the_nearest_are_taken(explained: Engine):
    """Of one method there are more, and nearer, than are ranked; of the other there is one."""
    n = RANKED + 20
    numbers = write(explained, [rules(k, "x", r=0.2, program=None) for k in range(n)], site_id=2)
    asked = [ExplanationRow(400, "a model", "current", "y", None, 9.0, None, None, {})]
    numbers += write(explained, asked, method="language_model", site_id=2)
    numbers += write_one_more(explained)
    tilts = [0.0] * n + [0.4, 0.5]
    with begin(explained) as connection:
        write_vectors(connection, numbers, np.stack([axis(7, tilt) for tilt in tilts]))
    every = ask(explained, "mammal", vector=axis(7))
    assert meaning(every) == (RANKED, True)
    by_method = ask(explained, "mammal", vector=axis(7), method="language_model")
    assert (units(by_method), meaning(by_method)) == ([400], (1, False))
    by_score = ask(explained, "mammal", vector=axis(7), r_min=0.5)
    assert (units(by_score), meaning(by_score)) == ([500], (1, False))


def write_one_more(engine: Engine) -> list[int]:
    """Well tested, of another site."""
    return write(engine, [rules(500, "z", r=0.9, program=None)], site_id=1)


def test_where_more_were_near_than_were_looked_through_the_answer_says_so(
    explained: Engine, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(searching, "LOOKED_THROUGH", RANKED + 10)
    n = RANKED + 20
    numbers = write(explained, [rules(k, "x", r=0.2, program=None) for k in range(n)], site_id=2)
    with begin(explained) as connection:
        write_vectors(connection, numbers, np.stack([axis(7)] * n))
    view = ask(explained, "mammal", vector=axis(7), r_min=0.5)
    assert (units(view), meaning(view)) == ([], (0, True))


def test_where_a_filter_leaves_nothing_that_means_alike_the_note_says_so(explained: Engine):
    with open_session(explained) as session:
        (line, *_) = search_explanations(session, query="whales")[0]
    with begin(explained) as connection:
        write_vectors(connection, [line.id], axis(3)[None])
    filtered = ask(explained, "mammal", vector=axis(3), method="hand")
    assert filtered.note == "Nothing passes these filters; without them there is something."
    assert "Try other words" in str(ask(explained, "mammal", vector=axis(90), method="hand").note)


def test_what_was_withdrawn_while_it_was_embedded_gets_no_vector(explained: Engine):
    with open_session(explained, commit=True) as session:
        (line, *_) = search_explanations(session, query="whales")[0]
        withdraw_explanation(session, explanation_id=line.id, actor="me")
    with begin(explained) as connection:
        write_vectors(connection, [line.id], axis(7)[None])
    with open_session(explained) as session:
        assert nearest(session, axis(7), n=5) == []


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
