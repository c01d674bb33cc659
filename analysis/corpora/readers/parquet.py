"""Parquet: one row is one document; a file is streamed, never held as a whole."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from analysis.corpora.readers.base import ReadOptions, Replaced
from analysis.corpora.readers.files import list_files, read_failure
from analysis.corpora.readers.rows import check_fields, read_row
from analysis.errors import CorpusError
from analysis.records import Document

SUFFIXES = (".parquet",)
_ROWS_AT_ONCE = 64


def read_parquet(source: str, options: ReadOptions, replaced: Replaced) -> Iterator[Document]:
    for file, name in list_files(source, SUFFIXES, replaced):
        try:
            yield from _read_file(file, name, options, replaced)
        except pa.ArrowException as error:
            raise CorpusError(
                f"{name} is no Parquet file or is damaged: {error}.", hint="Fetch the file again."
            ) from error
        except OSError as error:
            raise read_failure(name, error) from error


def _read_file(
    file: Path, name: str, options: ReadOptions, replaced: Replaced
) -> Iterator[Document]:
    with pq.ParquetFile(file) as parquet:
        fields = parquet.schema_arrow.names
        check_fields(options, fields, place=name)
        columns = [field for field in options.wanted if field in fields]
        number = 0
        for batch in parquet.iter_batches(batch_size=_ROWS_AT_ONCE, columns=columns):
            for row in _as_bytes(batch).to_pylist():
                number += 1
                yield read_row(row, options, replaced, place=f"{name}, row {number}")


def _as_bytes(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The batch with text as bytes: Parquet does not promise that it is UTF-8."""
    columns = []
    for column in batch.columns:
        plain = column.dictionary_decode() if pa.types.is_dictionary(column.type) else column
        text = pa.types.is_string(plain.type) or pa.types.is_large_string(plain.type)
        columns.append(plain.cast(pa.large_binary()) if text else plain)
    return pa.record_batch(columns, names=batch.schema.names)
