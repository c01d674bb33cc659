"""What a format is given to write: explanations, and units with their exemplars, as they are asked
for."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import Engine

from app.errors import NotFoundError
from app.store.engine import open_session
from app.store.locating import locate
from app.store.portable import ExplanationRecord, Span
from app.store.queries.exemplar import list_exemplars
from app.store.queries.exporting import Chosen, read_explanations
from app.store.queries.unit import get_unit
from app.store.views.unit import ExemplarView, UnitView

SPLIT = "fit"


@dataclass(frozen=True)
class Exported:
    engine: Engine
    chosen: Chosen

    @cached_property
    def is_swept(self) -> bool:
        """Whether its units have numbers and exemplars."""
        with open_session(self.engine) as session:
            try:
                locate(session, model=self.chosen.model)
            except NotFoundError:
                return False
            return True

    def explanations(self, spans: Iterable[Span]) -> Iterator[ExplanationRecord]:
        return read_explanations(self.engine, self.chosen, spans)

    def by_unit(self, span: Span) -> Iterator[tuple[int, list[ExplanationRecord]]]:
        """Every unit of the span with its explanations, which may be none."""
        records = self.explanations([span])
        ahead = next(records, None)
        for index in range(span.first, span.end):
            found = []
            while ahead is not None and ahead.index == index:
                found.append(ahead)
                ahead = next(records, None)
            yield index, found

    def unit(
        self, site: str, index: int, *, kinds: Iterable[str]
    ) -> tuple[UnitView, dict[str, list[ExemplarView]]]:
        """The unit in the model's current sweep, and its exemplars of the fit split by kind."""
        with open_session(self.engine) as session:
            unit = get_unit(session, model=self.chosen.model, site=site, index=index)
            there = {kind: None for kind in kinds if (SPLIT, kind) in unit.exemplar_sets}
            views = (
                list_exemplars(
                    session, model=unit.model, site=site, index=index, limits=there, split=SPLIT,
                    run_id=unit.run_id,
                )
                if there
                else {}
            )  # fmt: skip
        return unit, {kind: view.items for kind, view in views.items()}
