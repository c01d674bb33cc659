import numpy as np
import pytest

from app.store.packing import (
    histogram_edges,
    pack,
    pack_histogram,
    pack_vocabulary,
    unpack,
    unpack_histogram,
    unpack_vocabulary,
)

DEFAULT = {"bins": 128, "smallest_exponent": -8, "octaves": 16, "steps": 4, "fraction": 0.125}


def test_arrays_are_little_endian_without_a_header():
    assert pack(np.array([1, 256], dtype=">u4"), np.uint32) == b"\1\0\0\0\0\1\0\0"
    assert unpack(b"\1\0\0\0\0\1\0\0", np.uint32).tolist() == [1, 256]


def test_a_shape_may_leave_one_axis_open():
    packed = pack(np.arange(6, dtype=np.float16), np.float16)
    assert unpack(packed, np.float16, 2, -1).tolist() == [[0, 1, 2], [3, 4, 5]]


def test_histograms_come_back_as_they_were():
    counts = np.arange(128, dtype=np.uint32) * 1000
    assert (unpack_histogram(pack_histogram(counts)) == counts).all()


def test_vocabularies_keep_every_character():
    tokens = ["\n", "\t", "<script>", "🦉", "⟨E2⟩", ""]
    assert unpack_vocabulary(pack_vocabulary(tokens)) == tokens


def test_edges_rise_from_minus_256_to_256_and_meet_at_0():
    edges = histogram_edges(DEFAULT)
    assert len(edges) == 129
    assert edges == sorted(set(edges))
    assert (edges[0], edges[64], edges[128]) == (-256, 0, 256)
    assert edges[65:69] == [2**-8 * factor for factor in (1.25, 1.5, 1.75, 2)]
    assert edges[127] == 224
    assert [-edge for edge in reversed(edges)] == edges


def test_parameters_that_do_not_fit_together_are_refused():
    with pytest.raises(ValueError, match="100 bins"):
        histogram_edges({**DEFAULT, "bins": 100})
