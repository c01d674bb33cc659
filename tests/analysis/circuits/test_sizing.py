"""What a search needs, told beforehand: it grows with what is asked, by counts made by hand."""

from dataclasses import replace

import pytest

from analysis.circuits import sizing
from analysis.circuits.sizing import FIXED, n_search_bytes, n_search_passes
from analysis.records import ModelFacts
from analysis.tasks.task import Pair, Side

SMALL = ModelFacts(
    architecture="toy", n_layers=2, d_model=8, d_mlp=32, n_heads=2, d_head=4, n_ctx=64, n_vocab=50,
    n_parameters=1, gated=False, activation_function="relu", norm="rms", norm_behind=False,
    linear_head=True, quantised=None, causal=True, bos_token_id=None, named_bos_token_id=None,
    weights_sha256="", tokenizer_sha256="",
)  # fmt: skip


def pairs(n: int, *, n_pos: int = 5) -> list[Pair]:
    side = Side(text="a", tokens=tuple(range(n_pos)))
    other = Side(text="b", tokens=tuple(range(1, n_pos + 1)))
    return [Pair(clean=side, counterfactual=other, name=str(number)) for number in range(n)]


def passes(n: int, held: int = 0, *, facts=SMALL, most_units=4, steps=10) -> float:
    return n_search_passes(facts, pairs(n), pairs(held), most_units=most_units, steps=steps)


def n_bytes(n: int, held: int = 0, *, facts=SMALL, n_pos: int = 5, **more) -> int:
    """Of what grows."""
    parts = pairs(n, n_pos=n_pos), pairs(held, n_pos=n_pos)
    return n_search_bytes(facts, *parts, **{"most_units": 4, **more}) - FIXED


def test_a_step_of_the_ranking_is_a_run_and_a_way_back_of_a_batch():
    assert passes(1, steps=11) - passes(1, steps=10) == 3
    assert passes(5, steps=11) - passes(5, steps=10) == 15
    assert passes(100, steps=11) - passes(100, steps=10) == 3 * 8  # eight pairs at once


def test_each_layer_is_ablated_once_for_every_pair_that_effects_are_told_of():
    deeper = replace(SMALL, n_layers=5)
    assert passes(1, facts=deeper) - passes(1) == 3
    assert passes(4, facts=deeper) - passes(4) == 12
    assert passes(100, facts=deeper) - passes(100) == 3 * 16


def test_time_grows_with_pairs_units_and_held_out_prompts():
    told = [passes(n) for n in (1, 2, 4, 8, 16, 32, 64, 128)]
    assert told == sorted(set(told))
    told = [passes(8, held) for held in (8, 16, 32)]
    assert told == sorted(set(told))
    told = [passes(8, most_units=n) for n in (1, 16, 256)]
    assert told == sorted(set(told))
    assert passes(8, 8) > passes(8)  # it is proved on both


def test_memory_grows_with_pairs_their_length_held_out_prompts_and_units():
    for told in (
        [n_bytes(n) for n in (1, 2, 4, 8, 32, 128)],
        [n_bytes(8, held) for held in (1, 8, 64)],  # of none, others are proved on instead
        [n_bytes(8, n_pos=n_pos) for n_pos in (2, 5, 50, 500)],
        [n_bytes(8, most_units=n) for n in (1, 16, 256)],
    ):
        assert told == sorted(set(told))


@pytest.mark.parametrize("size", ["n_layers", "d_model", "d_mlp", "n_heads", "d_head", "n_vocab"])
def test_memory_grows_with_the_model(size):
    larger = replace(SMALL, **{size: 2 * getattr(SMALL, size)})
    assert n_bytes(8, 8) < n_bytes(8, 8, facts=larger) < 2.5 * n_bytes(8, 8)


def test_memory_is_at_least_what_stands_in_for_every_unit_of_every_pair():
    """12 pairs of 5 tokens; 2 layers of 32 neurons and 2 heads of 4 values; 4 bytes each."""
    assert n_bytes(8, 4) > 12 * 5 * 2 * (32 + 2 * 4) * 4


def test_a_long_prompt_that_is_held_out_counts_as_one_for_finding():
    short, long = pairs(8), pairs(1, n_pos=50)
    held_out = n_search_bytes(SMALL, short, long, most_units=4)
    assert held_out > n_search_bytes(SMALL, short, pairs(1), most_units=4) + 4 * 45 * 8 * (
        2 * (32 + 8)
    )


def test_values_of_twice_the_size_need_twice_the_memory():
    assert n_bytes(8, 8, n_bytes=8) == pytest.approx(2 * n_bytes(8, 8, n_bytes=4), abs=2)


def test_every_link_and_backup_that_is_run_counts(monkeypatch):
    before = passes(100)
    monkeypatch.setattr(sizing, "N_LINKS", sizing.N_LINKS + 1)
    assert passes(100) - before == 2 * 2 * 4  # one more of both kinds, at both ends
    before = passes(100)
    monkeypatch.setattr(sizing, "N_RUN", sizing.N_RUN + 1)
    assert passes(100) - before == 2 * 16
