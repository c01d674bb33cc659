"""A toy in the place of the demo's model: no figure of the real one is tested here."""

from pathlib import Path

import pytest

from analysis.tasks.generating import GENERATORS
from analysis.worker.bench import circuits_tasks, subjects, tasks
from app.settings import get_settings
from tests.analysis.models.tiny_gguf import write_tiny_gguf


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the tasks only the one that needs no words."""
    write_tiny_gguf(tmp_path / "toy.gguf", n_ctx=128)
    monkeypatch.setattr(subjects, "find_gguf", lambda: tmp_path / "toy.gguf")
    for module in (tasks, circuits_tasks):
        monkeypatch.setattr(module, "GENERATORS", {"induction": GENERATORS["induction"]})
    monkeypatch.setenv("PATCHCLAMP_DATA", str(tmp_path / "data"))
    get_settings.cache_clear()
