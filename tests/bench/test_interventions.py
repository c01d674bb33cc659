"""What edits cost is measured on the demo's model, alone and behind the services."""

from pathlib import Path

import pytest

from analysis.worker.bench.interventions import measure
from app.bench.interventions_served import measure as measure_served
from app.settings import get_settings


@pytest.fixture
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATCHCLAMP_DATA", str(tmp_path))
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


@pytest.mark.usefixtures("_own_folder")
def test_both_measurements_in_quick():
    found = {one.name: one.value for one in measure(True)}
    assert {"interventions.ablate_ratio", "interventions.pair_ratio"} < found.keys()
    assert found["interventions.ablate_ratio"] > 0
    assert found["interventions.layer_speedup"] > 0
    assert found["interventions.atp_r"] > 0.5
    served = {one.name: one.value for one in measure_served(True)}
    assert served["interventions.overhead_p50_ms"] > 0
    assert served["interventions.together_errors"] == 0
    assert served["interventions.together_crossed"] == 0
