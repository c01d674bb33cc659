"""Which units fire most, on a model whose every activation can be read beside."""

import numpy as np
import pytest
import torch

from analysis.errors import ModelError
from analysis.interventions.clean import CleanRuns
from analysis.interventions.surroundings import MissingArray, Surroundings
from analysis.live.activations import activations
from analysis.live.strongest import scored, strongest
from analysis.live.tokenize import tokenize
from analysis.models import load_plain
from analysis.protocol.activations import ActivationsRequest, StrongestRequest, TokenizeRequest
from analysis.protocol.model import ModelSpec
from tests.analysis.models.tiny import make_tiny_plain

SPEC = ModelSpec(
    name="tiny", source="tiny", kind="plain", weights_sha256="0" * 64, tokenizer_sha256="0" * 64
)
PROMPT = {"text": "a b c d"}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = make_tiny_plain(tmp_path_factory.mktemp("live") / "tiny")
    return load_plain(folder, dtype=torch.float32, device=torch.device("cpu"))


def around(check=lambda: None, **arrays):
    def array(digest):
        if digest not in arrays:
            raise MissingArray(digest)
        return arrays[digest]

    return Surroundings(check=check, array=array, traces=CleanRuns(1 << 20), code_version="tests")


def recorded(model, prompt=PROMPT):
    """Every site's activations on a prompt, [pos, unit]."""
    answer = tokenize(model, TokenizeRequest(model=SPEC, prompts=(prompt,)), around())
    found = {}

    def record(site, values):
        found[site.name] = values[0].float().clone()

    model.run(torch.tensor([[token.id for token in answer.prompts[0]]]), record=record)
    return found


def ask(model, surroundings=None, **wanted):
    request = StrongestRequest(model=SPEC, prompt=wanted.pop("prompt", PROMPT), **wanted)
    return strongest(model, request, surroundings or around())


def test_activations_are_those_of_the_forward_pass(model):
    units = ({"site": "attn.1", "index": 1}, {"site": "mlp.0", "index": 7})
    request = ActivationsRequest(model=SPEC, prompts=(PROMPT,), units=units)
    (prompt,) = activations(model, request, around()).prompts
    found = recorded(model)
    assert prompt.values[0] == tuple(found["attn.1"][:, 1].tolist())
    assert prompt.values[1] == tuple(found["mlp.0"][:, 7].tolist())
    assert len(prompt.tokens) == 5


def test_over_a_text_each_unit_is_ranked_where_it_is_strongest(model):
    answer = ask(model, n=6)
    found = recorded(model)
    every = sorted(
        (
            (float(values[1:, unit].max()), site, unit)
            for site, values in found.items()
            for unit in range(values.shape[1])
        ),
        reverse=True,
    )
    assert [(unit.score, unit.site, unit.index) for unit in answer.units] == every[:6]
    for unit in answer.units:
        assert unit.values == tuple(found[unit.site][:, unit.index].tolist())
        assert unit.values[unit.position] == unit.value == unit.score
        assert unit.position > 0


def test_at_every_token_the_strongest_are_told_without_the_first(model):
    answer = ask(model, by="token", n=3, sites=("mlp.1", "mlp.0"))
    found = recorded(model)
    assert [unit.position for unit in answer.units] == [1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4]
    for position in range(1, 5):
        values = torch.cat([found["mlp.0"][position], found["mlp.1"][position]])
        told = [unit.value for unit in answer.units if unit.position == position]
        assert told == sorted(values.tolist(), reverse=True)[:3]


def test_the_first_token_counts_where_it_is_asked_for(model):
    assert {unit.position for unit in ask(model, by="token", n=1, skip_first=False).units} == {
        0, 1, 2, 3, 4,
    }  # fmt: skip
    assert ask(model, prompt={"tokens": [1]}, skip_first=False, n=1).units


def test_units_are_ranked_relative_to_their_own_distribution(model):
    found = recorded(model)
    n_units = sum(values.shape[1] for values in found.values())
    scales = np.stack([np.zeros(n_units), np.full(n_units, 1e6)], 1).astype(np.float32)
    scales[3] = (-5.0, 0.5)
    answer = ask(model, around(known=scales), scales="known", n=1)
    (unit,) = answer.units
    assert (unit.site, unit.index) == ("mlp.0", 3)
    assert unit.score == pytest.approx((unit.value + 5.0) / 0.5)


def test_a_unit_without_a_width_is_left_out(model):
    n_units = sum(site.n_units for site in model.sites)
    scales = np.zeros((n_units, 2), np.float32)
    scales[:2, 1] = 1.0
    scales[2] = (np.nan, 1.0)
    answer = ask(model, around(known=scales), scales="known", n=50)
    assert {(unit.site, unit.index) for unit in answer.units} == {("mlp.0", 0), ("mlp.0", 1)}


@pytest.mark.parametrize(
    ("sign", "scores"), [("positive", [2, -3]), ("negative", [-2, 3]), ("both", [2, 3])]
)
def test_a_sign_says_what_counts_as_strong(sign, scores):
    assert scored(torch.tensor([[2.0, -3.0]]), None, sign).tolist() == [scores]


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"sites": ("mlp.9",)}, "no site 'mlp.9'"),
        ({"prompt": {"tokens": [1]}}, "the first is left out"),
        ({"scales": "known"}, r"needs \(44, 2\)"),
    ],
)
def test_what_cannot_be_ranked_is_refused(model, wanted, said):
    with pytest.raises(ModelError, match=said):
        ask(model, around(known=np.zeros((3, 2), np.float32)), **wanted)


def test_more_than_anybody_reads_is_refused(tmp_path):
    folder = make_tiny_plain(tmp_path / "long", n_ctx=64)
    long = load_plain(folder, dtype=torch.float32, device=torch.device("cpu"))
    with pytest.raises(ModelError, match="more than 20,000"):
        ask(long, by="token", n=500, prompt={"text": "a " * 60})


def test_an_array_that_was_not_sent_is_missed(model):
    with pytest.raises(MissingArray):
        ask(model, scales="unknown")


def test_a_computation_looks_up_at_every_site(model):
    looked = []
    ask(model, around(check=lambda: looked.append(1)))
    assert len(looked) >= len(model.sites)


def test_activations_that_are_not_finite_are_told(tmp_path):
    folder = make_tiny_plain(tmp_path / "half")
    half = load_plain(folder, dtype=torch.float16, device=torch.device("cpu"))
    half._parts.mlp_out[0].register_forward_pre_hook(lambda _, inputs: (inputs[0] * 1e30,))
    with pytest.raises(ModelError, match="not finite"):
        ask(half, sites=("mlp.0",))
