import pytest
import torch

from analysis.models import load_model, load_plain
from analysis.solving.measuring import reader_of_model
from tests.analysis.models.planted import make_planted
from tests.analysis.models.tiny import make_tiny


@pytest.fixture(scope="session")
def planted(tmp_path_factory):
    folder = make_planted(tmp_path_factory.mktemp("solving") / "planted").folder
    return load_plain(folder, dtype=torch.float32, device=torch.device("cpu"))


@pytest.fixture(scope="session")
def planted_reader(planted):
    return reader_of_model(planted)


@pytest.fixture(scope="session")
def load_tiny(tmp_path_factory):
    def load(architecture):
        top = tmp_path_factory.mktemp("solving")
        folder = make_tiny(architecture, top / architecture)
        device = torch.device("cpu")
        return load_model(str(folder), dtype=torch.float32, device=device, cache=top / "cache")

    return load
