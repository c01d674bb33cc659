"""Numbers of answers are short, and in float32 they are the same."""

import json

import numpy as np
import torch

from analysis.interventions.decimals import decimals


def test_in_float32_every_number_is_the_same_again():
    bits = torch.randint(-(2**31), 2**31, (200_000,), generator=torch.Generator().manual_seed(0))
    numbers = bits.int().view(torch.float32)
    numbers = numbers[numbers.isfinite()]
    again = np.array(decimals(numbers), np.float32)
    np.testing.assert_array_equal(again, numbers.numpy())


def test_numbers_of_everyday_size_have_nine_digits():
    numbers = torch.rand(5000, generator=torch.Generator().manual_seed(0)) ** 8
    numbers = numbers[numbers > 1e-13]
    for text in map(json.dumps, decimals(numbers)):
        digits = text.partition("e")[0].replace(".", "").lstrip("0")
        assert len(digits) <= 9


def test_what_is_no_number_and_nothing_stay_what_they_are():
    assert decimals(torch.tensor([[0.0, -2.0], [0.5, 3e9]])) == [[0.0, -2.0], [0.5, 3e9]]
    found = decimals(torch.tensor([float("inf"), float("nan")]))
    assert found[0] == float("inf")
    assert found[1] != found[1]
    assert decimals(torch.zeros(0)) == []
