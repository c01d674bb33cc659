"""The benchmark of tasks, on a toy. No figure of the real model is tested here."""

from pathlib import Path

import pytest

from analysis.tasks.generating import GENERATORS
from analysis.worker.bench import subjects, tasks
from app.settings import get_settings
from tests.analysis.models.tiny_gguf import write_tiny_gguf


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A toy in the demo model's place, and of the tasks the one that needs no words."""
    write_tiny_gguf(tmp_path / "toy.gguf", n_ctx=128)
    monkeypatch.setattr(subjects, "find_gguf", lambda: tmp_path / "toy.gguf")
    monkeypatch.setattr(tasks, "GENERATORS", {"induction": GENERATORS["induction"]})
    monkeypatch.setenv("PATCHCLAMP_DATA", str(tmp_path / "data"))
    get_settings.cache_clear()


@pytest.mark.usefixtures("toy")
def test_how_often_the_model_is_right_stands_beside_chance_and_its_interval() -> None:
    values = {one.name: one.value for one in tasks.measure(quick=True)}
    low, high = (values[f"tasks.induction.accuracy_{end}"] for end in ("low", "high"))
    assert 0 <= low <= values["tasks.induction.accuracy"] <= high <= 1
    assert values["tasks.induction.chance"] == 0.5
    assert {"tasks.induction.clean", "tasks.induction.counterfactual"} <= values.keys()
