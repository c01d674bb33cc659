"""Every format by name. A new one is a module with `write` and `read`, and a line here."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from app.errors import BadRequestError
from app.exchange import comma_separated, jsonl, neuron_records, neuronpedia, parquet, sae_dashboard
from app.exchange.exported import Exported
from app.exchange.output import OutputFolder, WrittenFile
from app.exchange.plan import Piece
from app.exchange.reading import Reader
from app.store.portable import ExplanationRecord

UNITS_OF_TABLE: Final = 65_536


class Writer(Protocol):
    def __call__(
        self, store: Exported, piece: Piece, folder: OutputFolder
    ) -> tuple[list[WrittenFile], int]:
        """Writes a piece; its files, and how many explanations are in them."""
        ...


@dataclass(frozen=True)
class TableFormat:
    """A single table of explanations, which can be sent as it is written."""

    media_type: str
    encode: Callable[[Iterable[ExplanationRecord]], Iterator[bytes]]
    ending: str
    compressed: bool = False

    def write(
        self, store: Exported, piece: Piece, folder: OutputFolder
    ) -> tuple[list[WrittenFile], int]:
        counted = [0]

        def records() -> Iterator[ExplanationRecord]:
            for record in store.explanations(piece.spans):
                counted[0] += 1
                yield record

        name = f"explanations-{piece.number}.{self.ending}"
        file = folder.write(name, self.encode(records()), compressed=self.compressed)
        return [file], counted[0]


@dataclass(frozen=True)
class Format:
    write: Writer
    read: Reader
    units: int
    """Of one piece, which is written as a whole or not at all."""
    within_sites: bool = True
    version: int = 1
    """Raised when the same store would be written otherwise: no older export is continued."""


TABLES: Final = {
    "jsonl": TableFormat(jsonl.MEDIA_TYPE, jsonl.encode, "jsonl.gz", compressed=True),
    "csv": TableFormat(comma_separated.MEDIA_TYPE, comma_separated.encode, "csv"),
    "parquet": TableFormat(parquet.MEDIA_TYPE, parquet.encode, "parquet"),
}
FORMATS: Final = {
    "jsonl": Format(
        TABLES["jsonl"].write, jsonl.read, UNITS_OF_TABLE, within_sites=False, version=2
    ),
    "csv": Format(TABLES["csv"].write, comma_separated.read, UNITS_OF_TABLE, within_sites=False),
    "parquet": Format(
        TABLES["parquet"].write, parquet.read, UNITS_OF_TABLE, within_sites=False, version=3
    ),
    "neuronpedia": Format(neuronpedia.write, neuronpedia.read, neuronpedia.UNITS),
    "saedashboard": Format(sae_dashboard.write, sae_dashboard.read, sae_dashboard.UNITS),
    "openai": Format(neuron_records.write, neuron_records.read, neuron_records.UNITS),
}


def format_named(name: str) -> Format:
    if name not in FORMATS:
        raise BadRequestError(
            f"There is no format {name!r}.", hint=f"There are {', '.join(FORMATS)}."
        )
    return FORMATS[name]
