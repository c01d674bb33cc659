"""A proof in words: what is held beside a circuit, and what of a proof is missing.

Margins are differences of faithfulness on the same prompts, so that they may be sure where the
intervals of two curves overlap. The chance that is told of random circuits is by rank alone: no
shape of their distribution is taken for granted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from analysis.protocol.proofs import (
    Ablation,
    Curve,
    CurveOf,
    Estimate,
    Incompleteness,
    Matched,
    Novelty,
    Otherwise,
    Proof,
)
from app.rendering.circuit import estimate, signed_two, with_interval
from app.rendering.markup import trusted
from app.rendering.numbers import THIN, significant
from app.rendering.proof_curves import ORDER

NETWORKS: Final = {
    "whole": "untouched model", "circuit": "circuit alone", "rest": "all but the circuit",
    "empty": "everything ablated",
}  # fmt: skip
NEW: Final[dict[Novelty, str]] = {
    "template": "a new sentence", "answer": "a new right answer", "word": "a new word",
}  # fmt: skip


@dataclass(frozen=True)
class Margins:
    """How far the circuit's own ranking is above others, at each size that was run."""

    of: list[CurveOf]
    """The others."""
    rows: list[tuple[int, dict[CurveOf, Estimate | None]]]
    """Sizes from the smallest, without that of all units: there every ranking keeps the same."""

    def near(self, n_kept: int) -> tuple[int, dict[CurveOf, Estimate | None]]:
        """Of the size that is nearest to this one, by their ratio."""
        return min(self.rows, key=lambda row: max(row[0], n_kept) / max(1, min(row[0], n_kept)))


@dataclass(frozen=True)
class ByAblation:
    ablation: Ablation
    said: str
    """What is special about this one; may be empty."""
    faithfulness: Estimate
    completeness: Estimate
    random: Estimate


def legend(proof: Proof) -> list[Curve]:
    """Its curves, the circuit's own first."""
    return [curve for of in reversed(ORDER) for curve in proof.curves if curve.of == of]


def margins(proof: Proof) -> Margins | None:
    """None: no curve says how far it is from the circuit's own."""
    others = [curve for curve in legend(proof) if curve.of != "circuit"]
    found: dict[int, dict[CurveOf, Estimate | None]] = {}
    for curve in others:
        for point in curve.points:
            if 0 < point.share < 1:
                found.setdefault(point.n_units, {})[curve.of] = point.margin
    rows = [(n, row) for n, row in sorted(found.items()) if any(row.values())]
    return Margins([curve.of for curve in others], rows) if rows else None


def margin(value: Estimate | None) -> Markup:
    """+0.31 [0.22, 0.40], strong where all of the interval is on one side of 0."""
    if value is None:
        return trusted('<span class="undefined">not run</span>')
    sign = "+" if value.value >= 0.005 else ""
    told = f'<data value="{value.value!r}">{sign}{signed_two(value.value)}</data>'
    if value.low is not None and value.high is not None and not value.low <= 0 <= value.high:
        told = f"<strong>{told}</strong>"
    return with_interval(told, value, signed_two)


def area(value: float, interval: tuple[float, float] | None) -> Markup:
    """CPR or CMD, with its interval where there is one."""
    if interval is None:
        return trusted(f'<data value="{value!r}">{signed_two(value)}</data>')
    return estimate(Estimate(value=value, low=interval[0], high=interval[1]))


def share(value: Estimate | None) -> Markup:
    """A share of prompts: 94 % [88, 97]."""
    if value is None:
        return trusted('<span class="undefined" title="The task names none.">no answers</span>')
    told = f'<data value="{value.value!r}">{_hundredths(value.value)}{THIN}%</data>'
    return with_interval(told, value, _hundredths)


def matched_text(matched: Matched) -> str:
    """How many random circuits of the same make do as well, and how likely that is by chance."""
    n, near = matched.n, matched.n_as_near
    come = "none comes" if near == 0 else "1 comes" if near == 1 else f"{near:,} come"
    reach = signed_two(matched.lowest)
    if n > 1:
        reach += f" to {signed_two(matched.highest)}, {signed_two(matched.mean)} on average"
    place = "come out nearest" if near == 0 else f"be among the {near + 1:,} nearest"
    p = significant((near + 1) / (n + 1), 2)
    return (
        f"of {n:,} random circuit{'' if n == 1 else 's'} with as many neurons and as many heads of "
        f"every layer, {come} as near to a faithfulness of 1 as this one ({reach}). One more "
        f"drawn like them would {place} in at most {near + 1:,} of {n + 1:,} cases: p ≤ {p}."
    )


def incompleteness_text(found: Incompleteness) -> str:
    """How far the circuit and the model are apart once both lose the same units."""
    n = len(found.halves)
    most = max(abs(one - other) for one, other in found.halves)
    reach = f"{n:,} halves, {signed_two(most)} at most" if n > 1 else "1 half"
    return (
        "with a random half of the circuit left out of both, the circuit and the whole model "
        f"differ in faithfulness by {signed_two(found.mean)} on average ({reach}); near 0 is good."
    )


def by_ablation(proof: Proof, own: Ablation | None) -> list[ByAblation]:
    """The three side by side, that by which the circuit was found first; empty where only one was
    run."""
    if not proof.otherwise:
        return []
    this = Otherwise(
        ablation=proof.ablation,
        faithfulness=proof.faithfulness,
        completeness=proof.completeness,
        random=proof.random,
    )
    ordered = sorted((this, *proof.otherwise), key=lambda one: one.ablation != own)
    return [
        ByAblation(
            one.ablation, _special(one, this, own), one.faithfulness, one.completeness, one.random
        )
        for one in ordered
    ]


def _special(one: Otherwise, this: Otherwise, own: Ablation | None) -> str:
    said = ["the circuit’s own"] if one.ablation == own else []
    said += ["this proof’s"] if one is this and one.ablation != own else []
    return ", ".join(said)


def nothing_new(proof: Proof, new: Novelty) -> str:
    """Why there is no faithfulness over prompts with something new."""
    if any(new in row.new for row in proof.rows):
        return "undefined: on these the model does no more than with everything ablated"
    return "none"


def missing(proof: Proof) -> list[str]:
    """What a proof of today that decides has and this one has not."""
    parts: Sequence[tuple[str, object]] = (
        ("what each network says", proof.behaviours),
        ("random circuits of the same make", proof.matched),
        ("incompleteness", proof.incompleteness or proof.n_kept < 2),
        ("the other ablations", proof.otherwise),
        ("margins between rankings", not proof.curves or margins(proof)),
        ("its rows", proof.rows),
    )
    return [name for name, there in parts if not there]


def why_missing(proof: Proof) -> str:
    if proof.units is not None:
        return "Of units that somebody chose less is run."
    if not proof.behaviours:
        return "It is from before they were asked for; a circuit that is found anew has them."
    if proof.matched is None and proof.prompts == "finding":
        return "They are run on held-out prompts alone, where there are any: these decide."
    return "What was tried and told nothing is remarked above."


def _hundredths(value: float) -> str:
    return f"{100 * value:.0f}"
