"""Corpora and documents as shown."""

from datetime import datetime
from typing import Any

from app.store.views.base import View
from app.store.views.held_out import HeldOutView


class CorpusView(View):
    name: str
    title: str
    source: str
    source_kind: str
    documents_sha256: str
    n_documents: int
    n_characters: int
    splits: dict[str, int]
    """Documents per split."""
    characters: dict[str, int]
    """Characters per split."""
    warnings: list[str]
    """What follows from the splits that have no documents, and what to do."""
    held_out: HeldOutView
    """How near the documents of test are to those of fit."""
    reading: dict[str, Any]
    created_at: datetime


class DocumentView(View):
    corpus: str
    number: int
    title: str
    domain: str
    origin: str
    group: str
    """What it is a part of (book, speaker); all documents of a group are in one split."""
    split: str
    sha256: str
    n_characters: int
