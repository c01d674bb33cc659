import numpy as np

from app.store.bounding import page_bound

HUNDREDS = np.arange(0, 10_100, 100, dtype=np.float32)
"""The percentiles of 10,000 values from 0 to 10,000."""


def test_the_first_page_lies_within_one_percent_more_than_it_needs():
    assert page_bound(HUNDREDS, 10_000, order="desc", after=None, limit=51) == 9800
    assert page_bound(HUNDREDS, 10_000, order="asc", after=None, limit=51) == 200
    assert page_bound(HUNDREDS, 10_000, order="desc", after=None, limit=201) == 9600


def test_a_later_page_lies_as_far_behind_the_value_before_it():
    assert page_bound(HUNDREDS, 10_000, order="desc", after=5050, limit=51) == 4800
    assert page_bound(HUNDREDS, 10_000, order="asc", after=5050, limit=51) == 5300


def test_there_is_no_bound_near_the_end_or_where_a_page_holds_everything():
    assert page_bound(HUNDREDS, 10_000, order="desc", after=150, limit=51) is None
    assert page_bound(HUNDREDS, 10_000, order="asc", after=9950, limit=51) is None
    assert page_bound(HUNDREDS, 40, order="desc", after=None, limit=51) is None
    assert page_bound(HUNDREDS, 0, order="asc", after=None, limit=51) is None
