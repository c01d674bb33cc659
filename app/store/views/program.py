"""A program as shown: rule by rule, each with its level and its English."""

from typing import Literal

from app.store.views.base import View

Verdict = Literal[
    "borne out",
    "weaker than claimed",
    "stronger than claimed",
    "refuted",
    "not decided",
    "never held",
]


class RuleTestView(View):
    """What text that nothing was fitted on says of one rule, or of a table."""

    n_held: int
    """Counted tokens at which it holds; where the first rule has its say, at which it decides."""
    n_documents: int
    claimed: float
    """What is claimed to be added where it holds; of a table 1."""
    found: float | None
    """What this text says; null where the rule never or always holds."""
    low: float | None
    high: float | None
    """95 % interval, clustered by document; null where it holds in fewer than 6."""
    verdict: Verdict
    """borne out: `claimed` is in the interval and 0 is not; weaker, stronger: the interval lies on
    the claimed side of 0, but nearer to 0 or farther from it than `claimed`; refuted: it lies on
    the other side of 0, or beside it where 0 is claimed."""


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
