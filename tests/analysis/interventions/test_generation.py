"""Two continuations side by side are each what the model alone would write."""

import pytest
import torch

from analysis.errors import EditError
from analysis.protocol.edits import Direction, Edit, Positions, UnitRef
from tests.analysis.interventions.asking import TOKENS, neuron

CAUSAL = ["gpt2", "gpt_neox", "llama", "mistral", "qwen2", "qwen3", "gemma2", "gemma3", "plain"]


def written(asked, puts, n):
    """The likeliest tokens one after the other, each from a pass over all before it."""
    tokens = list(TOKENS)
    for _ in range(n):
        tokens.append(int(asked.by_hooks(puts, tuple(tokens))[-1].argmax()))
        if tokens[-1] in asked.model.end_token_ids:
            tokens.pop()
            break
    return tokens[len(TOKENS) :]


@pytest.mark.parametrize("architecture", CAUSAL)
def test_each_step_is_edited_as_plain_hooks_edit_it(architecture, subject):
    asked = subject(architecture)
    edit = Edit(site="mlp.0", index=3, operation="set", value=6.0)
    found, _ = asked.generation(edit, n_tokens=6)
    assert found["clean"] == written(asked, {}, 6)
    assert found["edited"] == written(asked, {"mlp.0": neuron(3, lambda a: a * 0 + 6.0)}, 6)


def test_only_new_tokens_are_edited_where_that_is_asked(subject):
    asked = subject("plain")
    edit = Edit(site="mlp.0", index=3, operation="set", value=9.0, positions=Positions(kind="new"))

    def late(x):
        x[:, len(TOKENS) :, 3] = 9.0
        return x

    found, _ = asked.generation(edit, n_tokens=6)
    assert found["edited"] == written(asked, {"mlp.0": late}, 6)
    assert found["edited"][0] == found["clean"][0]


def test_edits_of_prompt_positions_leave_new_tokens_alone(subject):
    asked = subject()
    edit = Edit(
        site="mlp.1",
        index=3,
        operation="set",
        value=9.0,
        positions=Positions(kind="chosen", chosen=(2,)),
    )

    def there(x):
        x[:, 2, 3] = 9.0
        return x

    found, _ = asked.generation(edit, n_tokens=5)
    assert found["edited"] == written(asked, {"mlp.1": there}, 5)


def test_one_seed_gives_one_text_and_another_another(subject):
    asked = subject()
    edit = Edit(site="mlp.0", index=3, operation="add", value=0.0)
    first, _ = asked.generation(edit, n_tokens=8, temperature=2.0, seed=3)
    again, _ = asked.generation(edit, n_tokens=8, temperature=2.0, seed=3)
    others = [
        asked.generation(edit, n_tokens=8, temperature=2.0, seed=seed)[0]["clean"]
        for seed in range(5)
    ]
    assert first == again
    assert any(other != first["clean"] for other in others)
    # an edit that changes nothing draws the same tokens
    assert first["clean"] == first["edited"]


def test_sampling_follows_the_probabilities(subject):
    asked = subject("plain")
    expected = asked.by_hooks({})[-1].exp()
    counts = torch.zeros(len(expected))
    for seed in range(300):
        counts[asked.generation(n_tokens=1, temperature=1.0, seed=seed)[0]["clean"][0]] += 1
    assert (counts / 300 - expected).abs().max() < 0.12
    only = asked.generation(n_tokens=1, temperature=1.0, top_p=1e-6, seed=5)[0]["clean"]
    assert only == [int(expected.argmax())]


def test_a_penalty_on_what_was_written_avoids_it(subject):
    asked = subject("plain")
    plain, _ = asked.generation(n_tokens=8)
    penalised, _ = asked.generation(n_tokens=8, frequency_penalty=2.0)
    assert len(set(penalised["clean"])) >= len(set(plain["clean"]))
    assert penalised["clean"] != plain["clean"]


def test_a_control_goes_on_beside_them(subject):
    direction = Direction(kind="unit", unit=UnitRef(site="mlp.0", index=3), normalised=True)
    edit = Edit(site="resid.0", operation="add", value=5.0, direction=direction)
    found, reasons = subject().generation(edit, n_tokens=3, control=True)
    assert set(found) == set(reasons) == {"clean", "edited", "control"}


def test_a_text_ends_where_the_context_does(subject):
    asked = subject("plain")
    found, reasons = asked.generation(n_tokens=64)
    assert reasons == {"clean": "context"}
    assert len(found["clean"]) == asked.model.facts.n_ctx - len(TOKENS)


def test_encoders_do_not_continue_a_text(subject):
    with pytest.raises(EditError, match="does not predict next tokens"):
        subject("bert").generation(n_tokens=1)


def test_values_of_a_prompt_are_not_for_new_tokens(subject):
    edit = Edit(site="mlp.0", index=3, operation="resample", positions=Positions(kind="new"))
    with pytest.raises(EditError, match="none for new tokens"):
        subject().generation(edit, n_tokens=1)
