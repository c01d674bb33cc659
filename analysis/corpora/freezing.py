"""Freeze a corpus: drop empty and repeated documents, assign splits, write one file.

What goes in is a stream of documents, what comes out a folder with `documents.parquet` and the
counts of what was kept and left out. The same documents and parameters give the same bytes. Of
documents that are equal or nearly equal the first one is kept, so that no text, nor nearly the
same text, is in two splits.
"""

import json
import os
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from itertools import chain
from pathlib import Path
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq

from analysis.corpora.duplicates import Duplicates
from analysis.corpora.frozen import FACTS, FILE_NAME, Division, Frozen
from analysis.corpora.hashing import text_sha256
from analysis.corpora.normalising import slug
from analysis.corpora.progress import Progress, no_progress
from analysis.corpora.readers.base import Replaced
from analysis.corpora.selecting import Selection
from analysis.corpora.splitting import Shares, order_splits
from analysis.errors import CorpusError
from analysis.records import Document, FrozenDocument

NEAR_DUPLICATE = 0.8
_SCHEMA = pa.schema(
    [(name, pa.int64() if name in ("number", "n_characters") else pa.string()) for name in FACTS]
    + [("text", pa.large_string())]
)
_GROUP_ROWS = 4096
_GROUP_CHARACTERS = 4_000_000


def freeze_corpus(
    documents: Iterable[Document],
    folder: Path,
    *,
    seed: int = 0,
    shares: Shares | None = None,
    held_out: Collection[str] = (),
    max_documents: int | None = None,
    max_characters: int | None = None,
    near_duplicate: float | None = NEAR_DUPLICATE,
    replaced: Replaced | None = None,
    progress: Progress = no_progress,
) -> Frozen:
    """What was frozen into `folder`; a file that was there is replaced at the very end.

    `held_out` names domains; `max_documents` and `max_characters` bound what is kept (reading
    stops before the document that would go beyond); `near_duplicate` is the similarity of word
    5-shingles from which on a document counts as a repetition (None: only equal texts do);
    `replaced` is what the reader counts in; `progress` hears of documents read. Raises CorpusError
    when nothing is kept, or when no document is of a domain that is to be held out.
    """
    division = Division(seed, shares or Shares(), tuple(sorted({slug(d) for d in held_out})))
    selection = Selection(division, Duplicates(near_duplicate), max_documents, max_characters)
    kept = selection.choose(documents, progress)
    first = next(kept, None)
    if first is None:
        raise selection.nothing_kept()
    digest = sha256()
    with _writing(folder) as writer:
        for group in _groups(_noted(chain([first], kept), digest.update)):
            writer.write_table(_table(group))
        selection.check_held_out()
    return Frozen(
        folder=folder,
        documents_sha256=digest.hexdigest(),
        reading=selection.reading(replaced or Replaced()),
        n_near_duplicates=selection.n_near,
        division=division,
        splits={split: selection.splits[split] for split in order_splits(selection.splits)},
    )


def _noted(
    documents: Iterable[FrozenDocument], note: Callable[[bytes], None]
) -> Iterator[FrozenDocument]:
    """The documents as they come, each noted as a line of its names, split and text's hash."""
    for document in documents:
        names = (document.title, document.domain, document.origin, document.split)
        line = json.dumps([document.number, *names, text_sha256(document.text)])
        note(line.encode() + b"\n")
        yield document


def _groups(documents: Iterable[FrozenDocument]) -> Iterator[list[FrozenDocument]]:
    """Row groups, bounded in rows and characters so that reading takes little memory."""
    group: list[FrozenDocument] = []
    size = 0
    for document in documents:
        group.append(document)
        size += len(document.text)
        if len(group) == _GROUP_ROWS or size >= _GROUP_CHARACTERS:
            yield group
            group, size = [], 0
    if group:
        yield group


def _table(group: list[FrozenDocument]) -> pa.Table:
    columns = {
        name: [len(d.text) if name == "n_characters" else getattr(d, name) for d in group]
        for name in _SCHEMA.names
    }
    return pa.table(columns, schema=_SCHEMA)


@contextmanager
def _writing(folder: Path) -> Iterator[pq.ParquetWriter]:
    """A writer whose file takes its name only when all went well."""
    temporary = folder / f".{FILE_NAME}.{uuid4().hex}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("wb") as file:
                with pq.ParquetWriter(file, _SCHEMA, compression="zstd") as writer:
                    yield writer
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(folder / FILE_NAME)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise CorpusError(
            f"The corpus cannot be written to {folder}: {error.strerror or error}.",
            hint="Check that there is room and that you may write there, then add it again.",
        ) from error
