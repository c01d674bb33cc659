"""The planted model does what it says: its neurons are the truth that other tests rely on."""

import pytest
import torch

from analysis.models import SubjectModel, load_model
from tests.analysis.models.planted import ID, Planted, make_planted, planted_documents

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def planted(tmp_path_factory) -> Planted:
    return make_planted(tmp_path_factory.mktemp("planted") / "planted")


@pytest.fixture(scope="module")
def windows(planted) -> torch.Tensor:
    model = _load(planted, torch.float32)
    encoded = [model.encode(text)[:127] for text in planted_documents(6, seed=3)]
    return torch.tensor([[ID["BOS"], *ids] for ids in encoded])


def _load(planted: Planted, dtype: torch.dtype) -> SubjectModel:
    return load_model(str(planted.folder), dtype=dtype, device=CPU, cache=planted.folder.parent)


def _record(model: SubjectModel, windows: torch.Tensor) -> dict[str, torch.Tensor]:
    kept: dict[str, torch.Tensor] = {}
    model.run(windows, record=lambda site, values: kept.__setitem__(site.name, values.float()))
    return kept


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_every_planted_unit_is_what_its_function_says(planted, windows, dtype):
    kept = _record(_load(planted, dtype), windows)
    averaged = {"depth", "bracket head"}
    for unit in planted.units:
        expected = torch.tensor([unit.expected(window) for window in windows.tolist()])
        recorded = kept[unit.site][..., unit.index]
        if unit.name not in averaged:
            assert torch.equal(recorded, expected), unit.name
        elif dtype == torch.float32:
            assert torch.allclose(recorded, expected, atol=1e-5), unit.name


def test_every_planted_cause_occurs_in_the_planted_documents(planted, windows):
    for unit in planted.units:
        values = {value for window in windows.tolist() for value in unit.expected(window)}
        assert len(values) > 1 or unit.name.startswith("dead"), unit.name


def test_a_planted_neuron_raises_the_logit_that_it_promotes(planted):
    model = _load(planted, torch.float32)
    unembedding = model.unembedding()
    for unit in planted.units:
        if unit.promotes is not None:
            logits = model.output_vectors(unit.site)[unit.index] @ unembedding
            assert logits.argmax() == ID[unit.promotes]


def test_the_previous_token_head_reads_exactly_the_token_before(planted, windows):
    model = _load(planted, torch.float32)
    patterns = []

    def record(site, _):
        patterns.extend(model.attention(site.name, torch.tensor([2]), torch.tensor([0])))

    model.run(windows, record=record, sites=["attn.0"])
    n = windows.shape[1]
    expected = torch.diag(torch.ones(n - 1), -1)
    expected[0, 0] = 1
    assert torch.equal(patterns[0], expected)


def test_noise_fills_the_other_neurons(planted, windows):
    kept = _record(_load(planted, torch.float32), windows)
    assert (kept["mlp.0"][..., 6:].std(dim=(0, 1)) > 0).all()
