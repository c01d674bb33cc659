"""The choice of a dtype is measured, and says why."""

import time

import pytest
import torch

from analysis.models import choose_dtype, load_model
from analysis.models.hooked import head_norms, head_triangles
from tests.analysis.models.tiny import make_tiny

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_tiny("llama", tmp_path_factory.mktemp("llama"))


def _load(folder, dtype):
    return load_model(str(folder), dtype=dtype, device=CPU, cache=folder)


def test_a_dtype_that_is_asked_for_is_taken_without_loading_anything():
    choice = choose_dtype("float16", CPU, lambda _: pytest.fail("was loaded"))
    assert choice.dtype == torch.float16
    assert "as asked for" in choice.reason


@pytest.mark.parametrize(("speedup", "expected"), [(3.0, torch.bfloat16), (1.1, torch.float32)])
def test_bfloat16_is_taken_only_where_it_is_clearly_faster(speedup, expected, folder):
    def load(dtype):
        model = _load(folder, dtype)
        pause = 0.03 if dtype == torch.float32 else 0.03 / speedup
        model.run = lambda _tokens: time.sleep(pause)
        return model

    choice = choose_dtype("auto", CPU, load)
    assert choice.dtype == expected
    assert str(expected).removeprefix("torch.") in choice.reason
    assert "times as fast" in choice.reason


def test_auto_works_on_a_real_model(folder):
    choice = choose_dtype("auto", CPU, lambda dtype: _load(folder, dtype))
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
