"""Programs to begin with, beside the form where one is written. A test reads and runs them all."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Example:
    words: str
    program: str


EXAMPLES: Final = (
    Example("Some words, whatever their case", 'when word in {"sea", "ship", "whale"} -> 2\n'),
    Example(
        "A token, and more so after another",
        "when token is number -> 0.5\n"
        'when token is number and token[-1] in {" January", " May"} -> 1.5\n',
    ),
    Example(
        "A topic of the last tokens, but not everywhere",
        'when any token[-16..-1] in {" money", " tax", " debt"} and not inside quotes -> 0.7\n'
        "otherwise 0.05\n",
    ),
    Example("What was seen before: induction", "when continues -> 1\nwhen repeated -> 0.3\n"),
    Example(
        "One level after the other",
        "first\nwhen token is punctuation -> -0.4\nwhen inside code -> 1.2\notherwise 0\n",
    ),
)
