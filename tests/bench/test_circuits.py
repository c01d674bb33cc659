"""The benchmark of circuits: every method beside exact patching, on planted models."""

import pytest

from analysis.circuits.attribution import METHODS
from analysis.worker.bench import circuits_planted


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
    assert values["circuits.planted.edge_auroc"] > 0.95
    assert values["circuits.planted.backups_told"] == 1
