"""Scores of records, as JSON and as lines of a terminal."""

import json
from collections.abc import Iterable, Mapping

from analysis.explain.neuron_records import NeuronId
from analysis.explain.record_checking import CheckedExplanation
from analysis.explain.record_explaining import SHOWN, only
from analysis.programs.english import in_english
from analysis.programs.length import bits_of, n_listed, n_rules
from analysis.programs.program import Program
from analysis.programs.writing import write_program
from analysis.score.records import MetricScore, Scores

NAMES = {
    "corpus_r": "r, random records",
    "top_random_r": "r, strongest and random 1:1",
    "r2_uncentred": "R², uncentred",
    "r2_centred": "R², centred",
    "deviation": "absolute deviation explained",
}
WIDTH = max(map(len, NAMES.values())) + 2


def as_line(report: Mapping[str, object]) -> str:
    """One line of plain ASCII."""
    return json.dumps(report, allow_nan=False)


def name_of(neuron: NeuronId) -> str:
    return f"Neuron {neuron.layer_index}:{neuron.neuron_index}"


def program_report(program: Program | None, n_tokens: int) -> dict[str, object] | None:
    if program is None:
        return None
    return {
        "program": write_program(program),
        "english": in_english(program),
        "bits": bits_of(program, n_tokens),
        "n_rules": n_rules(program),
        "n_listed": n_listed(program),
    }


def scores_report(scores: Scores | None) -> dict[str, object] | None:
    if scores is None:
        return None
    return {
        "status": scores.status,
        "reason": scores.reason,
        "n_records": scores.n_windows,
        "n_texts": scores.n_documents,
        "n_tokens": scores.n_positions,
        "metrics": {one.name: metric_report(one) for one in only(scores)},
    }


def metric_report(one: MetricScore) -> dict[str, object]:
    return {
        "value": one.score.value,
        "low": one.score.low,
        "high": one.score.high,
        "reason": one.reason,
        "mean": one.mean,
        "lookup": one.lookup,
        "lookup_cut": one.lookup_cut,
    }


def score_lines(scores: Scores, *, baselines: bool = True) -> list[str]:
    """A table: value, interval, and beside them the lookup table, the same cut to the length of the
    program, and the mean."""
    heads = ("score", "95 % interval", *(("lookup", "cut", "mean") if baselines else ()))
    rows = [_row("", heads)]
    for one in only(scores):
        cells = [shown(one.score.value), interval(one)]
        if baselines:
            cells += [shown(one.lookup), shown(one.lookup_cut), shown(one.mean)]
        rows.append(_row(NAMES[one.name], cells) + _why(one))
    return rows


def claim_lines(checked: CheckedExplanation) -> list[str]:
    rows = [_row("", ("computed", "95 % interval", "claimed"))]
    for claim in checked.claims:
        one = claim.metric
        claimed = shown(claim.claimed) if claim.is_claimed else "no such"
        name = "r" if one.name == SHOWN[0] else NAMES[one.name]
        told = "  differs" if claim.differs else ""
        rows.append(_row(name, (shown(one.score.value), interval(one), claimed)) + told + _why(one))
    return rows


def program_lines(program: Program) -> list[str]:
    return [f"  {line}" for line in write_program(program).strip().split("\n")]


def interval(one: MetricScore) -> str:
    if one.score.low is None:
        return ""
    return f"{shown(one.score.low)} to {shown(one.score.high)}"


def shown(number: float | None) -> str:
    return "undefined" if number is None else f"{number:.3f}"


def _why(one: MetricScore) -> str:
    return f"  ({one.reason})" if one.reason else ""


def _row(name: str, cells: Iterable[str]) -> str:
    widths = (11, 18, 11, 11, 11)
    return f"  {name:<{WIDTH}}" + "".join(
        f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=False)
    )
