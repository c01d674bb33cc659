"""What to beware of in a proof, in sentences: that a larger circuit would do, that it holds under
one ablation alone, that a number says little here.

Each answers None where there is nothing to say. The limits are stated in what is said; none of them
is a test, for which the intervals beside the numbers are.
"""

from collections.abc import Sequence
from typing import Final

from analysis.protocol.proofs import FAITHFUL, Ablation, Incompleteness, Point, Proof
from app.rendering.circuit import ABLATIONS, signed_two
from app.rendering.proof import ByAblation
from app.store.circuit_request import MOST_ASKED

UNFAITHFUL: Final = 0.5
APART: Final = 0.4
NOTHING: Final = 0.2
"""Faithfulness below which next to nothing is done."""


def larger(proof: Proof) -> Point | None:
    """The smallest measured size at which the circuit's ranking is faithful, where the circuit is
    not: larger than it, and not so large that no search draws it or that it is the model."""
    if proof.faithfulness.value >= FAITHFUL or proof.units is not None:
        return None
    own = (point for curve in proof.curves if curve.of == "circuit" for point in curve.points)
    enough = [
        point
        for point in own
        if proof.n_kept < point.n_units <= MOST_ASKED
        and point.share < 1
        and point.faithfulness.value >= FAITHFUL
    ]
    return min(enough, key=lambda point: point.n_units, default=None)


def of_one_ablation(rows: Sequence[ByAblation], own: Ablation | None) -> str | None:
    """What to make of ablations that do not agree; `rows` begin with that by which the circuit was
    found."""
    if not rows or rows[0].ablation != own:
        return None
    first, others = rows[0], rows[1:]
    here = first.faithfulness.value
    failing = [one for one in others if here > FAITHFUL and one.faithfulness.value < UNFAITHFUL]
    if failing:
        return (
            f"It holds under the ablation that it was found by ({ABLATIONS[first.ablation]}, "
            f"{signed_two(here)}), and not under {_named(failing)}: what is said of it is said of "
            "that ablation."
        )
    apart = [one for one in others if abs(one.faithfulness.value - here) > APART]
    if apart:
        return (
            f"It depends on the ablation: faithfulness is {signed_two(here)} under the one that it "
            f"was found by ({ABLATIONS[first.ablation]}), and not near that under {_named(apart)}."
        )
    return None


def of_incompleteness(proof: Proof) -> str | None:
    """Why the distance between circuit and model without the same units says little."""
    if proof.incompleteness is None:
        return None
    if abs(1 - proof.faithfulness.value) > 1 - FAITHFUL:
        return (
            f"It says little here: with all of its units the circuit is at "
            f"{signed_two(proof.faithfulness.value)} already, and not near 1."
        )
    if _does_nothing(proof.incompleteness):
        return (
            "It says little here: without the halves neither does more than "
            f"{signed_two(NOTHING)} of what the model does, so that they cannot be far apart."
        )
    return None


def _does_nothing(found: Incompleteness) -> bool:
    return all(abs(value) <= NOTHING for half in found.halves for value in half)


def _named(rows: Sequence[ByAblation]) -> str:
    return " and ".join(
        f"{ABLATIONS[one.ablation]} ({signed_two(one.faithfulness.value)})" for one in rows
    )
