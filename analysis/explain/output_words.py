"""What a neuron writes, in words: from the tokens whose logits its output vector moves most.

A list of tokens is said only as far as it is more than chance: the z-score of a token must exceed
what the largest z of all tokens is for one random direction in twenty. From weights alone, the
direct path only.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.programs.english_tests import quoted
from analysis.programs.shapes import shape_of
from analysis.programs.vocabulary import fold

MOST_SAID = 6
SHARED_AFFIX = 3
"""Letters that tokens must share at an end for the affix to be said."""
MOST_OF = 0.7
"""Share of the tokens that must have a property in common for it to be said."""


@dataclass(frozen=True)
class Moved:
    """One token of an output side."""

    token: str
    z: float


def in_words(
    promoted: Sequence[Moved], suppressed: Sequence[Moved], *, chance: float | None, gated: bool
) -> str:
    """One or two sentences; says so where nothing stands out from random directions."""
    clear = [
        ("promotes", [m.token for m in promoted if chance is None or m.z > chance]),
        ("suppresses", [m.token for m in suppressed if chance is None or m.z < -(chance)]),
    ]
    said = [f"{verb} {_listed(tokens)}" for verb, tokens in clear if tokens]
    if not said:
        return "Moves no token's logit more than a random direction would."
    sentence = "Directly " + " and ".join(said) + "."
    if gated:
        sentence += " Where its activation is negative, the reverse."
    return sentence


def _listed(tokens: Sequence[str]) -> str:
    shown = ", ".join(quoted(token) for token in tokens[:MOST_SAID])
    more = len(tokens) - MOST_SAID
    what = _in_common(tokens)
    tail = f" and {more} more" if more > 0 else ""
    return f"{what}{shown}{tail}"


def _in_common(tokens: Sequence[str]) -> str:
    """What most of them share, with a colon behind it; nothing where they share nothing."""
    if len(tokens) < SHARED_AFFIX:
        return ""
    words = [fold(token) for token in tokens]
    for n in (5, 4, 3):
        for kind, ends in (
            ("starting with", [word[:n] for word in words if len(word) > n]),
            ("ending in", [word[-n:] for word in words if len(word) > n]),
        ):
            if ends:
                best = max(sorted(set(ends)), key=ends.count)
                if best.strip() and ends.count(best) >= max(SHARED_AFFIX, MOST_OF * len(tokens)):
                    return f"tokens {kind} {quoted(best)}: "
    shapes = [shape_of(token) for token in tokens]
    names = {
        "number": "numbers", "punctuation": "punctuation", "capitalised": "capitalised tokens",
        "upper": "tokens in capitals", "newline": "line breaks",
    }  # fmt: skip
    best_shape = max(sorted(set(shapes)), key=shapes.count)
    if best_shape in names and shapes.count(best_shape) >= MOST_OF * len(tokens):
        return f"{names[best_shape]}: "
    return ""
