"""Tasks in words: the kinds that are made for any model, and what a model makes of one."""

from collections.abc import Mapping
from typing import Any, Final

from app.rendering.numbers import THIN, significant

EXAMPLES: Final = {
    "indirect-objects": "When Mary and John met, John gave it to → Mary",
    "greater-than": "The siege lasted from the year 1645 to the year 16 → a later year",
    "docstrings": "a docstring that describes some arguments → the next argument",
    "agreement": "When we saw the cups, the keys near the lamp → are",
    "induction": "random tokens, some of which come again → what came next before",
    "pronouns": "My friend Simon works as a lawyer, and → he",
}
"""Each by an example: behind the arrow stands the right answer. docs/tasks.md has them in full."""


def competence(told: Mapping[str, Any]) -> str:
    """What a model makes of a task, in a few words."""
    accuracy, chance = told.get("accuracy"), told.get("chance")
    if not accuracy or chance is None:
        return str(told.get("reason") or "accuracy cannot be told").rstrip(".")
    ends = [accuracy.get(end) for end in ("low", "high")]
    interval = "" if None in ends else f" [{', '.join(map(_hundredths, ends))}]"
    right = f"{_hundredths(accuracy['value'])}{THIN}%{interval}"
    return f"the model is right in {right}, chance {significant(100 * chance, 2)}{THIN}%"


def _hundredths(value: float) -> str:
    return f"{100 * value:.0f}"
