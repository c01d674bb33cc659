"""The benchmark of circuits: every method beside exact patching, on planted models."""

from analysis.circuits.attribution import METHODS
from analysis.worker.bench import circuits


def test_every_method_is_measured_beside_exact_patching_with_its_interval() -> None:
    values = {one.name: one.value for one in circuits.measure(quick=True)}
    for method in (*METHODS, "exact"):
        name = f"circuits.planted.node_auroc.{method}"
        assert 0 <= values[f"{name}.low"] <= values[name] <= values[f"{name}.high"] <= 1
    alone = "circuits.planted.node_auroc_without_backups"
    assert values[f"{alone}.exact"] == 1
    assert values["circuits.planted.node_auroc.exact"] < 1, "a backup does nothing by itself"
    assert values[f"{alone}.difference"] < values[f"{alone}.atp"]
