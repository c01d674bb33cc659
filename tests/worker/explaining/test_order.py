"""In which order units are explained."""

import numpy as np
import pytest

from analysis.worker.explaining.order import Chunk, chunks_of, with_foils

SITES = {"mlp.0": range(300), "mlp.1": range(300), "attn.0": range(9)}


def test_every_unit_is_explained_once():
    chunks = chunks_of(SITES, seed=0)
    done = [(chunk.site, unit) for chunk in chunks for unit in chunk.units]
    assert sorted(done) == sorted((site, unit) for site, units in SITES.items() for unit in units)


def test_the_first_round_has_units_of_every_site():
    first = [chunk for chunk in chunks_of(SITES, seed=0) if chunk.round == 0]
    assert {chunk.site for chunk in first} == set(SITES)


def test_no_chunk_has_a_single_unit_where_the_site_has_more():
    assert min(len(chunk.units) for chunk in chunks_of(SITES, seed=0)) > 1


def test_what_is_done_first_is_a_random_sample():
    firsts = [chunks_of({"mlp.0": range(1000)}, seed=seed)[0].units for seed in range(200)]
    assert abs(np.mean(firsts) - 499.5) < 4 * 288.7 / np.sqrt(8 * 200)
    assert len(set(firsts)) == 200


def test_a_sample_is_of_all_units_alike():
    drawn = [
        unit if chunk.site == "mlp.0" else 300 + unit
        for seed in range(200)
        for chunk in chunks_of({"mlp.0": range(300), "mlp.1": range(300)}, seed=seed, sample=10)
        for unit in chunk.units
    ]
    assert len(drawn) == 2000
    assert abs(np.mean(drawn) - 299.5) < 4 * 173.2 / np.sqrt(2000)


def test_picked_units_stand_between_random_others_of_the_site():
    chunk = Chunk(0, "mlp.0", (3, 4, 5))
    units = with_foils(chunk, 300, seed=0, picked=True)
    assert units[::2] == [3, 4, 5]
    assert len(set(units)) == 6
    foils = [with_foils(chunk, 300, seed=seed, picked=True)[1] for seed in range(200)]
    assert abs(np.mean(foils) - 149.5) < 4 * 86.6 / np.sqrt(200)


@pytest.mark.parametrize(("n", "n_units"), [(1, 1), (2, 3), (9, 10)])
def test_a_small_site_has_fewer_others(n, n_units):
    units = with_foils(Chunk(0, "attn.0", tuple(range(n))), n_units, seed=0, picked=True)
    assert len(units) == len(set(units)) == n_units
    assert set(range(n)) <= set(units)


def test_a_random_sample_is_its_own_foil():
    chunk = Chunk(0, "mlp.0", tuple(range(8)))
    assert with_foils(chunk, 300, seed=0, picked=False) == list(chunk.units)
    alone = with_foils(Chunk(0, "mlp.0", (7,)), 300, seed=0, picked=False)
    assert alone[0] == 7
    assert len(alone) == 2
