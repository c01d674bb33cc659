"""Kinds of task that are made for any model, each by an example: behind the arrow stands the right
answer. docs/tasks.md has them in full."""

from typing import Final

EXAMPLES: Final = {
    "indirect-objects": "When Mary and John met, John gave it to → Mary",
    "greater-than": "The siege lasted from the year 1645 to the year 16 → a later year",
    "docstrings": "a docstring that describes some arguments → the next argument",
    "agreement": "When we saw the cups, the keys near the lamp → are",
    "induction": "random tokens, some of which come again → what came next before",
    "pronouns": "My friend Simon works as a lawyer, and → he",
}
