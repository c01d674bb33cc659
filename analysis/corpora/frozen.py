"""The frozen copy of a corpus: its documents as kept, in one Parquet file, and reading it again."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from analysis.corpora.splitting import Shares
from analysis.errors import CorpusError
from analysis.records import FrozenDocument, Reading

FILE_NAME = "documents.parquet"
FACTS = ("number", "title", "domain", "origin", "group", "split", "sha256", "n_characters")
_ROWS_AT_ONCE = 64


@dataclass(frozen=True)
class DocumentFacts:
    """All of a frozen document but its text."""

    number: int
    title: str
    domain: str
    origin: str
    group: str
    """What it is a part of, which then decided the split; empty: nothing."""
    split: str
    sha256: str
    """Of the normalised text."""
    n_characters: int


@dataclass(frozen=True)
class Division:
    """How documents were assigned to splits."""

    seed: int
    shares: Shares
    held_out: tuple[str, ...]
    """Slugs of the domains that are kept apart as ood:<domain>."""


@dataclass(frozen=True)
class Frozen:
    """A corpus as it was frozen; its documents lie in `folder`."""

    folder: Path
    documents_sha256: str
    """Of every document's number, names, split and exact text."""
    reading: Reading
    n_near_duplicates: int
    """Of `reading.n_duplicates`, those that were not exactly equal to an earlier document."""
    division: Division
    splits: dict[str, int]
    """Documents per split; fit, calibration and test are always named, be they empty."""

    def documents(self) -> Iterator[DocumentFacts]:
        return read_facts(self.folder)


def read_frozen(folder: Path, *, with_text: bool = True) -> Iterator[FrozenDocument]:
    """The documents in order of their numbers; without text each has the text ''."""
    columns = [name for name in FACTS if name != "n_characters"]
    for row in _rows(folder, [*columns, "text"] if with_text else columns):
        yield FrozenDocument(**({"text": ""} | row))


def read_facts(folder: Path) -> Iterator[DocumentFacts]:
    for row in _rows(folder, list(FACTS)):
        yield DocumentFacts(**row)


def _rows(folder: Path, columns: list[str]) -> Iterator[dict[str, Any]]:
    file = folder / FILE_NAME
    try:
        with pq.ParquetFile(file) as parquet:
            for batch in parquet.iter_batches(batch_size=_ROWS_AT_ONCE, columns=columns):
                yield from batch.to_pylist()
    except FileNotFoundError as error:
        raise CorpusError(
            f"The frozen corpus in {folder} is not there.", hint="Add the corpus again."
        ) from error
    except (OSError, pa.ArrowException) as error:
        raise CorpusError(
            f"The frozen corpus in {folder} cannot be read: {error}.", hint="Add the corpus again."
        ) from error
