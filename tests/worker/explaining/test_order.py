"""In which order units are explained."""

import numpy as np

from analysis.worker.explaining.order import chunks_of

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
