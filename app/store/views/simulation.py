"""What a program predicts for a unit on windows that it never saw, and where that fails."""

from app.store.views.base import View
from app.store.views.program import RuleTestView


class SimulatedWindow(View):
    window: int
    document: int
    document_title: str
    start: int
    share: float
    """Of the squared error over the pool."""
    tokens: list[str]
    token_ids: list[int]
    actual: list[float | None]
    """null where it was not finite."""
    predicted: list[float]


class FailingToken(View):
    """What goes wrong at one token, over the whole pool."""

    token: str
    count: int
    """Occurrences where it does."""
    of: int
    """Counted occurrences in all."""
    share: float
    """Of the squared error over the pool."""
    actual: float
    """Mean activation where it goes wrong."""
    predicted: float


class SimulationView(View):
    """On the pool of one split."""

    split: str
    n_windows: int
    n_positions: int
    counted_from: int
    scale: float
    """The largest magnitude, actual or predicted, over the pool."""
    beyond: float
    """Errors larger than this (the standard deviation of the activation) count as failures."""
    worst: list[SimulatedWindow]
    """By falling share of the squared error."""
    random: list[SimulatedWindow]
    """Drawn from all, so that some may be among the worst."""
    too_high: list[FailingToken]
    """Tokens: false alarms of a unit that fires upwards, misses of one that fires negatively."""
    too_low: list[FailingToken]
    n_too_high: int
    n_too_low: int
    rules: list[RuleTestView]
    """One per rule of the program, then one per table, in its order; of more than 200 the
    first."""
