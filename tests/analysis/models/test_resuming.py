"""Runs that go on from the middle of another are what plain hooks give, on every architecture."""

import pytest
import torch

from analysis.models import load_model
from analysis.models.changes import Change
from analysis.models.tracing import EditableModel
from tests.analysis.models.plain_hooks import edited_logits
from tests.analysis.models.tiny import ARCHITECTURES, make_tiny

N_POS = 12


def loaded(architecture, tmp_path) -> EditableModel:
    folder = make_tiny(architecture, tmp_path / architecture)
    return load_model(
        str(folder), dtype=torch.float32, device=torch.device("cpu"), cache=tmp_path / "cache"
    )


def some_tokens(*, batch=1, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(3, 9, (batch, N_POS), generator=generator)


def everywhere(unit, *, keep, give, row=0):
    n = N_POS
    return Change(
        rows=torch.full((n,), row),
        positions=torch.arange(n),
        units=torch.full((n,), unit),
        keep=torch.full((n,), keep),
        give=give,
    )


def put_neuron(unit, keep, value):
    def put(x):
        x[..., unit] = keep * x[..., unit] + value
        return x

    return put


def put_head(model, head, keep, give):
    def put(z):
        heads = z.unflatten(-1, (model.facts.n_heads, -1))
        heads[..., head, :] = keep * heads[..., head, :] + give
        return heads.flatten(-2)

    return put


def close(model, resumed, expected):
    torch.testing.assert_close(model.logits(resumed.last), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("layer", [0, 1])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_neuron_that_is_changed_at_every_position(architecture, layer, tmp_path):
    model = loaded(architecture, tmp_path)
    tokens = some_tokens()
    trace = model.trace(tokens)
    change = everywhere(7, keep=0.5, give=torch.full((N_POS, 1), 1.5))
    resumed = model.resume(trace, {f"mlp.{layer}": change})
    expected = edited_logits(
        architecture, tmp_path / architecture, tokens, {f"mlp.{layer}": put_neuron(7, 0.5, 1.5)}
    )
    close(model, resumed, expected)
    assert not torch.allclose(model.logits(trace.last), expected, atol=1e-3)


@pytest.mark.parametrize("layer", [0, 1])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_head_that_is_changed_at_every_position(architecture, layer, tmp_path):
    model = loaded(architecture, tmp_path)
    tokens = some_tokens()
    change = everywhere(1, keep=0.0, give=torch.ones(N_POS, model.facts.d_head))
    resumed = model.resume(model.trace(tokens), {f"attn.{layer}": change})
    folder = tmp_path / architecture
    put = put_head(model, 1, 0.0, 1.0)
    close(model, resumed, edited_logits(architecture, folder, tokens, {f"attn.{layer}": put}))


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_direction_that_is_added_at_one_position(architecture, tmp_path):
    model = loaded(architecture, tmp_path)
    tokens = some_tokens()
    vector = torch.linspace(-1, 1, model.facts.d_model)
    at = torch.tensor([4])
    change = Change(at * 0, at, at * 0, torch.ones(1), vector[None])
    resumed = model.resume(model.trace(tokens), {"resid.0": change})

    def put(h):
        h[:, 4] += vector
        return h

    folder = tmp_path / architecture
    close(model, resumed, edited_logits(architecture, folder, tokens, {"resid.0": put}))


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_changes_at_several_places_of_several_layers_at_once(architecture, tmp_path):
    model = loaded(architecture, tmp_path)
    tokens = some_tokens()
    vector = torch.linspace(1, -1, model.facts.d_model)
    changes = {
        "mlp.0": everywhere(3, keep=0.0, give=torch.zeros(N_POS, 1)),
        "attn.1": everywhere(0, keep=2.0, give=torch.zeros(N_POS, model.facts.d_head)),
        "mlp.1": everywhere(5, keep=1.0, give=torch.full((N_POS, 1), -2.0)),
        "resid.0": everywhere(0, keep=1.0, give=vector.expand(N_POS, -1)),
    }
    puts = {
        "mlp.0": put_neuron(3, 0.0, 0.0),
        "attn.1": put_head(model, 0, 2.0, 0.0),
        "mlp.1": put_neuron(5, 1.0, -2.0),
        "resid.0": lambda h: h + vector,
    }
    resumed = model.resume(model.trace(tokens), changes)
    close(model, resumed, edited_logits(architecture, tmp_path / architecture, tokens, puts))


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_rows_of_one_batch_are_changed_apart_and_come_from_the_window_that_was_named(
    architecture, tmp_path
):
    model = loaded(architecture, tmp_path)
    tokens = some_tokens(batch=2)
    trace = model.trace(tokens)
    n = N_POS
    change = Change(
        rows=torch.tensor([0] * n + [2] * n),
        positions=torch.arange(n).repeat(2),
        units=torch.tensor([1] * n + [6] * n),
        keep=torch.zeros(2 * n),
        give=torch.full((2 * n, 1), 0.7),
    )
    resumed = model.resume(trace, {"mlp.0": change}, rows=torch.tensor([1, 0, 1]))
    folder = tmp_path / architecture
    for row, (window, puts) in enumerate(
        [(1, {"mlp.0": put_neuron(1, 0, 0.7)}), (0, {}), (1, {"mlp.0": put_neuron(6, 0, 0.7)})]
    ):
        expected = edited_logits(architecture, folder, tokens[window][None], puts)
        torch.testing.assert_close(
            model.logits(resumed.last[row][None]), expected, rtol=1e-5, atol=1e-5
        )


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_trace_alone_changes_nothing(architecture, tmp_path):
    model = loaded(architecture, tmp_path)
    tokens = some_tokens()
    expected = edited_logits(architecture, tmp_path / architecture, tokens, {})
    torch.testing.assert_close(
        model.logits(model.trace(tokens).last), expected, rtol=1e-5, atol=1e-5
    )
    torch.testing.assert_close(model.logits(model.run(tokens)), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_gradients_are_the_slopes_of_small_changes(architecture, tmp_path):
    model = loaded(architecture, tmp_path)
    trace = model.trace(some_tokens())

    def metric(last):
        return model.logits(last)[0, -1].float().log_softmax(-1)[5]

    found = model.differentiate(trace, metric, ["mlp.0", "attn.1"])
    step = 1e-2
    for site, unit, width in (("mlp.0", 4, 1), ("attn.1", 0, model.facts.d_head)):
        moved = []
        for sign in (1, -1):
            give = torch.zeros(N_POS, width)
            give[6, 0] = sign * step
            at = slice(6, 7)
            whole = everywhere(unit, keep=1.0, give=give)
            change = Change(
                whole.rows[at], whole.positions[at], whole.units[at], whole.keep[at], give[at]
            )
            moved.append(metric(model.resume(trace, {site: change}).last))
        slope = (moved[0] - moved[1]) / (2 * step)
        place = unit if width == 1 else unit * model.facts.d_head
        torch.testing.assert_close(found[site][0, 6, place], slope, rtol=2e-2, atol=2e-3)


@pytest.mark.parametrize("architecture", ["gpt2", "gpt_neox", "llama", "gemma2", "gemma3", "plain"])
def test_steps_with_memory_give_what_one_pass_gives(architecture, tmp_path):
    model = loaded(architecture, tmp_path)
    tokens = some_tokens()
    expected = edited_logits(
        architecture, tmp_path / architecture, tokens, {"mlp.0": put_neuron(2, 0.0, 1.0)}
    )
    memory, found = None, []
    for start, end in ((0, 5), (5, 6), (6, 7), (7, N_POS)):
        given = tokens[:, start:end] if memory is not None else tokens[:, :end]
        n = given.shape[1]
        change = Change(
            torch.zeros(n, dtype=torch.long),
            torch.arange(n),
            torch.full((n,), 2),
            torch.zeros(n),
            torch.ones(n, 1),
        )
        last, memory = model.step(given, memory, {"mlp.0": change})
        found.append(model.logits(last)[:, -(end - start) :])
    torch.testing.assert_close(torch.cat(found, 1), expected, rtol=1e-5, atol=1e-5)


def test_a_head_is_set_to_write_a_vector_of_a_length(tmp_path):
    model = loaded("llama", tmp_path)
    trace = model.trace(some_tokens())
    n = N_POS
    whole = everywhere(2, keep=1.0, give=torch.zeros(n, model.facts.d_head))
    change = Change(
        whole.rows, whole.positions, whole.units, whole.keep, whole.give, torch.full((n,), 3.0)
    )
    seen = {}
    model.resume(
        trace,
        {"attn.0": change},
        record=lambda site, values: seen.__setitem__(site.name, values),
        sites=["attn.0", "attn.1"],
    )
    torch.testing.assert_close(seen["attn.0"][0, :, 2], torch.full((n,), 3.0))
    assert set(seen) == {"attn.0", "attn.1"}


def test_a_run_is_left_between_layers_where_it_should_not_go_on(tmp_path):
    model = loaded("llama", tmp_path)
    trace = model.trace(some_tokens())
    asked = []

    def check():
        asked.append(1)
        if len(asked) == 2:
            raise StopIteration

    change = everywhere(2, keep=0.0, give=torch.zeros(N_POS, model.facts.d_head))
    with pytest.raises(StopIteration):
        model.resume(trace, {"attn.0": change}, check=check)
    again = model.resume(trace, {"attn.0": change})
    assert torch.isfinite(again.last).all()
