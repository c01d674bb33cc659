"""Turns stored rows of units into what views hold; and says which units are dead."""

from functools import lru_cache
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Row

from app.store.locating import Subject
from app.store.packing import histogram_edges, unpack_histogram
from app.store.tables import UnitStatisticsTable
from app.store.views.unit import HistogramView, StatisticsView, UnitRow

NUMBERS = (
    "mean", "variance", "skewness", "kurtosis", "minimum", "maximum", "density", "above",
)  # fmt: skip
ROW_COLUMNS = tuple(
    getattr(UnitStatisticsTable, name)
    for name in ("unit_index", "split", "n_positions", "n_nonfinite", *NUMBERS)
)


def never_negative(kind: str, facts: dict[str, Any]) -> bool:
    """Whether the activations are those of an ungated ReLU-like function: 0 is silence.

    Its dead units never rise above 0. Elsewhere (heads, gated neurons, GELU, SiLU) a unit counts
    as dead where its activation is the same everywhere.
    """
    name = str(facts.get("activation_function", "")).rsplit(".", 1)[-1].lower()
    return kind == "mlp" and not facts.get("gated", False) and name.startswith("relu")


def dead_column(kind: str, facts: dict[str, Any]) -> ColumnElement[bool]:
    """The same rule in SQL; NULL for a unit without any finite activation, which is flagged."""
    table = UnitStatisticsTable
    if never_negative(kind, facts):
        return table.maximum <= 0
    return table.maximum == table.minimum


def unit_row(subject: Subject, *, site: str, kind: str, row: Row[*tuple[Any, ...]]) -> UnitRow:
    return UnitRow(**_fields(subject, site, kind, row))


def statistics_view(
    subject: Subject, *, site: str, kind: str, row: Row[*tuple[Any, ...]]
) -> StatisticsView:
    """`row` also has n_windows and histogram."""
    parameters = subject.parameters.get("histogram", {})
    return StatisticsView(
        **_fields(subject, site, kind, row),
        n_windows=row.n_windows,
        threshold=subject.parameters.get("threshold", 1.0),
        histogram=HistogramView.of_ours(
            edges=_edges(tuple(sorted(parameters.items()))),
            counts=unpack_histogram(row.histogram).tolist(),
            fraction=parameters.get("fraction", 1.0),
        ),
    )


def finite_or_none(values: NDArray[np.float16]) -> list[Any]:
    """The rows as lists in which what is not finite is None."""
    rows = list(values.tolist())
    for row in np.flatnonzero(~np.isfinite(values).all(axis=1)).tolist():
        rows[row] = [value if isfinite(value) else None for value in rows[row]]
    return rows


def texts(vocabulary: list[str], token_ids: list[int]) -> list[str]:
    """The text of each token; an id that the vocabulary does not have is shown as ⟨id⟩."""
    try:
        return list(map(vocabulary.__getitem__, token_ids))
    except IndexError:
        n = len(vocabulary)
        return [vocabulary[token] if token < n else f"⟨{token}⟩" for token in token_ids]


def _fields(subject: Subject, site: str, kind: str, row: Row[*tuple[Any, ...]]) -> dict[str, Any]:
    if row.maximum is None:
        dead = False
    elif never_negative(kind, subject.facts):
        dead = row.maximum <= 0
    else:
        dead = row.maximum == row.minimum
    return {
        "model": subject.model,
        "site": site,
        "index": row.unit_index,
        "split": row.split,
        "run_id": subject.run_id,
        "n_positions": row.n_positions,
        "n_nonfinite": row.n_nonfinite,
        "mean": row.mean,
        "variance": row.variance,
        "skewness": row.skewness,
        "kurtosis": row.kurtosis,
        "minimum": row.minimum,
        "maximum": row.maximum,
        "density": row.density,
        "above": row.above,
        "dead": dead,
        "flagged": row.n_nonfinite > 0,
    }


@lru_cache(maxsize=32)
def _edges(parameters: tuple[tuple[str, Any], ...]) -> list[float]:
    return histogram_edges(dict(parameters))
