"""A program as shown: rule by rule, each with its level and its English."""

from typing import Literal

from app.store.views.base import View


class RuleView(View):
    level: float | None
    """null: a table, which has a level for each of its tokens."""
    predicate: str
    """As it is written in the language of programs."""
    english: str


class ProgramView(View):
    mode: Literal["sum", "first"]
    """sum: levels of rules that hold are added; first: the first rule that holds has its say."""
    base: float
    """Predicted where no rule holds."""
    rules: list[RuleView]
    english: str
    bits: float
    """Description length."""
    n_rules: int
    n_listed: int
    unknown: list[str]
    """Listed texts that are no token of the model, so that they never hold."""
