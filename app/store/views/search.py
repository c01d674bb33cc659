"""What a search found: units, each with the reason, and how much was looked at."""

from typing import Literal

from app.store.views.base import View
from app.store.views.explanation import ExplanationLine

Field = Literal["explanation", "program", "peaks", "promoted", "suppressed", "meaning"]


class Piece(View):
    text: str
    hit: bool
    """Whether it is what was asked for."""


class MarkedText(View):
    pieces: list[Piece]
    """Of a text, in order; of tokens, one piece each."""
    cut_before: bool
    cut_after: bool


class ReasonView(View):
    """Why a unit was found."""

    field: Field
    """explanation: its text; program: texts that its program lists; peaks: tokens at the peaks of
    the unit's top exemplars; promoted, suppressed: tokens that it writes; meaning: its text is
    near to what was asked."""
    explanation_id: int | None
    marked: MarkedText | None
    """null for meaning"""
    cosine: float | None
    """For meaning, of the two sentence embeddings."""


class FoundView(View):
    model: str
    site: str
    index: int
    explanation: ExplanationLine | None
    """The one that matches best; null where only tokens match."""
    n_explanations: int
    """Of this unit, among those looked at."""
    reasons: list[ReasonView]
    """The strongest first."""


class ConsideredView(View):
    """How many of a kind were ranked."""

    what: Literal["explanations", "units", "meaning"]
    n: int
    more: bool
    """More match than were ranked: of explanations, those that scored best on the test split were;
    of units, those that peak at the fewest different tokens."""


class SearchView(View):
    query: str
    words: list[str]
    """All of which must be there, as they were understood: without case, accents and plural."""
    items: list[FoundView]
    next_cursor: str | None
    considered: list[ConsideredView]
    semantic: bool
    """Whether meaning was searched as well."""
    note: str | None
    """What to do where nothing was found, or part of the query was left out."""
