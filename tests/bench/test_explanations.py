"""The benchmarks of explanations, on small models. No figure of the real model is tested here."""

import math
from pathlib import Path

import pytest

from analysis.worker.bench import (
    explanations,
    explanations_exemplars,
    explanations_planted,
    recorded,
)
from app.bench.measurement import Measurement
from app.settings import get_settings
from tests.analysis.models.tiny_gguf import write_tiny_gguf

FEW = {"fit": 24, "calibration": 12, "test": 16, "ood": 12}


def by_name(measured: list[Measurement]) -> dict[str, float]:
    assert all(math.isfinite(one.value) for one in measured)
    return {one.name: one.value for one in measured}


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A toy in the demo model's place, and few windows."""
    write_tiny_gguf(tmp_path / "toy.gguf", n_ctx=128)
    monkeypatch.setattr(explanations, "find_gguf", lambda: tmp_path / "toy.gguf")
    monkeypatch.setattr(recorded, "WINDOWS", FEW)
    monkeypatch.setattr(recorded, "SEEN", {"test": 4})
    monkeypatch.setenv("PATCHCLAMP_DATA", str(tmp_path / "data"))
    get_settings.cache_clear()


@pytest.mark.usefixtures("toy")
def test_every_neuron_counts_and_every_layer_stands_beside_its_lookup() -> None:
    measured = list(explanations.measure(quick=True))
    values = by_name(measured)
    assert {
        "explanations.concise_r", "explanations.full_r", "explanations.lookup_r",
        "explanations.lookup_120_r", "explanations.lookup_12_r", "explanations.ood_r",
        "explanations.units_per_second_core", "explanations.layers_below_lookup_120",
        "explanations.null_claimed", "explanations.full_bits",
    } <= values.keys()  # fmt: skip
    layers = [one for one in measured if one.name.startswith("explanations.mlp.")]
    assert layers
    assert all("lookup_120" in one.what for one in layers)
    mean = sum(one.value for one in layers) / len(layers)
    assert values["explanations.concise_r"] == pytest.approx(mean, abs=1e-6)
    assert values["explanations.silent"] >= 0


@pytest.mark.usefixtures("toy")
def test_pools_are_compared_with_and_without_exemplars(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explanations_exemplars, "POOL", {"fit": 12, "calibration": 12, "test": 12})
    monkeypatch.setattr(explanations_exemplars, "SEARCHED", {"fit": 300, "test": 60})
    values = by_name(list(explanations_exemplars.measure(quick=True)))
    assert values.keys() == {
        f"explanations.{name}.{figure}"
        for name in ("pool", "exemplars")
        for figure in ("corpus_r", "top_random_r", "units_per_second_core")
    }
    assert all(-1 <= value <= 1 for name, value in values.items() if name.endswith("_r"))


def test_planted_neurons_are_recovered_and_noise_is_left_alone() -> None:
    values = by_name(list(explanations_planted.measure(quick=True)))
    assert values["explanations.planted.recovered"] >= 0.9
    assert values["explanations.planted.exact"] >= 0.75
    assert values["explanations.planted.noise_silent"] >= 0.85
