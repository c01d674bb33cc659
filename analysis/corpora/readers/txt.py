"""Plain text: one file is one document, or each of its paragraphs; a folder is as many as it holds.

A paragraph is what stands between blank lines. In a folder, the first sub-folder names the domain,
and a second one within it what its files are parts of. Line ends become newlines.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Final

from analysis.corpora.readers.base import ReadOptions, Replaced, decode
from analysis.corpora.readers.files import list_files, read_failure
from analysis.corpora.readers.rows import NO_DOMAIN
from analysis.records import Document

BLANK_LINES: Final = re.compile(r"\n(?:[^\S\n]*\n)+")


def read_txt(source: str, options: ReadOptions, replaced: Replaced) -> Iterator[Document]:
    for file, name in list_files(source, (".txt",), replaced):
        text = decode(_read(file, name), replaced).replace("\r\n", "\n").replace("\r", "\n")
        parts = PurePosixPath(name).parts
        title = PurePosixPath(name).stem
        whole = Document(
            title=title,
            domain=options.domain or (parts[0] if len(parts) > 1 else NO_DOMAIN),
            origin=name,
            text=text,
            group="/".join(parts[:-1]) if len(parts) > 2 else "",
        )
        if not options.by_paragraph:
            yield whole
            continue
        paragraphs = [part for part in BLANK_LINES.split(text) if part.strip()]
        for number, paragraph in enumerate(paragraphs, start=1):
            yield replace(
                whole,
                title=f"{title}, paragraph {number}",
                origin=f"{name}, paragraph {number}",
                text=paragraph,
            )


def _read(file: Path, name: str) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise read_failure(name, error) from error
