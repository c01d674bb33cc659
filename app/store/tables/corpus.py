"""Texts: a corpus, its documents, and the windows that one model's tokenizer makes of them."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.store.tables.base import Base, Json, Moment, Packed


class CorpusTable(Base):
    __tablename__ = "corpora"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    source: Mapped[str]
    source_kind: Mapped[str]
    """hub, txt, jsonl, parquet, starter"""
    folder: Mapped[str]
    """The frozen copy of the documents, under PATCHCLAMP_DATA."""
    documents_sha256: Mapped[str]
    n_documents: Mapped[int]
    n_characters: Mapped[int] = mapped_column(BigInteger)
    reading: Mapped[dict[str, Any]] = mapped_column(Json)
    """How it was read and what was left out: limits, held-out domains, split shares, seed,
    duplicates, empty documents, undecodable bytes replaced."""
    created_at: Mapped[datetime] = mapped_column(Moment)


class DocumentTable(Base):
    __tablename__ = "documents"
    __table_args__ = (
        CheckConstraint(
            "split IN ('fit', 'calibration', 'test') OR split LIKE 'ood:%'", name="split"
        ),
    )

    corpus_id: Mapped[int] = mapped_column(
        ForeignKey("corpora.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    title: Mapped[str]
    domain: Mapped[str]
    origin: Mapped[str]
    """Where the text is from, as a sentence or URL."""
    group: Mapped[str] = mapped_column(server_default="")
    """What it is a part of (book, speaker), which then decided the split; empty: nothing."""
    split: Mapped[str]
    sha256: Mapped[str]
    n_characters: Mapped[int]


class WindowSetTable(Base):
    """One cutting of a corpus by one model's tokenizer; sweeps with equal settings share it."""

    __tablename__ = "window_sets"
    __table_args__ = (UniqueConstraint("model_id", "corpus_id", "sha256"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    model_id: Mapped[int] = mapped_column(ForeignKey("models.id", ondelete="CASCADE"))
    corpus_id: Mapped[int] = mapped_column(ForeignKey("corpora.id", ondelete="CASCADE"))
    window_length: Mapped[int]
    counts: Mapped[dict[str, int]] = mapped_column(Json)
    """Windows per split."""
    parameters: Mapped[dict[str, Any]] = mapped_column(Json)
    sha256: Mapped[str]


class WindowTable(Base):
    __tablename__ = "windows"
    __table_args__ = ({"sqlite_with_rowid": False},)

    window_set_id: Mapped[int] = mapped_column(
        ForeignKey("window_sets.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    document: Mapped[int]
    """Its document's number in the corpus."""
    split: Mapped[str]
    start: Mapped[int]
    """Offset of the first token in the document, in tokens, without BOS."""
    tokens: Mapped[bytes] = mapped_column(Packed)
    """uint32 token ids, BOS included."""
