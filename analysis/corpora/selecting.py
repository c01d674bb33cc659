"""Which documents of a stream a corpus keeps, and the count of all others."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from analysis.corpora.duplicates import Duplicates
from analysis.corpora.frozen import Division
from analysis.corpora.hashing import text_sha256
from analysis.corpora.normalising import clean_label, normalise, slug
from analysis.corpora.progress import Progress
from analysis.corpora.readers.base import Replaced
from analysis.corpora.splitting import assign_split
from analysis.errors import CorpusError
from analysis.records import Document, FrozenDocument, Reading


@dataclass
class Selection:
    """Drops empty and repeated documents, numbers and assigns the others, up to the limits."""

    division: Division
    duplicates: Duplicates
    max_documents: int | None
    max_characters: int | None
    n_read: int = 0
    n_kept: int = 0
    n_characters: int = 0
    n_empty: int = 0
    n_exact: int = 0
    n_near: int = 0
    domains: set[str] = field(default_factory=set)
    splits: Counter[str] = field(default_factory=Counter)

    def choose(self, documents: Iterable[Document], progress: Progress) -> Iterator[FrozenDocument]:
        if self.max_documents is not None and self.max_documents <= 0:
            return
        for document in documents:
            self.n_read += 1
            frozen = self._judge(document)
            if frozen is not None:
                size = self.n_characters + len(frozen.text)
                if self.max_characters is not None and size > self.max_characters:
                    self.n_read -= 1
                    return
                self.n_kept += 1
                self.n_characters = size
                self.splits[frozen.split] += 1
                yield frozen
            progress(self.n_read, None)
            if self.n_kept == self.max_documents:
                return

    def check_held_out(self) -> None:
        unknown = set(self.division.held_out) - {slug(domain) for domain in self.domains}
        if unknown:
            raise CorpusError(
                f"No document is of the domain {', '.join(sorted(unknown))} that is to be held "
                "out.",
                hint=f"Domains read: {', '.join(sorted(self.domains)[:20])}.",
            )

    def reading(self, replaced: Replaced) -> Reading:
        return Reading(
            n_read=self.n_read,
            n_kept=self.n_kept,
            n_characters=self.n_characters,
            n_duplicates=self.n_exact + self.n_near,
            n_empty=self.n_empty,
            n_replaced_bytes=replaced.n_bytes,
            n_links_left_out=replaced.n_links,
            limits={"max_documents": self.max_documents, "max_characters": self.max_characters},
        )

    def nothing_kept(self) -> CorpusError:
        """The error that says why no document was kept."""
        if self.n_read == 0 and self.domains:
            return CorpusError(
                f"The first document is longer than the {self.max_characters} characters allowed.",
                hint="Allow more characters, or cut the document.",
            )
        if self.n_read == 0:
            return CorpusError(
                "The corpus is empty: there is no document in it.",
                hint="Check that the source is the one you mean, and its limits.",
            )
        return CorpusError(
            f"The corpus is empty: all {self.n_read} documents read have no text.",
            hint="Check that the field or file named is the one that holds the text.",
        )

    def _judge(self, document: Document) -> FrozenDocument | None:
        domain = clean_label(document.domain)
        self.domains.add(domain)
        normalised = normalise(document.text)
        if not normalised:
            self.n_empty += 1
            return None
        digest = text_sha256(normalised)
        verdict = self.duplicates.judge(normalised, digest)
        self.n_exact += verdict == "exact"
        self.n_near += verdict == "near"
        if verdict != "new":
            return None
        division = self.division
        group = clean_label(document.group)
        split = assign_split(
            digest,
            domain,
            group=group,
            seed=division.seed,
            shares=division.shares,
            held_out=division.held_out,
        )
        return FrozenDocument(
            number=self.n_kept,
            title=clean_label(document.title),
            domain=domain,
            origin=clean_label(document.origin),
            split=split,
            sha256=digest,
            text=document.text,
            group=group,
        )
