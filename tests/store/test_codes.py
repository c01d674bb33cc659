"""Sentence embeddings in memory: what is nearest, whatever was added, replaced or taken away."""

import numpy as np
import pytest

from app.store.search import codes
from app.store.search.codes import Codes

N_DIMS = 384


def unit_vectors(n: int, seed: int = 0) -> np.ndarray:
    drawn = np.random.default_rng(seed).normal(size=(n, N_DIMS)).astype(np.float32)
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


def filled(vectors: np.ndarray, first_id: int = 1, site: int = 1) -> Codes:
    kept = Codes()
    numbers = range(first_id, first_id + len(vectors))
    kept.add(list(numbers), [site] * len(vectors), vectors.astype(np.float16))
    return kept


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codes, "BLOCK", 64)
    monkeypatch.setattr(codes, "AT_ONCE", 16)


def test_of_few_vectors_all_are_compared_and_cosines_are_right_to_two_thousandths() -> None:
    vectors, asked = unit_vectors(3000), unit_vectors(1, seed=1)[0]
    exact = vectors @ asked
    ids, cosines = filled(vectors).nearest(asked, 3000)
    assert sorted(ids) == list(range(1, 3001))
    np.testing.assert_allclose(cosines, exact[np.array(ids) - 1], atol=2e-3)
    assert cosines == sorted(cosines, reverse=True)


@pytest.mark.usefixtures("small_blocks")
def test_it_does_not_matter_where_a_block_ends_or_what_was_added_at_once() -> None:
    vectors, asked = unit_vectors(300), unit_vectors(1, seed=1)[0]
    apiece = Codes()
    for start, end in ((0, 1), (1, 63), (63, 200), (200, 300)):
        part = vectors[start:end].astype(np.float16)
        apiece.add(list(range(start + 1, end + 1)), [1] * (end - start), part)
    assert apiece.nearest(asked, 300) == filled(vectors).nearest(asked, 300)


@pytest.mark.usefixtures("small_blocks")
def test_where_many_are_kept_the_nearest_are_found_among_those_with_like_signs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(codes, "WIDE", 50)
    vectors = unit_vectors(2000)
    kept = filled(vectors)
    for at in range(0, 2000, 100):
        ids, cosines = kept.nearest(vectors[at], 3)
        assert ids[0] == at + 1
        assert cosines[0] == pytest.approx(1, abs=2e-3)
    assert 50 <= len(kept.nearest(vectors[0], 2000)[0]) <= 100


def test_a_vector_that_is_written_again_replaces_the_one_before() -> None:
    vectors = unit_vectors(10)
    kept = filled(vectors)
    kept.add([3], [1], -vectors[2:3].astype(np.float16))
    ids, cosines = kept.nearest(vectors[2], 100)
    assert sorted(ids) == list(range(1, 11))
    assert (ids[-1], round(cosines[-1], 2)) == (3, -1)


def test_what_is_forgotten_is_not_found_and_can_come_back() -> None:
    vectors = unit_vectors(10)
    kept = filled(vectors)
    kept.forget([3, 4, 999])
    assert not {3, 4, 999} & {*kept.nearest(vectors[2], 100)[0]}
    kept.add([3], [1], vectors[2:3].astype(np.float16))
    assert kept.nearest(vectors[2], 100)[0][0] == 3


def test_only_the_sites_that_are_asked_for_are_looked_through() -> None:
    vectors = unit_vectors(20)
    kept = filled(vectors, site=1)
    kept.add(list(range(21, 41)), [2] * 20, vectors.astype(np.float16))
    assert {*kept.nearest(vectors[0], 100, [2])[0]} == {*range(21, 41)}
    assert {*kept.nearest(vectors[0], 100, [1, 2, 77])[0]} == {*range(1, 41)}
    assert kept.nearest(vectors[0], 100, [77]) == ([], [])


def test_vectors_of_another_embedding_take_the_place_of_all() -> None:
    kept = filled(unit_vectors(10))
    other = np.eye(128, dtype=np.float16)[:2]
    kept.add([50, 51], [1, 1], other)
    assert kept.nearest(other[1].astype(np.float32), 5)[0] == [51, 50]
    assert kept.nearest(unit_vectors(1)[0], 5) == ([], [])


def test_a_vector_of_zeros_is_alike_to_nothing() -> None:
    kept = filled(np.zeros((1, N_DIMS), np.float32))
    assert kept.nearest(unit_vectors(1)[0], 5) == ([1], [0.0])
