"""Which units are drawn, with faithfulness given by a table instead of a model."""

import pytest
import torch

from analysis.circuits import pruning
from analysis.circuits.judging import Judge
from analysis.circuits.pruning import COST, prune, smallest
from analysis.protocol.proofs import Estimate

ORDER = torch.arange(300)


class Told(Judge):
    """Says of kept units what it was told."""

    def __init__(self, faithful):
        object.__setattr__(self, "faithful", faithful)
        object.__setattr__(self, "check", None)

    def of_kept(self, numbers):
        return Estimate(value=self.faithful(list(numbers)))


def by_size(table):
    return Told(lambda numbers: table.get(len(numbers), 0.0))


@pytest.mark.parametrize(
    ("table", "size"),
    [
        ({4: 0.2, 8: 0.91, 16: 1.0}, 8),
        ({4: 0.2, 8: 4.7, 16: 1.3, 24: 1.05, 32: 1.0}, 24),
        ({4: -3.0, 8: 0.4, 16: 0.7, 24: 0.6}, 16),
        ({4: 0.1, 8: 0.3, 16: -0.2}, 256),
    ],
)
def test_the_smallest_size_near_1_is_taken_or_the_nearest_or_else_the_largest(table, size):
    assert smallest(by_size(table), ORDER, 256) == list(range(size))


def test_never_more_are_taken_than_are_asked_for():
    assert smallest(by_size({}), ORDER, 6) == list(range(6))
    assert smallest(by_size({6: 0.5, 8: 1.0}), ORDER, 6) == list(range(6))


@pytest.fixture
def _losses_by_number(monkeypatch):
    """Of what is kept, the first numbers are needed least."""

    def losses(judge, kept, check):  # noqa: ARG001 - called so
        return {number: float(number) for number in kept}

    monkeypatch.setattr(pruning, "losses", losses)


@pytest.mark.usefixtures("_losses_by_number")
def test_units_that_cost_nothing_are_taken_out_and_others_stay():
    needed = {17, 18, 19}
    judge = Told(lambda numbers: len(needed & set(numbers)) / 3)
    assert prune(judge, range(20)) == [17, 18, 19]


@pytest.mark.usefixtures("_losses_by_number")
@pytest.mark.parametrize("start", [1.0, 0.8])
def test_what_holds_the_rest_back_stays_too(start):
    """Units of numbers below 5 work against the others: without them there is too much."""
    judge = Told(lambda numbers: start + 0.3 * sum(number < 5 for number in range(5)) -
                 0.3 * sum(number < 5 for number in numbers))  # fmt: skip
    kept = prune(judge, range(20))
    assert abs(1 - judge.of_kept(kept).value) <= 1 - start + COST
    assert {number for number in kept if number < 5} >= ({0, 1, 2, 3, 4} if start == 1.0 else {1})
