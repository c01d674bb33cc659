"""A tiny model of an architecture, and requests about it."""

from pathlib import Path

import pytest
import torch

from analysis.interventions.clean import CleanRuns
from analysis.interventions.surroundings import Surroundings
from analysis.models import load_model
from tests.analysis.interventions.asking import Subject
from tests.analysis.models.tiny import make_tiny


@pytest.fixture
def surroundings() -> Surroundings:
    return Surroundings(
        check=lambda: None, array=lambda _: None, traces=CleanRuns(2**26), code_version="test"
    )


@pytest.fixture
def subject(tmp_path: Path, surroundings: Surroundings):
    """Of an architecture, or with other surroundings: `subject("gpt2")`."""

    def make(architecture: str = "llama") -> Subject:
        folder = make_tiny(architecture, tmp_path / architecture)
        model = load_model(
            str(folder), dtype=torch.float32, device=torch.device("cpu"), cache=tmp_path / "cache"
        )
        return Subject(architecture, folder, model, surroundings)

    return make
