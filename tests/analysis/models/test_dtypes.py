"""The choice of a dtype is measured, and says why."""

import dataclasses

import pytest
import torch

from analysis.models import LayerShape, choose_dtype, dtypes
from analysis.models.head_norms import head_norms, head_triangles

CPU = torch.device("cpu")
SHAPE = LayerShape(
    d_model=8, n_heads=2, d_head=4, d_mlp=16, n_ctx=32, gated=False, norm="layer"
)  # fmt: skip


def test_a_dtype_that_is_asked_for_is_taken_without_timing_anything(monkeypatch):
    monkeypatch.setattr(dtypes, "layer_seconds", lambda *_: pytest.fail("was timed"))
    choice = choose_dtype("float16", CPU, SHAPE)
    assert choice.dtype == torch.float16
    assert "as asked for" in choice.reason


@pytest.mark.parametrize(("speedup", "expected"), [(3.0, torch.bfloat16), (1.1, torch.float32)])
def test_bfloat16_is_taken_only_where_it_is_clearly_faster(speedup, expected, monkeypatch):
    seconds = {torch.float32: 3.0, torch.bfloat16: 3.0 / speedup}
    monkeypatch.setattr(dtypes, "layer_seconds", lambda _, dtype: seconds[dtype])
    choice = choose_dtype("auto", CPU, SHAPE)
    assert choice.dtype == expected
    assert str(expected).removeprefix("torch.") in choice.reason
    assert f"{speedup:.2f} times as fast" in choice.reason


@pytest.mark.parametrize("change", [{}, {"gated": True, "norm": "rms"}, {"d_mlp": 0}, {"n_ctx": 4}])
def test_auto_works_for_layers_of_every_shape(change):
    choice = choose_dtype("auto", CPU, dataclasses.replace(SHAPE, **change))
    assert choice.dtype in {torch.float32, torch.bfloat16}


def test_head_norms_by_hand():
    """z = (3, 4 | 1, 2); W_O of head 0 doubles, W_O of head 1 keeps the first of two only."""
    out = torch.tensor([[2.0, 0, 0], [0, 2, 0], [0, 0, 1], [0, 0, 0]])
    norms = head_norms(torch.tensor([[[3.0, 4, 1, 2]]]), head_triangles(out, 2))
    torch.testing.assert_close(norms, torch.tensor([[[10.0, 1.0]]]))


def test_head_norms_where_a_head_is_wider_than_the_residual_stream():
    generator = torch.Generator().manual_seed(0)
    out = torch.randn(2 * 7, 3, generator=generator)
    z = torch.randn(2, 5, 14, generator=generator)
    expected = torch.einsum("bphe,hed->bphd", z.unflatten(-1, (2, 7)), out.unflatten(0, (2, 7)))
    torch.testing.assert_close(head_norms(z, head_triangles(out, 2)), expected.norm(dim=-1))
