"""Arrays are kept by digest, and those not used for longest go first."""

import numpy as np
import pytest

from analysis.inference.arrays import ArrayShelf
from analysis.interventions.surroundings import MissingArray
from analysis.protocol.arrays import body_of, digest_of, read_array, shape_text


def test_an_array_arrives_as_it_was_sent():
    array = np.arange(6, dtype=np.float64).reshape(3, 2) / 7
    read = read_array(shape_text(array), body_of(array))
    assert np.array_equal(read, array.astype(np.float32))
    assert digest_of(read) == digest_of(array)


def test_the_same_numbers_in_another_shape_are_another_array():
    assert digest_of(np.zeros((2, 3))) != digest_of(np.zeros((3, 2)))


@pytest.mark.parametrize("shape", ["", "x", "2", "2,2,2,2,1", "-1", "4,-1", "9" * 40])
def test_a_shape_that_does_not_fit_is_refused(shape):
    with pytest.raises(ValueError, match=r"."):
        read_array(shape, bytes(16))


def test_bytes_that_are_no_numbers_are_refused():
    with pytest.raises(ValueError, match="multiple"):
        read_array("1", bytes(5))


def test_what_was_not_used_for_longest_goes_first():
    shelf = ArrayShelf(most_bytes=3 * 4000)
    arrays = {name: np.zeros(1000, np.float32) for name in "abcd"}
    for name in "abc":
        shelf.put(name, arrays[name])
    shelf.get("a")
    shelf.put("d", arrays["d"])
    assert shelf.n_bytes == 12_000
    with pytest.raises(MissingArray):
        shelf.get("b")
    assert shelf.get("a") is arrays["a"]


def test_an_array_that_alone_is_too_large_is_kept_until_the_next():
    shelf = ArrayShelf(most_bytes=10)
    shelf.put("large", np.zeros(1000, np.float32))
    assert shelf.get("large").size == 1000
    shelf.put("small", np.zeros(1, np.float32))
    with pytest.raises(MissingArray):
        shelf.get("large")
