"""A call between the parts of long work: whoever wants the work to end raises in it.

Nobody stops a thread from outside. Who runs a program while others wait gives a deadline; who has
time gives nothing.
"""

from collections.abc import Callable
from typing import TypeAlias

Check: TypeAlias = Callable[[], None]


def go_on() -> None:
    """The check of work that may take as long as it takes."""
