"""`records explain`: every neuron of some files explained, told, and written where asked."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean

import typer

from analysis.explain.neuron_records import NeuronRecord
from analysis.explain.record_explaining import ExplainedRecord, explain_record
from analysis.programs.english import in_english
from analysis.score.records import Scores
from analysis.worker.records.files import Telling
from analysis.worker.records.reporting import (
    name_of,
    program_lines,
    program_report,
    score_lines,
    scores_report,
)


def explain_files(
    source: Path,
    *,
    seed: int,
    most_rules: int,
    most_listed: int,
    as_json: bool,
    to: Path | None,
) -> int:
    """How many neurons could not be read or explained."""
    telling = Telling(as_json)
    found: list[Scores | None] = []

    def tell(path: Path, record: NeuronRecord) -> None:
        one = explain_record(record, most_rules=most_rules, most_listed=most_listed, seed=seed)
        report = {"file": str(path), "seed": seed, **_report(one)}
        if to is not None:
            telling.write(to, one.simulations, report)
        telling.say(report, _lines(path, one))
        found.append(one.scores)

    telling.each(source, NeuronRecord, tell)
    if not as_json and len(found) + telling.n_failed > 1:
        typer.echo(_summary(found, telling.n_failed))
    return telling.n_failed


def _report(one: ExplainedRecord) -> dict[str, object]:
    return {
        "layer_index": one.neuron.layer_index,
        "neuron_index": one.neuron.neuron_index,
        "records": {split: dict(kinds) for split, kinds in one.counts.items()},
        "rules": program_report(one.program, one.n_tokens),
        "reason": one.reason,
        "test": scores_report(one.scores),
        "lookup": program_report(one.lookup, one.n_tokens),
        "lookup_test": scores_report(one.lookup_scores),
    }


def _lines(path: Path, one: ExplainedRecord) -> list[str]:
    counts = ", ".join(f"{split} {_counted(kinds)}" for split, kinds in one.counts.items())
    lines = [f"{name_of(one.neuron)} ({path.name})", f"  Records: {counts}"]
    if one.program is None or one.scores is None:
        lines += [f"  No program: {one.reason}", "  Token lookup, its 12 best tokens:"]
    else:
        lines += [f"  {in_english(one.program)}", "  Program:"]
    scores = one.lookup_scores if one.scores is None else one.scores
    lines += [f"  {line}" for line in program_lines(one.shown)]
    lines.append(f"  On test records, {scores.n_positions} tokens:")
    return lines + score_lines(scores)


def _counted(kinds: Mapping[str, int]) -> str:
    words = {"random": "random", "top": "strongest", "by_quantile": "by quantile"}
    there = [f"{n} {words[kind]}" for kind, n in kinds.items() if n]
    return " + ".join(there) or "none"


def _summary(found: Sequence[Scores | None], n_failed: int) -> str:
    """Every neuron is counted, whatever became of it."""
    scores = [one for one in found if one is not None]
    defined = [one.r for one in scores if one.r is not None]
    mean = f", mean r {fmean(defined):.3f} over {len(defined)}" if defined else ""
    undefined = len(scores) - len(defined)
    return (
        f"{len(found) + n_failed} neurons: {len(scores)} with a program{mean}, r of {undefined} "
        f"undefined; {len(found) - len(scores)} without a program; "
        f"{n_failed} could not be read or explained."
    )
