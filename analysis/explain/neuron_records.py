"""Neuron records and simulations as OpenAI published them: one JSON object per neuron.

Bills et al. (2023), *Language models can explain neurons in language models*. Read strictly (see
`tagged`), written so that their reader takes it. A `.jsonl` file holds one object per line; either
may be gzipped (`.json.gz`, `.jsonl.gz`).
"""

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

from analysis.errors import RecordsError
from analysis.explain.tagged import dumps, loads

MOST_BYTES = 1 << 28
"""Of a file, unpacked."""
GZIPPED = ".gz"


@dataclass(frozen=True)
class NeuronId:
    layer_index: int
    neuron_index: int


@dataclass(frozen=True)
class ActivationRecord:
    """An excerpt of text with the neuron's activation at every token."""

    tokens: tuple[str, ...]
    activations: tuple[float, ...]

    def __post_init__(self) -> None:
        _same_length(self, "tokens", "activations")


@dataclass(frozen=True)
class NeuronRecord:
    """What is known of a neuron; every list but the identity may be missing."""

    neuron_id: NeuronId
    random_sample: tuple[ActivationRecord, ...] = ()
    random_sample_by_quantile: tuple[tuple[ActivationRecord, ...], ...] | None = None
    quantile_boundaries: tuple[float, ...] | None = None
    mean: float | None = None
    variance: float | None = None
    skewness: float | None = None
    kurtosis: float | None = None
    most_positive_activation_records: tuple[ActivationRecord, ...] = ()


@dataclass(frozen=True)
class SequenceSimulation:
    """What was predicted at every token of an excerpt, as a distribution and its mean."""

    tokens: tuple[str, ...]
    expected_activations: tuple[float, ...]
    activation_scale: Literal["neuron_activations", "simulated_normalized_activations"]
    distribution_values: tuple[tuple[float, ...], ...]
    distribution_probabilities: tuple[tuple[float, ...], ...]
    uncalibrated_simulation: "SequenceSimulation | None" = None

    def __post_init__(self) -> None:
        _same_length(self, "tokens", "expected_activations")
        _same_length(self, "distribution_values", "distribution_probabilities")
        for at, (values, probabilities) in enumerate(
            zip(self.distribution_values, self.distribution_probabilities, strict=True)
        ):
            if len(values) != len(probabilities):
                raise RecordsError(
                    f"distribution_values[{at}] and distribution_probabilities[{at}] are of "
                    f"unequal lengths, {len(values)} and {len(probabilities)}."
                )


@dataclass(frozen=True)
class ScoredSequenceSimulation:
    simulation: SequenceSimulation
    true_activations: tuple[float, ...]
    ev_correlation_score: float | None = None
    """Undefined where either is constant."""
    rsquared_score: float | None = None
    absolute_dev_explained_score: float | None = None

    def __post_init__(self) -> None:
        if len(self.true_activations) != len(self.simulation.tokens):
            raise RecordsError(
                f"true_activations and simulation.tokens are of unequal lengths, "
                f"{len(self.true_activations)} and {len(self.simulation.tokens)}."
            )


@dataclass(frozen=True)
class ScoredSimulation:
    """All excerpts; the scores are of the concatenated tokens, not means over excerpts."""

    scored_sequence_simulations: tuple[ScoredSequenceSimulation, ...]
    ev_correlation_score: float | None = None
    rsquared_score: float | None = None
    absolute_dev_explained_score: float | None = None


@dataclass(frozen=True)
class ScoredExplanation:
    explanation: str
    scored_simulation: ScoredSimulation


@dataclass(frozen=True)
class NeuronSimulationResults:
    neuron_id: NeuronId
    scored_explanations: tuple[ScoredExplanation, ...]


Published = TypeVar("Published", NeuronRecord, NeuronSimulationResults)


def read_records(path: Path, kind: type[Published]) -> tuple[Published, ...]:
    """The neurons of a file, in its order: of a `.jsonl` one per line, else one.

    Raises:
        RecordsError: the file is not there, too large, no text, or a record is wrong; names file
            and line.
    """
    found = []
    for one in read_each(path, kind):
        if isinstance(one, RecordsError):
            raise one
        found.append(one)
    return tuple(found)


def read_each(path: Path, kind: type[Published]) -> Iterator[Published | RecordsError]:
    """The same one by one, with the error in the place of a record that is wrong.

    Raises:
        RecordsError: the whole file cannot be read.
    """
    text = _read_text(path)
    if not path.name.removesuffix(GZIPPED).endswith(".jsonl"):
        yield _read_one(text, kind, path.name)
        return
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield _read_one(line, kind, f"{path.name}, line {number}")


def write_records(path: Path, records: tuple[Published, ...]) -> None:
    """A `.jsonl` file with one record per line, or a file with one; whole, or not at all.

    Raises:
        ValueError: several records for a file that holds one.
        OSError: it could not be written; what stood there before is untouched.
    """
    if path.suffix != ".jsonl" and len(records) != 1:
        raise ValueError(f"{path.name} holds one record, not {len(records)}: name it .jsonl.")
    partial = path.with_name(path.name + ".part")
    try:
        partial.write_text("".join(f"{dumps(record)}\n" for record in records), encoding="ascii")
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def _read_one(text: str, kind: type[Published], where: str) -> Published | RecordsError:
    try:
        return loads(text, kind)
    except RecordsError as error:
        return RecordsError(f"{where}: {error.detail}", hint=error.hint)


def _read_text(path: Path) -> str:
    try:
        open_it = gzip.open if path.suffix == GZIPPED else open
        with open_it(path, "rb") as stream:
            read = stream.read(MOST_BYTES + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        what = "it is cut off" if isinstance(error, EOFError) else "it is damaged, or no gzip file"
        raise RecordsError(
            f"{path.name} cannot be unpacked: {what}.", hint="Fetch or copy it again."
        ) from error
    except OSError as error:
        raise RecordsError(f"{path} cannot be read: {error.strerror}.") from error
    if len(read) > MOST_BYTES:
        raise RecordsError(
            f"{path.name} is larger than {MOST_BYTES >> 20} MB.",
            hint="Give one file per neuron.",
        )
    try:
        return read.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RecordsError(f"{path.name} is no UTF-8 text.") from error


def _same_length(record: object, first: str, second: str) -> None:
    lengths = [len(getattr(record, name)) for name in (first, second)]
    if lengths[0] != lengths[1]:
        raise RecordsError(
            f"{first} and {second} are of unequal lengths, {lengths[0]} and {lengths[1]}."
        )
