"""Runs of a network with some of its units only."""

from dataclasses import replace

import pytest
import torch

from analysis.circuits.judging import judge_of
from analysis.circuits.keeping import batches, keep_gradient, kept_values, stand_ins, trace_pairs
from analysis.circuits.pairs import run_sides
from analysis.circuits.patching import patch
from analysis.circuits.planted.asking import METRIC, task_pairs
from analysis.circuits.units import Units
from analysis.errors import TaskError


@pytest.fixture(scope="module")
def toy(subject):
    planted, sides = subject("chain")
    pairs = task_pairs(planted.planted)
    return planted, sides, pairs, Units(tuple(planted.model.sites))


def test_a_network_that_keeps_all_its_units_is_the_untouched_one(toy):
    planted, _sides, pairs, units = toy
    for ablation in ("resample", "mean", "zero"):
        others = stand_ins(planted.model, METRIC, pairs, ablation)
        for batch in batches(planted.model, METRIC, pairs, others):
            found = kept_values(batch, units, torch.ones(len(units)))
            torch.testing.assert_close(found, batch.whole)


def test_leaving_out_one_unit_is_patching_it(toy):
    planted, sides, pairs, units = toy
    (batch,) = batches(planted.model, METRIC, pairs)
    for number in (0, len(units) // 2, len(units) - 1):
        keep = torch.ones(len(units))
        keep[number] = 0
        unit = units.ref(number)
        found = kept_values(batch, units, keep) - batch.whole
        torch.testing.assert_close(found, patch(sides, unit.site, [unit.index])[0])


def test_the_gradient_of_keeping_is_that_of_small_steps(toy):
    planted, _, pairs, units = toy
    (batch,) = batches(planted.model, METRIC, pairs)
    keep = torch.full((len(units),), 0.6)
    gradient, values = keep_gradient(batch, units, keep, lambda found: found.sum())
    step = 1e-3 * torch.randn(len(units), generator=torch.Generator().manual_seed(0))
    after = (
        kept_values(batch, units, keep + step).sum() - kept_values(batch, units, keep - step).sum()
    )
    assert float(after) == pytest.approx(float(2 * gradient @ step), rel=0.05, abs=1e-5)
    torch.testing.assert_close(values, kept_values(batch, units, keep))


def test_what_is_ablated_to_zero_or_to_its_mean_has_that_value(toy):
    planted, _, pairs, _units = toy
    zero = stand_ins(planted.model, METRIC, pairs, "zero")
    mean = stand_ins(planted.model, METRIC, pairs, "mean")
    n_pos = len(pairs[0].clean.tokens)
    (traced,) = trace_pairs(planted.model, METRIC, pairs)
    for site in planted.model.sites:
        assert not zero.at(n_pos)[site.name].any()
        both = torch.cat([traced.clean.values[site.name], traced.counterfactual.values[site.name]])
        found = mean.at(n_pos)[site.name][0]
        torch.testing.assert_close(found[0], both[:, 0].mean(0))
        torch.testing.assert_close(found[-1], both[:, 1:].mean((0, 1)))


def test_units_are_counted_in_the_order_of_computation(toy):
    *_, units = toy
    row = torch.arange(float(len(units)))
    parts = units.by_site(row)
    torch.testing.assert_close(units.in_a_row(parts), row)
    for number in range(len(units)):
        ref = units.ref(number)
        assert units.number(ref) == number
        assert parts[ref.site][ref.index] == number
        assert units.layer(number) == int(ref.site.partition(".")[2])
    with pytest.raises(ValueError, match="no unit"):
        units.number(ref.model_copy(update={"index": 10**6}))


def test_a_metric_that_no_unit_has_part_in_is_refused_with_what_to_change(toy):
    """Pairs whose sides are the same to every unit: what stands in is what stood there."""
    planted, _, pairs, units = toy
    found = batches(planted.model, METRIC, pairs)
    same = [
        replace(batch, others=run_sides(planted.model, METRIC, pairs).clean.values)
        for batch in found
    ]
    with pytest.raises(TaskError, match="no circuit can be told") as caught:
        judge_of(same, units)
    assert caught.value.hint
