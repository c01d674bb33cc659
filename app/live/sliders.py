"""How far a slider of an edit goes: as far as the unit itself does on the corpus."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy.orm import Session

from analysis.protocol.edits import Edit
from analysis.protocol.written import Row, WrittenError, read_row
from app.errors import NotFoundError
from app.store.queries.unit import get_unit
from app.store.views.unit import StatisticsView, UnitView

MOST: Final = 16
"""Rows that get one; those behind have their number alone."""
STEPS: Final = 200
SCALES: Final = 2.0
"""How far a factor goes, up and down."""


@dataclass(frozen=True)
class Slider:
    low: float
    high: float
    step: float
    told: str
    """What is known of the unit, or what the number means."""
    stretched: float | None = None
    """The typed value for which an end lies farther than what is known would have it."""


def sliders_of(session: Session, *, model: str, rows: Sequence[Row]) -> list[Slider | None]:
    """One per row; None where nothing is known of the unit, or where there is no value."""
    return [
        _slider(session, model, row) if number < MOST else None for number, row in enumerate(rows)
    ]


def _slider(session: Session, model: str, row: Row) -> Slider | None:
    if row.operation not in ("set", "scale", "add"):
        return None
    try:
        edit = read_row(row)
    except WrittenError:
        return None
    if edit.operation == "scale":
        return _between(
            -SCALES, SCALES, edit.value, "a factor: 1 leaves it as it is, 0 takes it away"
        )
    unit = edit.direction.unit if edit.direction is not None else None
    site, index = (edit.site, edit.index) if unit is None else (unit.site, unit.index)
    if index is None:
        return None
    try:
        view = get_unit(session, model=model, site=site, index=index)
    except NotFoundError:
        return None
    return _of_unit(view, edit, along=unit is not None)


def _of_unit(view: UnitView, edit: Edit, *, along: bool) -> Slider | None:
    numbers = next((one for one in view.statistics if one.split == "fit"), None)
    ends = None if numbers is None else _ends(numbers)
    if numbers is None or ends is None:
        return None
    low, high = ends
    said = (
        f"on fit its minimum is {_written(numbers.minimum)}, its maximum"
        f" {_written(numbers.maximum)}, σ {_written(math.sqrt(numbers.variance or 0.0))}"
    )
    if edit.operation == "set":
        return _between(low, high, edit.value, said)
    reach = max(abs(low), abs(high))
    if along:
        if view.output is None:
            said = (
                "how long a vector the neuron writes is not computed yet: as far as its "
                f"activation on fit, {_written(reach)}"
            )
        else:
            reach *= view.output.norm
            said = f"on fit the neuron itself writes up to {_written(reach)} at its strongest"
    return _between(-reach, reach, edit.value, said)


def _ends(numbers: StatisticsView) -> tuple[float, float] | None:
    if numbers.minimum is None or numbers.maximum is None:
        return None
    low, high = min(numbers.minimum, 0.0), max(numbers.maximum, 0.0)
    return (low, high) if high > low else None


def _between(low: float, high: float, value: float | None, told: str) -> Slider:
    """Ends and step round in decimals, with 0 on a step; as far as the value, if that is beyond."""
    typed = value or 0.0
    stretched = None if low <= typed <= high else typed
    low, high = min(low, typed), max(high, typed)
    step = 10.0 ** math.floor(math.log10((high - low) / STEPS))
    step *= next(m for m in (1, 2, 5, 10) if (high - low) / (step * m) <= STEPS)
    low, high = math.floor(low / step) * step, math.ceil(high / step) * step
    return Slider(float(f"{low:.6g}"), float(f"{high:.6g}"), float(f"{step:.6g}"), told, stretched)


def _written(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.3g}".replace("-", "−")
