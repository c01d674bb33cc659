"""Made-up proofs of made-up circuits, with all that a proof may say.

Plausible in shape, not in what they say: the circuit's own ranking is ahead of the others where few
units are kept, and none is where nearly all are. Equal arguments make equal proofs.
"""

from collections.abc import Sequence
from typing import Final, Literal

import numpy as np

from analysis.protocol.circuits import Circuit
from analysis.protocol.proofs import (
    Ablation,
    Apart,
    Behaviour,
    Curve,
    CurveOf,
    Drop,
    Estimate,
    Incompleteness,
    Matched,
    Otherwise,
    Point,
    Proof,
    Row,
    Scrub,
)

SIZES: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
RISES: Final[dict[CurveOf, tuple[float, float]]] = {
    "circuit": (0.01, 0.9), "ig": (0.03, 0.8),
    "ig_kept": (0.02, 0.8), "active": (0.06, 0.9), "loudest": (0.15, 1.0),
    "random": (0.5, 1.2),
}  # fmt: skip
"""Of each curve: the share of units at which it is halfway up, and how steep it is."""
WHOLE, EMPTY = 4.02, -5.2
"""The metric of the untouched model, and with everything ablated."""
ABLATIONS: Final[tuple[Ablation, ...]] = ("resample", "mean", "zero")


def make_proof(circuit: Circuit, *, prompts: int = 24, held_out: bool = True) -> Proof:
    """Six curves from no unit to all of them, and what the networks say by themselves."""
    n_units, n_kept = circuit.n_units or 1, max(1, len(circuit.ranking))
    sizes = sorted({0, *(size for size in SIZES if size < n_units), min(n_kept, n_units), n_units})
    curves = tuple(_curve(of, sizes, n_units) for of in RISES)
    kept = next(point for point in curves[0].points if point.n_units == min(n_kept, n_units))
    random = next(p for curve in curves if curve.of == "random" for p in curve.points
                  if p.n_units == kept.n_units)  # fmt: skip
    left = kept.completeness or Estimate(value=0.0)
    own = circuit.ablation or "resample"
    return Proof(
        ablation=own,
        prompts="held_out" if held_out else "finding",
        n_prompts=prompts,
        whole=Estimate(value=WHOLE, low=3.6, high=4.4),
        empty=Estimate(value=EMPTY, low=-5.7, high=-4.8),
        curves=curves,
        n_kept=kept.n_units,
        faithfulness=kept.faithfulness,
        completeness=left,
        random=random.faithfulness,
        drops=tuple(
            Drop(unit=unit, lost=Estimate(value=0.002 * k, low=0.002 * k - 0.004, high=0.02 * k))
            for k, (unit, _) in enumerate(reversed(circuit.ranking[-12:]))
        ),
        scrubs=(
            Scrub(
                feature="answer",
                recovered=Estimate(value=0.71, low=0.62, high=0.79),
                n_prompts=48,
                n_alone=2,
            ),
            Scrub(feature="template", recovered=Estimate(value=0.08), n_prompts=48, n_alone=0),
        ),
        behaviours=_behaviours(kept.faithfulness.value, left.value),
        matched=Matched(n=20, n_as_near=0, mean=0.12, lowest=-0.05, highest=0.31),
        incompleteness=Incompleteness(halves=((0.62, 0.7), (0.5, 0.44), (0.58, 0.58))),
        otherwise=tuple(
            Otherwise(
                ablation=ablation, faithfulness=_about(kept.faithfulness.value * share),
                completeness=_about(left.value), random=_about(0.05),
            )
            for ablation, share in zip(_others(own), (0.9, 0.6), strict=True)
        ),
        apart=_apart(prompts, kept.faithfulness.value) if held_out else (),
        rows=_rows(prompts, kept.faithfulness.value, left.value),
        remarks=("Completeness is above 0.2: units outside of the circuit do some of it, too.",),
    )  # fmt: skip


def _others(own: Ablation) -> list[Ablation]:
    return [one for one in ABLATIONS if one != own]


def _about(value: float, spread: float = 0.06) -> Estimate:
    return Estimate(value=value, low=value - spread, high=value + spread)


def _metric(share: float) -> float:
    """Of a network that is so faithful."""
    return EMPTY + share * (WHOLE - EMPTY)


def _behaviours(faithfulness: float, completeness: float) -> tuple[Behaviour, ...]:
    shares: dict[Literal["whole", "circuit", "rest", "empty"], float] = {
        "whole": 1.0, "circuit": faithfulness, "rest": completeness, "empty": 0.0,
    }  # fmt: skip
    return tuple(
        Behaviour(
            of=of,
            right=Estimate(value=share, low=max(0.0, share - 0.1), high=min(1.0, share + 0.1)),
            metric=_about(_metric(share), 0.4),
            spread=1.3,
            kl=Estimate(value=0.0, low=0.0, high=0.0) if of == "whole" else _about(2 * (1 - share)),
        )
        for of, share in shares.items()
    )


def _apart(prompts: int, faithfulness: float) -> tuple[Apart, ...]:
    return (
        Apart(new="template", n_prompts=max(1, prompts // 2), faithfulness=_about(faithfulness)),
        Apart(new="word", n_prompts=prompts, faithfulness=_about(faithfulness - 0.03)),
    )


def _rows(prompts: int, faithfulness: float, completeness: float) -> tuple[Row, ...]:
    generator = np.random.default_rng(prompts)
    off = generator.normal(0, 0.5, (prompts, 4)).tolist()
    return tuple(
        Row(
            prompt=f"When Mary and John went to the store, John gave drink {number} to",
            counterfactual=f"When Mary and John went to the store, Mary gave drink {number} to",
            whole=WHOLE + by[0],
            circuit=_metric(faithfulness) + by[1],
            rest=_metric(completeness) + by[2],
            empty=EMPTY + by[3],
            kl=abs(by[1]),
            right=_metric(faithfulness) + by[1] > 0,
            new=("template", "word") if number % 2 == 0 else ("word",),
        )
        for number, by in enumerate(off)
    )


def _curve(of: CurveOf, sizes: Sequence[int], n_units: int) -> Curve:
    points = tuple(_point(of, size, n_units) for size in sizes)
    shares = np.array([point.share for point in points])
    values = np.array([point.faithfulness.value for point in points])
    cpr = float(np.trapezoid(values, shares))
    cmd = float(np.trapezoid(np.abs(1 - values), shares))
    return Curve(
        of=of, points=points, cpr=cpr, cmd=cmd, cpr_interval=(cpr - 0.03, cpr + 0.03),
    )  # fmt: skip


def _point(of: CurveOf, size: int, n_units: int) -> Point:
    share = size / n_units
    value = _height(of, share)
    spread = 0.16 * value * (1 - value) + 0.01
    left = (1 - value) ** 1.5
    return Point(
        n_units=size,
        share=share,
        faithfulness=Estimate(value=value, low=value - spread, high=value + spread),
        completeness=Estimate(value=left, low=left - spread, high=left + spread),
        margin=None if of == "circuit" else _about(_height("circuit", share) - value, 0.04),
    )


def _height(of: CurveOf, share: float) -> float:
    half, steep = RISES[of]
    return 1.0 if share == 1 else share**steep / (share**steep + half**steep)
