"""The benchmark of causal evidence, on a toy. No figure of the real model is tested here."""

import math
from pathlib import Path

import pytest
import torch

from analysis.worker.bench import evidence, explanations, recorded
from app.settings import get_settings
from tests.analysis.models.tiny_gguf import write_tiny_gguf

FEW = {"fit": 24, "calibration": 12, "test": 12, "ood": 0}


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A toy in the demo model's place, and few windows."""
    write_tiny_gguf(tmp_path / "toy.gguf", n_ctx=128)
    monkeypatch.setattr(explanations, "find_gguf", lambda: tmp_path / "toy.gguf")
    monkeypatch.setattr(recorded, "WINDOWS", FEW)
    monkeypatch.setattr(recorded, "SEEN", {"test": 4})
    monkeypatch.setattr(evidence, "POOLS", {"fit": 24, "calibration": 12, "test": 12})
    monkeypatch.setenv("PATCHCLAMP_DATA", str(tmp_path / "data"))
    get_settings.cache_clear()


@pytest.mark.usefixtures("toy")
def test_every_neuron_is_counted_and_threads_are_given_back() -> None:
    threads = torch.get_num_threads()
    measured = list(evidence.measure(quick=True))
    assert torch.get_num_threads() == threads
    values = {one.name: one.value for one in measured}
    assert all(math.isfinite(value) for value in values.values())
    shares = [values[f"evidence.{name}_earned"] for name in ("predicts", "controls", "replaces")]
    assert all(0 <= share <= 1 for share in shares)
    assert values["evidence.units_per_minute_core"] > 0
    assert {"evidence.control_precision", "evidence.control_sign"} <= values.keys()
    assert all("untested" in one.what for one in measured if one.name.endswith("_earned"))
