"""Does a computation go on that nobody waits for? It then keeps the thread from everybody else.

A request ends when its time is up or whoever asked has left, and its computation at its next check.
What never comes to one (a tokenizer on a text that its rules cannot cope with) cannot be ended.
"""

import time
from typing import NamedTuple

from analysis.inference.turns import Turns


class Stuck(NamedTuple):
    what: str
    """The operation, and the model it is computed on."""
    seconds: float
    """Since its request ended."""


class Watch:
    """Only touched on the event loop."""

    def __init__(self, patience: float) -> None:
        """`patience`: seconds that a computation may go on after its request ended."""
        self._patience = patience
        self._left: dict[Turns, tuple[str, float]] = {}

    def begin(self, turns: Turns, what: str) -> None:
        """Its request has ended, and it may go on."""
        self._left[turns] = (what, time.monotonic())

    def end(self, turns: Turns) -> None:
        """Nothing of it goes on any more."""
        del self._left[turns]

    def stuck(self) -> Stuck | None:
        """What is computed at this moment, if it went on for longer than it may."""
        now = time.monotonic()
        for turns, (what, since) in self._left.items():
            if turns.computing and now - since > self._patience:
                return Stuck(what, now - since)
        return None
