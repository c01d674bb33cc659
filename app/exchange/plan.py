"""How an export is cut into pieces: always the same for the same model, so that it can go on."""

from collections.abc import Iterator
from dataclasses import dataclass

from app.store.portable import Span
from app.store.queries.exporting import Chosen


@dataclass(frozen=True)
class Piece:
    """What is written at once and kept as a whole."""

    number: int
    """Of the export, or of its site where pieces keep within sites."""
    spans: tuple[Span, ...]

    @property
    def span(self) -> Span:
        """Of a piece that keeps within a site."""
        (only,) = self.spans
        return only


def pieces(chosen: Chosen, *, units: int, within_sites: bool) -> Iterator[Piece]:
    """Of at most so many units each."""
    if within_sites:
        for site, size in chosen.sites.items():
            for number, first in enumerate(range(0, size.n_units, units)):
                yield Piece(number, (Span(site, first, min(first + units, size.n_units)),))
        return
    number, spans, room = 0, list[Span](), units
    for site, size in chosen.sites.items():
        first = 0
        while first < size.n_units:
            end = min(size.n_units, first + room)
            spans.append(Span(site, first, end))
            room -= end - first
            first = end
            if not room:
                yield Piece(number, tuple(spans))
                number, spans, room = number + 1, [], units
    if spans:
        yield Piece(number, tuple(spans))
