import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analysis.sweep.histogram import BINS, Layout, bin_of
from app.store.packing import histogram_edges

EDGES = Layout(1.0).edges


def test_there_is_one_edge_more_than_bins_and_they_rise():
    assert len(EDGES) == BINS + 1
    assert (np.diff(EDGES) > 0).all()
    assert EDGES[0] == -256
    assert EDGES[BINS // 2] == 0


def test_the_store_draws_the_same_edges():
    np.testing.assert_array_equal(histogram_edges(Layout(0.5).as_parameters()), EDGES)


def test_some_values_by_hand():
    values = np.array([0.0, 1.0, 1.25, 1.3, -1.0, 1e9, -1e9, 1e-9], np.float32)
    middle = BINS // 2
    # 1 is 2^0, eight octaves of four bins above 2^-8
    expected = [middle, middle + 32, middle + 33, middle + 33, middle - 33, BINS - 1, 0, middle]
    assert bin_of(values).tolist() == expected


@given(st.floats(-200, 200, width=32))
def test_a_value_lies_between_the_edges_of_its_bin(value):
    place = int(bin_of(np.array([value], np.float32))[0])
    low, high = EDGES[place], EDGES[place + 1]
    if value > 0:
        assert low <= value < high
    elif value < 0:
        assert low < value <= high
