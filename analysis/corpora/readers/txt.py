"""Plain text: one file is one document; a folder is as many as it holds.

In a folder, the first sub-folder names the domain, and a second one within it what its files are
parts of. Line ends become newlines.
"""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from analysis.corpora.readers.base import ReadOptions, Replaced, decode
from analysis.corpora.readers.files import list_files, read_failure
from analysis.corpora.readers.rows import NO_DOMAIN
from analysis.records import Document


def read_txt(source: str, options: ReadOptions, replaced: Replaced) -> Iterator[Document]:
    for file, name in list_files(source, (".txt",), replaced):
        text = decode(_read(file, name), replaced)
        parts = PurePosixPath(name).parts
        yield Document(
            title=PurePosixPath(name).stem,
            domain=options.domain or (parts[0] if len(parts) > 1 else NO_DOMAIN),
            origin=name,
            text=text.replace("\r\n", "\n").replace("\r", "\n"),
            group="/".join(parts[:-1]) if len(parts) > 2 else "",
        )


def _read(file: Path, name: str) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise read_failure(name, error) from error
