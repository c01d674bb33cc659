"""What rules that list the same token add up to, so that words do not contradict the prediction.

Where levels are added, a token of one rule at +0.24 and of another at −0.50 is predicted to fall:
telling both rules as they stand would name it under what the unit fires on.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

from analysis.programs.program import At, OneOf, Rule

CANCELLED = 1e-9
"""A sum smaller than this part of its largest level is 0, but for rounding."""


def net_tokens(rules: Sequence[Rule]) -> list[Rule]:
    """The same predictions, as far as plain `token in` rules of one place share tokens: each token
    is listed once, by the strongest rule on the side of its sum, and not at all where the sum is 0.

    Such a rule lists its tokens by falling magnitude of the sum, has that of the first as its
    level, and goes where none is left. Other rules stay as they are. For words only: a level is
    that of a rule's strongest token.
    """
    at: dict[int, dict[int, OneOf]] = {}
    for number, rule in enumerate(rules):
        match rule.predicate:
            case At(back, OneOf(_, False) as test):
                at.setdefault(back, {})[number] = test
    netted = dict(enumerate(rules))
    for back, tests in at.items():
        _net_place(back, tests, netted)
    return list(netted.values())


def _net_place(back: int, tests: dict[int, OneOf], netted: dict[int, Rule]) -> None:
    """`tests` and `netted` by number of the rule."""
    by: dict[str, list[int]] = {}
    for number, test in tests.items():
        for text in dict.fromkeys(test.texts):
            by.setdefault(text, []).append(number)
    shared = {text: numbers for text, numbers in by.items() if len(numbers) > 1}
    if not shared:
        return
    level = {number: netted[number].level for number in tests}
    homes = {text: _home(numbers, level) for text, numbers in shared.items()}
    for number in {number: None for numbers in shared.values() for number in numbers}:
        own = (number, level[number])
        placed = [(text, homes.get(text, own)) for text in dict.fromkeys(tests[number].texts)]
        kept = [(total, text) for text, (home, total) in placed if home == number]
        if not kept:
            del netted[number]
            continue
        kept.sort(key=lambda one: -abs(one[0]))
        listed = replace(tests[number], texts=tuple(text for _, text in kept))
        netted[number] = Rule(At(back, listed), kept[0][0])


def _home(numbers: list[int], level: dict[int, float]) -> tuple[int | None, float]:
    """The rule that lists a token, and the sum."""
    levels = [level[number] for number in numbers]
    total = math.fsum(levels)
    if abs(total) <= CANCELLED * max(map(abs, levels)):
        return None, 0.0
    strongest = max if total > 0 else min
    return strongest(numbers, key=level.__getitem__), total
