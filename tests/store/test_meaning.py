"""Search by meaning: what has none of the words, beside what has."""

import numpy as np
import pytest
from sqlalchemy import Engine

from app.store.claiming import Claim, create_explanation, edit_explanation, withdraw_explanation
from app.store.engine import begin, open_session
from app.store.queries.ranking import RANKED
from app.store.queries.search import search_explanations
from app.store.search.vectors import nearest, without_vector, write_vectors
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
