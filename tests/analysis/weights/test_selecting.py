import pytest
import torch

from analysis.weights.selecting import largest


@pytest.mark.parametrize("width", [5, 64, 640, 1000, 4099])
@pytest.mark.parametrize("n", [1, 5])
def test_the_largest_are_those_that_sorting_finds(width, n):
    values = torch.randn(9, width, generator=torch.Generator().manual_seed(width))
    found, places = largest(values, n)
    expected = torch.topk(values, n, dim=1)
    assert torch.equal(found, expected.values)
    assert torch.equal(places, expected.indices)
