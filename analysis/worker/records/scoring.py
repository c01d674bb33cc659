"""`records score`: published simulations scored again, or a program run on records."""

from pathlib import Path

from analysis.errors import RecordsError
from analysis.explain.neuron_records import NeuronRecord, NeuronSimulationResults
from analysis.explain.record_checking import CheckedExplanation, check_explanation
from analysis.explain.record_scoring import ScoredProgram, score_program
from analysis.programs.parsing import parse_program
from analysis.worker.records.files import Telling
from analysis.worker.records.reporting import (
    claim_lines,
    metric_report,
    name_of,
    program_report,
    score_lines,
    scores_report,
)

LONGEST_PROGRAM = 1_000_000
"""Bytes of a file; the parser has its own limits."""


def check_files(source: Path, *, seed: int, as_json: bool) -> int:
    """How many neurons could not be read."""
    telling = Telling(as_json)

    def tell(path: Path, results: NeuronSimulationResults) -> None:
        checked = [check_explanation(one, seed=seed) for one in results.scored_explanations]
        report: dict[str, object] = {
            "file": str(path),
            "layer_index": results.neuron_id.layer_index,
            "neuron_index": results.neuron_id.neuron_index,
            "explanations": [_check_report(one) for one in checked],
        }
        lines = [f"{name_of(results.neuron_id)} ({path.name})"]
        for one in checked:
            lines += _check_lines(one)
        telling.say(report, lines if checked else [*lines, "  No explanation."])

    telling.each(source, NeuronSimulationResults, tell)
    return telling.n_failed


def score_files(
    source: Path, text: str, *, everything: bool, seed: int, as_json: bool, to: Path | None
) -> int:
    """How many neurons could not be read or scored.

    Raises:
        ProgramError: the text is no program.
    """
    program = parse_program(text)
    telling = Telling(as_json)

    def tell(path: Path, record: NeuronRecord) -> None:
        one = score_program(record, program, everything=everything, seed=seed)
        report: dict[str, object] = {
            "file": str(path),
            "seed": seed,
            "layer_index": one.neuron.layer_index,
            "neuron_index": one.neuron.neuron_index,
            "split": "all" if everything else "test",
            "explanation": program_report(program, one.n_tokens),
            "unknown_tokens": list(one.unknown),
            "scores": scores_report(one.scores),
        }
        if to is not None:
            telling.write(to, one.simulations, report)
        telling.say(report, _score_lines(path, one, everything=everything))

    telling.each(source, NeuronRecord, tell)
    return telling.n_failed


def read_program(path: Path) -> str:
    """Raises RecordsError where it cannot be read."""
    try:
        with path.open("rb") as stream:
            read = stream.read(LONGEST_PROGRAM + 1)
        if len(read) > LONGEST_PROGRAM:
            raise RecordsError(f"{path.name} is too long for a program.")
        return read.decode("utf-8-sig")
    except OSError as error:
        raise RecordsError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise RecordsError(f"{path.name} is no UTF-8 text, so no program.") from error


def _score_lines(path: Path, one: ScoredProgram, *, everything: bool) -> list[str]:
    where = "all records" if everything else "test records"
    lines = [f"{name_of(one.neuron)} ({path.name})"]
    if one.unknown:
        shown = ", ".join(map(repr, one.unknown[:5])) + (", …" if len(one.unknown) > 5 else "")
        lines.append(f"  No record has {shown}: those are never found.")
    n = one.scores.n_positions
    lines.append(f"  On {where}, {one.n_random} random ({n} tokens) and {one.n_top} strongest:")
    return lines + score_lines(one.scores, baselines=not everything)


def _check_lines(one: CheckedExplanation) -> list[str]:
    lines = [
        f"  {one.explanation or '(no words)'}",
        f"  Simulations of {one.n_sequences} excerpts, {one.n_tokens} tokens:",
        *claim_lines(one),
    ]
    if not one.n_sequences:
        lines.append("  The file has no simulations, so what it claims cannot be checked.")
    if one.n_differing:
        lines.append(f"  Of {one.n_differing} excerpts the file claims other scores than follow.")
    if not one.is_in_activations:
        lines.append("  Predictions are levels from 0 to 10: R² and deviation say nothing.")
    return lines


def _check_report(one: CheckedExplanation) -> dict[str, object]:
    return {
        "explanation": one.explanation,
        "n_sequences": one.n_sequences,
        "n_tokens": one.n_tokens,
        "n_sequences_differing": one.n_differing,
        "is_in_activations": one.is_in_activations,
        "metrics": {
            claim.metric.name: {
                **metric_report(claim.metric),
                "claimed": claim.claimed,
                "is_claimed": claim.is_claimed,
                "is_checked": claim.is_checked,
                "differs": claim.differs,
            }
            for claim in one.claims
        },
    }
