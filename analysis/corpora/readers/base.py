"""What every reader is given and gives, and how bytes become text."""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from analysis.records import Document

_SURROGATE = re.compile("[\ud800-\udfff]")
_EACH_BYTE = "patchclamp-each-byte"
GROUP = "group"
"""The field of groups unless another is named."""


@dataclass(frozen=True)
class ReadOptions:
    """Where a source keeps what we want of it."""

    text_field: str = "text"
    title_field: str = "title"
    domain_field: str = "domain"
    origin_field: str = "origin"
    group_field: str | None = None
    """What a document is a part of (book, speaker); documents of one group share a split.

    None is `group`, where there is one; a field that is named must be there in every row, though it
    may be null.
    """
    by_paragraph: bool = False
    """Text files only: what stands between blank lines is a document, not the file."""
    domain: str | None = None
    """The domain of every document, whatever the source says."""
    split: str = "train"
    """Hub data sets only."""
    config: str | None = None
    """Hub data sets only."""

    @property
    def wanted(self) -> tuple[str, ...]:
        """The fields that are read."""
        named = (self.text_field, self.title_field, self.domain_field, self.origin_field)
        return tuple(dict.fromkeys((*named, self.group_field or GROUP)))


@dataclass
class Replaced:
    """Counts what was not taken as it is while a source is read."""

    n_bytes: int = 0
    """That were no UTF-8."""
    n_links: int = 0
    """Files that were left out because they are links that lead out of the folder."""


@runtime_checkable
class Reader(Protocol):
    """Yields a source's documents one by one, empty ones included.

    Raises CorpusError, at the latest when the first document is asked for, if the source is not
    there or cannot be understood.
    """

    def __call__(
        self, source: str, options: ReadOptions, replaced: Replaced
    ) -> Iterator[Document]: ...


def decode(data: bytes, replaced: Replaced) -> str:
    """The bytes as text without byte order mark; each byte that is no UTF-8 becomes U+FFFD."""
    text = data.decode("utf-8", _EACH_BYTE)
    # The encoded U+FFFD begins with a lead byte, so every one in the data was decoded as itself.
    replaced.n_bytes += text.count("\ufffd") - data.count(b"\xef\xbf\xbd")
    return text.removeprefix("\ufeff")


def mend(text: str, replaced: Replaced) -> str:
    """The text with U+FFFD for half a surrogate pair, which JSON can carry and UTF-8 cannot."""
    if text.isascii():
        return text
    mended, n = _SURROGATE.subn("\ufffd", text)
    replaced.n_bytes += n
    return mended


def _replace_each(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "\ufffd" * (error.end - error.start), error.end


codecs.register_error(_EACH_BYTE, _replace_each)
