"""How a command that imports much starts sooner.

Every few hundred new objects Python looks for garbage, now and then among all that there are. What
is imported is not garbage: with torch, looking through it again and again takes as long as
importing it.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def undisturbed() -> Iterator[None]:
    """Nobody looks for garbage meanwhile, nor ever among what was made here."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_on:
            gc.enable()
