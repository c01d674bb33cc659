"""The files that a `records` command was given, one neuron after the other, failures among them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import typer

from analysis.errors import AnalysisError, RecordsError
from analysis.explain.neuron_records import (
    NeuronRecord,
    NeuronSimulationResults,
    read_each,
    write_records,
)
from analysis.worker.records.reporting import as_line
from app.printable import escaped_lines

ENDINGS = (".json", ".jsonl", ".json.gz", ".jsonl.gz")
SIDECAR = ".patchclamp.json"
"""What the format has no place for, beside what it has."""

OTHER = {
    "NeuronRecord": (
        "NeuronSimulationResults",
        "Simulations are scored by `patchclamp records score FILE`.",
    ),
    "NeuronSimulationResults": (
        "NeuronRecord",
        "Name a program to score on records with --program, or explain them with "
        "`patchclamp records explain FILE`.",
    ),
}
"""By what is wanted: what else a file may hold, and what that is for."""

Published = TypeVar("Published", NeuronRecord, NeuronSimulationResults)


def files_of(source: Path) -> list[Path]:
    """The file, or the files of the folder and of those in it, by name.

    Raises:
        RecordsError: a folder without any.
    """
    if not source.is_dir():
        return [source]
    found = sorted(
        path
        for path in source.rglob("*")
        if path.name.endswith(ENDINGS) and not path.name.endswith(SIDECAR) and path.is_file()
    )
    if not found:
        raise RecordsError(
            f"{source} has no neuron records in it.", hint=f"They end in {', '.join(ENDINGS)}."
        )
    return found


@dataclass
class Telling:
    """Tells of each neuron, and counts."""

    as_json: bool
    n_told: int = 0
    n_failed: int = 0
    _written: set[Path] = field(default_factory=set)

    def each(
        self, source: Path, kind: type[Published], tell: Callable[[Path, Published], None]
    ) -> None:
        """Calls `tell` for every neuron; one that cannot be read or told of is a failure.

        Raises:
            RecordsError: there is no neuron at all.
        """
        for path in files_of(source):
            for one in _read(path, kind):
                try:
                    if isinstance(one, RecordsError):
                        raise one
                    tell(path, one)
                    self.n_told += 1
                except AnalysisError as error:
                    self._fail(path, error)
        if not self.n_told + self.n_failed:
            raise RecordsError(f"{source} has no neuron records in it.")

    def say(self, report: dict[str, object], lines: list[str]) -> None:
        """One neuron, as JSON or in words."""
        typer.echo(as_line(report) if self.as_json else escaped_lines("\n".join(lines)) + "\n")

    def write(
        self, folder: Path, results: NeuronSimulationResults, beside: dict[str, object]
    ) -> None:
        """Writes simulations and sidecar.

        Raises:
            RecordsError: the neuron came before, or the disk does not take it.
        """
        neuron = results.neuron_id
        path = folder / str(neuron.layer_index) / f"{neuron.neuron_index}.jsonl"
        if path in self._written:
            raise RecordsError(
                f"Neuron {neuron.layer_index}:{neuron.neuron_index} came before, and its "
                "simulations are written already.",
                hint="Give each neuron once.",
            )
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_records(path, (results,))
            path.with_suffix(SIDECAR).write_text(as_line(beside) + "\n", encoding="ascii")
        except OSError as error:
            raise RecordsError(f"{path} cannot be written: {error.strerror}.") from error
        self._written.add(path)

    def _fail(self, path: Path, error: AnalysisError) -> None:
        self.n_failed += 1
        if self.as_json:
            typer.echo(as_line({"file": str(path), "error": error.detail, "hint": error.hint}))
        said = " ".join(part for part in (error.detail, error.hint) if part)
        named = said if path.name in said else f"{path.name}: {said}"
        typer.echo(f"patchclamp: {escaped_lines(named)}", err=True)


def _read(path: Path, kind: type[Published]) -> Iterator[Published | RecordsError]:
    try:
        for one in read_each(path, kind):
            hint = OTHER[kind.__name__] if isinstance(one, RecordsError) else None
            if isinstance(one, RecordsError) and hint and f"not {hint[0]!r}" in one.detail:
                yield RecordsError(one.detail, hint=hint[1])
            else:
                yield one
    except RecordsError as error:
        yield error
