"""Data sets of the Hugging Face hub, streamed: one row is one document."""

from collections.abc import Iterator

from analysis.corpora.readers.base import ReadOptions, Replaced
from analysis.corpora.readers.rows import check_fields, read_row
from analysis.errors import CorpusError
from analysis.records import Document


def read_hub(source: str, options: ReadOptions, replaced: Replaced) -> Iterator[Document]:
    # Imported here: it takes seconds, and local corpora do not need it.
    import datasets
    import httpx
    from datasets.exceptions import DatasetsError

    place = f"data set {source}, {options.split}"
    unreadable = (OSError, ValueError, RuntimeError, LookupError, httpx.HTTPError, DatasetsError)
    try:
        rows = datasets.load_dataset(source, options.config, split=options.split, streaming=True)
        fields = rows.column_names
        if fields is not None:
            check_fields(options, fields, place=place)
            rows = rows.select_columns([field for field in options.wanted if field in fields])
        for number, row in enumerate(rows):
            yield read_row(row, options, replaced, place=f"{place}, row {number}")
    except unreadable as error:
        raise CorpusError(
            f"The {place} cannot be read: {error}",
            hint="Check the name, --config and --split, and that the hub can be reached; "
            "a local file or folder is given by its path.",
        ) from error
