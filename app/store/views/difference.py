"""What changed from one version of a claim to another, as shown."""

from datetime import datetime
from typing import Literal

from app.store.views.base import View
from app.store.views.explanation import Method, Status
from app.store.views.program import RuleView


class PieceView(View):
    """A run of words."""

    change: Literal["same", "gone", "new"]
    text: str


class RuleChangeView(View):
    change: Literal["same", "moved", "changed", "gone", "new"]
    """moved: the same, where the first rule that holds has its say, behind other rules."""
    before: RuleView | None
    after: RuleView | None
    pieces: list[PieceView]
    """Of the rule as it is written, where it changed."""


class ProgramDifferenceView(View):
    """Rule by rule, where both can be read; else by what is written."""

    rules: list[RuleChangeView] | None
    """In the order of the later program, then what is gone; null: one of them cannot be read."""
    mode_before: Literal["sum", "first"] | None
    mode_after: Literal["sum", "first"] | None
    base_before: float | None
    base_after: float | None
    pieces: list[PieceView]
    """As they are written, where rules cannot be told apart."""
    n_same: int
    n_left_out: int
    """Rules beyond those that are shown."""


class SideView(View):
    """One of the two versions."""

    id: int
    version: int
    status: Status
    method: Method
    author: str
    created_at: datetime
    r: float | None
    """Simulation r on the test split; null where it is undefined or not scored."""


class DifferenceView(View):
    before: SideView
    after: SideView
    text: list[PieceView]
    program: ProgramDifferenceView | None
    """Null: neither has one, or both have the same."""
