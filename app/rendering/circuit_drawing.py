"""A circuit as the scripts of its page draw it: one JSON object, small enough for 2,000 nodes.

Links name their ends by number, in the order of `nodes`. Nothing in it is markup.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from analysis.protocol.circuits import Circuit, Link, Node
from analysis.protocol.proofs import Curve, Estimate, Point, Proof
from app.rendering.circuit import (
    FLAGS,
    edit_line,
    known_as,
    node_name,
    order_of,
    proof_title,
    said_label,
    standing,
    strength,
)
from app.rendering.strip import visible

Unit = tuple[str, int]


def drawing_of(
    circuit: Circuit,
    proofs: Mapping[int, Proof],
    *,
    labels: Mapping[Unit, str],
    ablation: str | None,
) -> dict[str, Any]:
    """`proofs`: by id, newest first; `labels`: what units are said to do; `ablation`: by what the
    playground takes them away."""
    graph = circuit.graph
    turns = order_of(circuit)
    numbers = {node.id: number for number, node in enumerate(graph.nodes)}
    return {
        "tokens": [visible(token) for token in graph.tokens],
        "layers": graph.n_layers,
        "nodes": [
            _node(node, len(graph.tokens), turns.get(node.id), labels, ablation)
            for node in graph.nodes
        ],
        "links": [
            [numbers[link.source], numbers[link.target], rounded(link.weight), *_ways(link)]
            for link in graph.links
        ],
        "ranks": _ranks(circuit, turns),
        "pinned": list(circuit.pinned),
        "groups": [{"name": one.label, "ids": list(one.nodes)} for one in circuit.groups],
        "proofs": {number: _proof(proof, proofs.values()) for number, proof in proofs.items()},
    }


def _ranks(circuit: Circuit, turns: Mapping[str, int]) -> list[int | None]:
    """By turn, where the unit stands in the ranking that the curves are of, from 0: a circuit that
    was pruned leaves some of it out."""
    ranked = {unit: rank for rank, (unit, _) in enumerate(circuit.ranking)}
    found: list[int | None] = [None] * (max(turns.values(), default=-1) + 1)
    for node in circuit.graph.nodes:
        if node.unit is not None and node.id in turns:
            found[turns[node.id]] = ranked.get(node.unit)
    return found


def _ways(link: Link) -> list[list[tuple[int, int, float]]]:
    """One more entry, if they are known."""
    return [[(at, to, rounded(weight)) for at, to, weight in link.ways]] if link.ways else []


def rounded(value: float) -> float:
    """Six digits: what a drawing and its readout need."""
    return float(f"{value:.6g}")


def _node(
    node: Node, n_tokens: int, turn: int | None, labels: Mapping[Unit, str], ablation: str | None
) -> dict[str, Any]:
    known = labels.get((node.unit.site, node.unit.index)) if node.unit else None
    told: dict[str, Any] = {
        "id": node.id,
        "kind": node.kind,
        "layer": node.layer,
        "at": standing(node, n_tokens),
        "name": node_name(node),
        "effect": rounded(strength(node)),
        "known": known_as(node),
        "turn": turn,
        "label": known or said_label(node),
        "edit": edit_line(node, ablation),
        "unit": node.unit is not None,
    }
    if node.position is None:
        told["places"] = [[at, rounded(value)] for at, value in node.places if at < n_tokens]
    if node.effect is not None:
        told["estimate"] = rounded(node.effect)
    if node.flags:
        told["flags"] = [FLAGS[flag] for flag in node.flags]
    return told


def _proof(proof: Proof, among: Iterable[Proof]) -> dict[str, Any]:
    """One of chosen units has no curves: those of the circuit, on the same prompts, go with it."""
    alike = [
        other
        for other in (proof, *among)
        if other.curves and (other.ablation, other.prompts) == (proof.ablation, proof.prompts)
    ]
    curves = alike[0].curves if alike else ()
    return {
        "title": proof_title(proof),
        "kept": proof.n_kept,
        "whole": proof.units is None,
        "own": {
            "faithfulness": _estimate(proof.faithfulness),
            "completeness": _estimate(proof.completeness),
            "random": _estimate(proof.random),
        },
        "curves": {curve.of: _curve(curve) for curve in curves},
    }


def _curve(curve: Curve) -> list[list[Any]]:
    ordered = sorted(curve.points, key=lambda point: point.n_units)
    return [_point(point) for point in ordered]


def _point(point: Point) -> list[Any]:
    """Size, faithfulness with its interval, completeness with its interval."""
    return [point.n_units, *_estimate(point.faithfulness), *_estimate(point.completeness)]


def _estimate(value: Estimate | None) -> list[float | None]:
    if value is None:
        return [None, None, None]
    return [
        None if number is None else rounded(number)
        for number in (value.value, value.low, value.high)
    ]
