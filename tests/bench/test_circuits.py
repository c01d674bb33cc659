"""The benchmark of circuits: every method beside exact patching, on planted models."""

import pytest
import torch

from analysis.circuits.attribution import METHODS
from analysis.worker.bench import (
    circuits_checks,
    circuits_cost,
    circuits_planted,
    circuits_tasks,
    subjects,
)


@pytest.fixture(scope="module")
def values() -> dict[str, float]:
    return {one.name: one.value for one in circuits_planted.measure(quick=True)}


def test_every_method_is_measured_beside_exact_patching_with_its_interval(
    values: dict[str, float],
) -> None:
    for method in (*METHODS, "exact"):
        name = f"circuits.planted.node_auroc.{method}"
        assert 0 <= values[f"{name}.low"] <= values[name] <= values[f"{name}.high"] <= 1
    alone = "circuits.planted.node_auroc_without_backups"
    assert values[f"{alone}.exact"] == 1
    assert values["circuits.planted.node_auroc.exact"] < 1, "a backup does nothing by itself"
    assert values[f"{alone}.difference"] < values[f"{alone}.atp"]


def test_what_a_search_tells_finds_all_nodes_and_every_backup(
    values: dict[str, float],
) -> None:
    assert values["circuits.planted.node_auroc"] == 1
    assert values["circuits.planted.edge_auroc"] > 0.9
    assert values["circuits.planted.found"] == 1
    assert values["circuits.planted.needless"] < 0.25
    assert values["circuits.planted.backups_told"] == 1
    assert 0 <= values["circuits.planted.backups_paired"] <= 1
    assert 0 <= values["circuits.planted.backups_wrong"] <= 1
    assert 0 < values["circuits.planted.run"] <= 1


@pytest.mark.usefixtures("toy")
def test_the_cost_of_scoring_stands_beside_bare_passes() -> None:
    values = {one.name: one.value for one in circuits_cost.measure(quick=True)}
    bare, scored = (values[f"circuits.attribution.{name}"] for name in ("bare", "scored"))
    assert values["circuits.attribution_ratio"] == pytest.approx(scored / bare)


@pytest.mark.usefixtures("toy")
def test_every_ranking_is_run_on_held_out_prompts_beside_random_units() -> None:
    values = {one.name: one.value for one in circuits_tasks.measure(quick=True)}
    for method in (*METHODS, "ig_kept", "nested", "random"):
        name = f"circuits.induction.{method}"
        assert {f"{name}.cpr", f"{name}.cmd", f"{name}.faithfulness_at_5.0%"} <= values.keys()
        assert values[f"{name}.faithfulness_at_100.0%"] == 1
    assert "circuits.faithfulness_at_5.induction" in values
    assert values["circuits.search.peak_memory"] <= values["circuits.search.memory_said_before"]


@pytest.mark.usefixtures("toy")
def test_a_ranking_is_learned_again_and_of_weights_in_random_order() -> None:
    values = {one.name: one.value for one in circuits_checks.measure(quick=True)}
    assert 0 <= values["circuits.again.alike_at_5.0%"] <= 1
    assert values["circuits.again.alike_at_5.0%.by_chance"] == pytest.approx(0.05 / 1.95)
    for method in ("nested", "ig_kept"):
        assert f"circuits.nothing.{method}.held_out.faithfulness_at_5.0%" in values
        assert f"circuits.nothing.{method}.finding.faithfulness_at_5.0%" in values


@pytest.mark.usefixtures("toy")
def test_with_its_weights_in_random_order_the_model_says_something_else() -> None:
    tokens = torch.tensor([[1, 2, 3, 4]])
    own, shuffled = subjects.editable_demo(), circuits_checks.shuffled_demo(0)
    with torch.no_grad():
        one, other = (model.logits(model.run(tokens))[0, -1] for model in (own, shuffled))
    assert one.shape == other.shape
    assert not torch.allclose(one, other, atol=0.1 * float(one.std()))
