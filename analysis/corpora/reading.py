"""Documents from anywhere: which kinds of sources there are, and which kind a source is."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from types import MappingProxyType

from analysis.corpora.readers.base import Reader, ReadOptions, Replaced
from analysis.corpora.readers.files import as_path, not_there
from analysis.corpora.readers.hub import read_hub
from analysis.corpora.readers.jsonl import SUFFIXES as JSONL_SUFFIXES
from analysis.corpora.readers.jsonl import read_jsonl
from analysis.corpora.readers.parquet import SUFFIXES as PARQUET_SUFFIXES
from analysis.corpora.readers.parquet import read_parquet
from analysis.corpora.readers.starter import read_starter
from analysis.corpora.readers.txt import read_txt
from analysis.errors import CorpusError
from analysis.records import Document

READERS: Mapping[str, Reader] = MappingProxyType(
    {
        "starter": read_starter,
        "txt": read_txt,
        "jsonl": read_jsonl,
        "parquet": read_parquet,
        "hub": read_hub,
    }
)
HELD_OUT: Mapping[str, tuple[str, ...]] = MappingProxyType({"starter": ("code",)})
"""Domains that are held out unless one says otherwise, per kind."""

_OF_ROWS = frozenset(
    {"text_field", "title_field", "domain_field", "origin_field", "group_field", "domain"}
)
_HEEDED: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "starter": frozenset({"domain"}),
        "txt": frozenset({"domain", "by_paragraph"}),
        "jsonl": _OF_ROWS,
        "parquet": _OF_ROWS,
        "hub": _OF_ROWS | {"split", "config"},
    }
)
"""The options that mean something, per kind."""
_SUFFIXES = {"jsonl": JSONL_SUFFIXES, "parquet": PARQUET_SUFFIXES, "txt": (".txt",)}
_HUB_ID = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*)?")


def read_documents(
    source: str,
    *,
    kind: str | None = None,
    options: ReadOptions | None = None,
    replaced: Replaced | None = None,
) -> Iterator[Document]:
    """The documents of a source, one by one; without `kind` it is told from the source.

    Bytes that were no UTF-8 are counted in `replaced` as they are met. Raises CorpusError for an
    unknown kind, and for options that mean nothing for this one.
    """
    options = options or ReadOptions()
    kind = kind or tell_kind(source)
    if kind not in READERS:
        raise CorpusError(
            f"There is no kind of corpus called '{kind}'.",
            hint=f"Kinds are {', '.join(READERS)}.",
        )
    _refuse_unheeded(options, kind)
    return READERS[kind](source, options, replaced or Replaced())


def tell_kind(source: str) -> str:
    """The kind of a source: `starter`, a file by its ending, a folder by its files, or hub."""
    if source == "starter":
        return source
    path = as_path(source)
    if path.is_dir():
        return _tell_folder(source, path)
    for kind, suffixes in _SUFFIXES.items():
        if path.name.lower().endswith(suffixes):
            return kind
    if path.is_file():
        raise CorpusError(
            f"What kind of text {source} holds cannot be told from its name.",
            hint="Give the kind: txt, jsonl or parquet.",
        )
    if _HUB_ID.fullmatch(source):
        return "hub"
    raise not_there(source)


def _refuse_unheeded(options: ReadOptions, kind: str) -> None:
    given = [
        "--" + option.name.replace("_", "-")
        for option in fields(options)
        if option.name not in _HEEDED[kind] and getattr(options, option.name) != option.default
    ]
    if given:
        raise CorpusError(
            f"{' and '.join(given)} cannot be used with a corpus of the kind {kind}.",
            hint="Leave it out. Rows of jsonl, parquet and hub have fields; of .txt files the "
            "folders are domain and group, and only they have paragraphs; only the hub has splits "
            "and configurations.",
        )


def _tell_folder(source: str, path: Path) -> str:
    names = [file.name.lower() for file in path.rglob("*") if not file.name.startswith(".")]
    kinds = [k for k, suffixes in _SUFFIXES.items() if any(n.endswith(suffixes) for n in names)]
    if len(kinds) == 1:
        return kinds[0]
    found = " and ".join(kinds) if kinds else "neither txt nor jsonl nor parquet"
    raise CorpusError(
        f"The folder {source} holds {found} files.",
        hint="Name a folder with files of one kind, or give the kind.",
    )
