"""Runs in which all values of sites are blended with others, and the pieces that circuits are found
with, on every architecture."""

import pytest
import torch

from analysis.models.changes import Blend
from tests.analysis.models.test_resuming import loaded, some_tokens
from tests.analysis.models.tiny import ARCHITECTURES


@pytest.fixture(params=ARCHITECTURES)
def model(request, tmp_path):
    return loaded(request.param, tmp_path)


def blends(trace, keep):
    return {
        name: Blend(keep=torch.full_like(values[0, 0], keep), other=values)
        for name, values in trace.values.items()
    }


def metric(model):
    return lambda last: model.logits(last)[:, -1].float().log_softmax(-1)[:, 5].sum()


def test_what_is_wholly_kept_is_the_run_and_what_is_wholly_replaced_is_the_other(model):
    trace, other = model.trace(some_tokens(batch=2)), model.trace(some_tokens(batch=2, seed=1))
    with torch.no_grad():
        kept = model.blend(trace, blends(other, 1.0))
        torch.testing.assert_close(kept, trace.last, rtol=1e-5, atol=1e-5)
        begun = model.blend(other, blends(trace, 0.0))
        again = model.blend(trace, blends(trace, 0.0))
    torch.testing.assert_close(again, trace.last, rtol=1e-5, atol=1e-5)
    assert not torch.allclose(begun, other.last)


def test_the_slope_by_what_is_kept_is_that_of_small_steps(model):
    trace, other = model.trace(some_tokens()), model.trace(some_tokens(seed=1))
    name = "mlp.0" if "mlp.0" in trace.values else "attn.0"
    n = trace.values[name].shape[-1]

    def value(keep):
        blend = {name: Blend(keep=keep, other=other.values[name])}
        return metric(model)(model.blend(trace, blend))

    keep = torch.full((n,), 0.7, requires_grad=True)
    with torch.enable_grad():
        (slope,) = torch.autograd.grad(value(keep), keep)
    step = 1e-2 * torch.randn(n, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        moved = float(value(keep + step) - value(keep - step)) / 2
    assert moved == pytest.approx(float(slope @ step), rel=0.1, abs=2e-5)


def test_tracing_and_differentiating_at_once_is_one_after_the_other(model):
    tokens = some_tokens(batch=2)
    places = [*(site.name for site in model.sites), "resid.0", "resid.1"]
    trace, slopes = model.trace_and_differentiate(tokens, metric(model), places)
    plain = model.trace(tokens)
    torch.testing.assert_close(trace.last, plain.last)
    for mine, its in zip(trace.streams, plain.streams, strict=True):
        torch.testing.assert_close(mine, its)
    expected = model.differentiate(plain, metric(model), places)
    for place in places:
        torch.testing.assert_close(slopes[place], expected[place], rtol=1e-4, atol=1e-6)
    assert not any(values.requires_grad for values in (trace.last, *trace.streams))


def test_a_layer_by_itself_is_that_layer_of_the_run(model):
    trace = model.trace(some_tokens(batch=2))
    for layer in range(model.facts.n_layers):
        after, values = model.run_layer(trace, layer, trace.streams[layer], {})
        torch.testing.assert_close(after, trace.streams[layer + 1], rtol=1e-5, atol=1e-5)
        for name, found in values.items():
            torch.testing.assert_close(found, trace.values[name], rtol=1e-5, atol=1e-5)
    rows = torch.tensor([1, 0, 1])
    after, _ = model.run_layer(trace, 0, trace.streams[0][rows], {}, rows=rows)
    torch.testing.assert_close(after, trace.streams[1][rows], rtol=1e-5, atol=1e-5)


def test_what_a_layer_is_held_to_leaves_only_what_it_is_given(model):
    """With attention and neurons as they were, the stream that comes in changes nothing else."""
    trace = model.trace(some_tokens())
    held = {
        name: Blend(keep=torch.zeros_like(values[0, 0]), other=values)
        for name, values in trace.values.items()
        if name.endswith(".0")
    }
    more = 0.1 * torch.randn(trace.streams[0].shape, generator=torch.Generator().manual_seed(0))
    after, _ = model.run_layer(trace, 0, trace.streams[0] + more, held)
    adds = torch.allclose(after - trace.streams[1], more, rtol=1e-3, atol=1e-5)
    assert adds == model.facts.causal  # BERT and its kin norm the stream itself
