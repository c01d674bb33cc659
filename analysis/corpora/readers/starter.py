"""The corpus that Patchclamp brings along: a novel, speeches and source code."""

from collections.abc import Iterator
from pathlib import Path

from analysis.corpora.readers.base import ReadOptions, Replaced
from analysis.corpora.readers.jsonl import read_jsonl
from analysis.records import Document

FILE = Path(__file__).parents[1] / "starter" / "documents.jsonl.gz"


def read_starter(source: str, options: ReadOptions, replaced: Replaced) -> Iterator[Document]:
    """The committed documents; their fields are known, so that only `options.domain` is heeded."""
    del source
    return read_jsonl(str(FILE), ReadOptions(domain=options.domain), replaced)
