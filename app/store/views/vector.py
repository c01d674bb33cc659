"""Steering vectors as shown."""

from datetime import datetime

from app.store.views.base import View


class VectorLine(View):
    """One line of a list of vectors."""

    model: str
    site: str
    """`resid.7`: the residual stream as it leaves layer 7."""
    index: int
    """By which it is named beside its model and site."""
    label: str
    norm: float
    """L2 norm."""
    default_strength: float | None
    """How many times it is added where nobody says."""
    actor: str
    created_at: datetime


class VectorView(VectorLine):
    values: list[float]
    """d_model numbers, as float32."""
