"""Which pairs of a task a circuit is found and proved on."""

import pytest

from analysis.tasks.prompting import (
    MOST_FINDING,
    MOST_HELD_OUT,
    N_SCORED,
    prompted,
    proved_on,
)
from tests.store.circuits import generated, pair


def pairs_of(*lengths):
    """One per length, each other than the others."""
    made = []
    for number, length in enumerate(lengths):
        one, more = pair(number), tuple(range(1000, 1000 + length))
        sides = {
            side: getattr(one, side).model_copy(update={"tokens": getattr(one, side).tokens + more})
            for side in ("clean", "counterfactual")
        }
        made.append(one.model_copy(update=sides))
    return made


def test_no_more_than_so_many_pairs_are_for_each_purpose():
    parts = prompted(generated(400), seed=0)
    assert len(parts.finding) <= MOST_FINDING
    assert len(parts.held_out) <= MOST_HELD_OUT


def test_the_same_seed_draws_the_same_pairs():
    first, again, other = (prompted(generated(400), seed=seed).finding for seed in (1, 1, 2))
    assert first == again
    assert first != other


@pytest.mark.parametrize("n", [3, 40, 96])
def test_the_first_pairs_for_finding_are_proved_on(n):
    finding = pairs_of(*(number * 7 % 3 for number in range(n)))
    assert proved_on(finding) == tuple(finding[: min(n, N_SCORED)])
