"""Finding and held-out prompts: what a circuit is found on, and what it is then judged by.

Prompts of one template with the same names are nearly the same prompt, so a random half of them
would hold out nothing. Instead words and templates are held out: every held-out pair has a word or
a template that no pair for finding has, or shares a prompt with one that does; and the clean prompt
of none of them is any prompt of a pair for finding.
"""

import hashlib
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import Final

from analysis.errors import TaskError
from analysis.tasks.task import Pair, Task

SHARE: Final = 0.3
SLACK: Final = 0.05
"""By how much of all prompts the held-out ones may be more than asked for: words come in lumps."""

Trait = tuple[str, str]
"""`("template", …)` or `("word", …)`."""


@dataclass(frozen=True)
class Split:
    """Numbers of a task's pairs, from 0, in their order; each is in one of the two."""

    finding: tuple[int, ...]
    held_out: tuple[int, ...]
    traits: tuple[Trait, ...]
    """Templates and words that are held out."""
    seed: int


def split(task: Task, *, share: float = SHARE, seed: int = 0) -> Split:
    """The prompts divided; the same for the same pairs and seed.

    About `share` of them are held out, half of these or more by template where there are several.
    Raises TaskError where nothing can be: one prompt, or words that nearly all prompts have.
    """
    if not 0 < share < 1:
        raise TaskError(
            f"a share of {share} cannot be held out", hint="Name one between 0 and 1, such as 0.3."
        )
    n = len(task.pairs)
    if n < 2:
        raise TaskError(
            "a task of one prompt has none that could be held out",
            hint="Add prompts, with other words; what is found on one prompt is proved on none.",
        )
    having = _having(task)
    together = _together(task)
    wanted = max(1, round(share * n))
    most = min(n - 1, wanted + max(1, round(SLACK * n)))
    held: set[int] = set()
    traits: list[Trait] = []
    for kind, enough, limit in (("template", wanted / 2, wanted), ("word", wanted, most)):
        for trait in _in_turn(having, kind, seed):
            if len(held) >= enough:
                break
            more = held.union(*(together[number] for number in having[trait]))
            if len(held) < len(more) <= limit:
                held = more
                traits.append(trait)
    if not held:
        raise TaskError(
            f"no word can be held out: each is in more than {most} of the {n} prompts",
            hint="Add prompts with other words and templates, or hold out a larger share.",
        )
    finding = tuple(number for number in range(n) if number not in held)
    return Split(finding, tuple(sorted(held)), tuple(traits), seed)


def _together(task: Task) -> list[set[int]]:
    """Of each pair those that are held out with it: pairs with a clean prompt in common, or with
    one that is the counterfactual of another, and so on from these."""
    groups = [{number} for number in range(len(task.pairs))]
    by_prompt: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for number, pair in enumerate(task.pairs):
        for side in (pair.clean, pair.counterfactual):
            by_prompt[side.tokens].append(number)
    for pair in task.pairs:
        sharing = by_prompt[pair.clean.tokens]
        merged = set().union(*(groups[number] for number in sharing))
        for number in merged:
            groups[number] = merged
    return groups


def _having(task: Task) -> dict[Trait, set[int]]:
    """Which pairs have each trait."""
    having: dict[Trait, set[int]] = defaultdict(set)
    for number, pair in enumerate(task.pairs):
        if pair.template:
            having["template", pair.template].add(number)
        for word in words_of(pair):
            having["word", word].add(number)
    return having


def words_of(pair: Pair) -> set[str]:
    """What was put into the template; of pairs that do not say it, all words of both texts."""
    named = pair.words or re.findall(r"\w+", f"{pair.clean.text} {pair.counterfactual.text}")
    return {word.casefold() for word in named}


def _in_turn(having: dict[Trait, set[int]], kind: str, seed: int) -> list[Trait]:
    """By a seeded hash, so that the order of pairs changes nothing."""

    def rank(trait: Trait) -> str:
        return hashlib.sha256(f"{seed}\0{trait[0]}\0{trait[1]}".encode()).hexdigest()

    return sorted((trait for trait in having if trait[0] == kind), key=rank)
