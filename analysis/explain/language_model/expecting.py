"""Expected levels: what a judge would answer on average, from its log-probabilities.

A judge that wrote 7 may have been close to writing 3. Bills et al. (2023), *Language models can
explain neurons in language models*, therefore take Σ v·p(v) over the levels at each place. They
read probabilities of a prompt; chat endpoints give those of the answer alone, so ours come from the
answer {"1": 0, "2": 7, …}, token by token.
"""

import math
import re
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float32
from numpy import ndarray

from analysis.assistants.asked import Place
from analysis.explain.language_model.excerpts import HIGHEST

PAIR = re.compile(r'"(\d{1,6})"\s*:\s*(\d{1,2})(?!\d)')
DIGITS = re.compile(r"\d+")


def expected_levels(
    written: Sequence[int], places: Sequence[Place]
) -> Float32[ndarray, " pos"] | None:
    """Σ v·p(v) / Σ p(v) over the levels v among the alternatives where each level begins.

    None: there are no probabilities, or the tokens do not spell what was written. Known bias:
    levels beyond the likeliest tokens count as impossible; where a level is written digit by digit,
    10 is told from 1 only at places where a 1 was written.
    """
    starts = np.cumsum([0, *(len(place.chosen.text) for place in places)])
    spelled = "".join(place.chosen.text for place in places)
    found = {int(match[1]): match for match in PAIR.finditer(spelled)}  # the last of each number
    expected = []
    for number, level in enumerate(written, 1):
        match = found.get(number)
        if match is None or int(match[2]) != level:
            return None
        at = int(np.searchsorted(starts, match.start(2), side="right")) - 1
        expected.append(_expected(places, at, match.start(2) - int(starts[at]), level))
    return np.array(expected, dtype=np.float32)


def _expected(places: Sequence[Place], at: int, offset: int, level: int) -> float:
    """The mean level at one place; the written one where no alternative is a level."""
    place = places[at]
    head = place.chosen.text[:offset]
    tokens = {place.chosen.text: place.chosen.logprob} | {o.text: o.logprob for o in place.others}
    mass = total = 0.0
    for text, logprob in tokens.items():
        digits = DIGITS.match(text, offset) if text.startswith(head) else None
        if digits is None or int(digits[0]) > HIGHEST:
            continue
        probability = math.exp(logprob)
        value = float(digits[0])
        if text == place.chosen.text and value == 1 and digits.end() == len(text):
            value += 9 * _share_of_zero(places[at + 1 : at + 2])
        mass += probability
        total += probability * value
    return total / mass if mass > 0 else float(level)


def _share_of_zero(following: Sequence[Place]) -> float:
    """How likely the 1 before is the beginning of 10."""
    if not following:
        return 0.0
    place = following[0]
    tokens = {place.chosen.text: place.chosen.logprob} | {o.text: o.logprob for o in place.others}
    likely = {text: math.exp(logprob) for text, logprob in tokens.items()}
    mass = sum(likely.values())
    zero = sum(p for text, p in likely.items() if DIGITS.match(text) and text.startswith("0"))
    return zero / mass if mass > 0 else 0.0
