"""Backups that are held to account by ablating both, on a network told by a formula."""

import numpy as np
import pytest
import torch

from analysis.circuits import backups
from analysis.circuits.backups import Backup, confirm
from analysis.circuits.keeping import Batch
from tests.analysis.circuits.told import units_of

MEAN = 4.0
"""Of the metric of the untouched model."""


def batch():
    """Of nothing but that."""
    made = object.__new__(Batch)
    object.__setattr__(made, "whole", torch.tensor([3.0, 5.0]))
    return made


@pytest.fixture
def asked(monkeypatch):
    """Units 0 and 1 do 2 as long as one of them is there; unit 2 adds 1, the rest nothing. What
    was run is noted."""
    run = []

    def all_values(_batches, _units, keep, _check):
        gone = frozenset((keep == 0).nonzero().flatten().tolist())
        run.append(gone)
        lost = (2.0 if {0, 1} <= gone else 0.0) + (1.0 if 2 in gone else 0.0)
        return np.array([3.0, 5.0]) - lost

    monkeypatch.setattr(backups, "all_values", all_values)
    return run


def held(found, *, gap=MEAN, alone=None, **more):
    return confirm([batch()], units_of(5), found, gap, alone or {}, **more)


def test_who_takes_over_is_confirmed_by_what_is_lost_by_both_beyond_each(asked):
    (found,) = held([Backup(0, 1, 1.5)])
    assert found == Backup(0, 1, 1.5, exact=2.0, confirmed=True)
    assert frozenset({0, 1}) in asked


def test_two_that_add_up_are_no_backups_whatever_was_estimated(asked):
    (found,) = held([Backup(0, 2, 1.5)])
    assert (found.exact, found.confirmed, found.stands) == (0.0, False, False)
    assert asked


def test_half_of_the_least_rise_that_is_told_is_enough(asked):
    """The rise is 2: half of a twentieth of 80, and less than that of 81."""
    assert [held([Backup(0, 1, 9.0)], gap=gap)[0].confirmed for gap in (80, 81)] == [True, False]
    assert asked


def test_what_does_as_much_by_itself_is_no_backup(asked):
    """Which of the two would be the other's cannot be told from what both lose together."""
    (found,) = held([Backup(0, 1, 1.5)], alone={0: 0.0, 1: -3.0})
    assert (found.exact, found.confirmed) == (-1.0, False)
    (found,) = held([Backup(0, 1, 1.5)], alone={0: 0.0, 1: -1.1})
    assert (found.exact, found.confirmed) == (pytest.approx(0.9), False)
    assert asked


def test_of_a_network_that_works_against_the_metric_the_sign_is_turned(asked):
    (found,) = held([Backup(0, 1, 1.5)], gap=-MEAN)
    assert (found.exact, found.confirmed) == (-2.0, False)
    assert asked


def test_what_was_run_alone_is_not_run_again(asked):
    (found,) = held([Backup(0, 1, 1.5)], alone={0: -0.5, 1: 0.0})
    assert found.exact == 1.5
    assert asked == [frozenset({0, 1})]


def test_of_many_the_first_are_run_and_the_others_stand_as_estimates(asked):
    found = held([Backup(0, 1, 2.0), Backup(0, 3, 1.0), Backup(0, 4, 0.5)], most=2)
    assert [each.confirmed for each in found] == [True, False, None]
    assert [each.stands for each in found] == [True, False, True]
    assert not any(4 in gone for gone in asked)
