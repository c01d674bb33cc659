"""What a layer no longer passes on, the stream past it still does."""

import pytest
import torch

from analysis.models import load_model
from tests.analysis.models.tiny import ARCHITECTURES, make_tiny

TOKENS = torch.tensor([[3, 4, 5, 6, 7], [8, 3, 5, 4, 7]])
SITES = ("attn.0", "mlp.0", "attn.1", "mlp.1")


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_gradients_are_those_of_a_network_whose_layer_writes_a_constant(architecture, tmp_path):
    folder = make_tiny(architecture, tmp_path / architecture)
    model = load_model(
        str(folder), dtype=torch.float32, device=torch.device("cpu"), cache=tmp_path / "cache"
    )
    trace = model.trace(TOKENS)

    def metric(last):
        return model.logits(last)[:, -1].log_softmax(-1)[:, 5].sum()

    found = list(model.differentiate_dropping(trace, metric, SITES))
    assert len(found) == 2
    for layer, gradients in enumerate(found):
        inside = [site for site in SITES if site.endswith(str(layer))]
        others = [site for site in SITES if site not in inside]
        handles = [
            modules[layer].register_forward_hook(lambda _module, _given, output: output.detach())
            for modules in (model._parts.attn_out, model._parts.mlp_out)
        ]
        expected = model.differentiate(trace, metric, others)
        for handle in handles:
            handle.remove()
        for site in others:
            torch.testing.assert_close(gradients[site], expected[site])
        for site in inside:
            assert gradients[site].shape == trace.values[site].shape
            assert not gradients[site].any()


def test_layers_before_the_first_that_is_asked_for_take_nothing_away(tmp_path):
    folder = make_tiny("llama", tmp_path / "llama")
    model = load_model(
        str(folder), dtype=torch.float32, device=torch.device("cpu"), cache=tmp_path / "cache"
    )
    trace = model.trace(TOKENS)
    first, own = model.differentiate_dropping(trace, lambda last: last.sum(), ["mlp.1"])
    whole = model.differentiate(trace, lambda last: last.sum(), ["mlp.1"])
    torch.testing.assert_close(first["mlp.1"], whole["mlp.1"])
    assert not own["mlp.1"].any()
