"""What two prompts of a task may have in common, which units may be claimed to carry.

Without torch: the page that offers a claim and the model that tests it must mean the same by it.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from analysis.protocol.proofs import Feature
from analysis.tasks.task import Pair, Side

FEATURES: Final[tuple[Feature, ...]] = ("answer", "template", "first word", "side")
"""That every search tests."""


@dataclass(frozen=True)
class Sharing:
    """Over the clean prompts that have another pair of their length: only these can be tested."""

    n_prompts: int
    n_alone: int
    """That share the feature with no other pair of their length, or do not have it."""
    n_values: int
    """Over both prompts of these pairs; with one, the feature tells nothing apart."""

    @property
    def mostly_alone(self) -> bool:
        return 2 * self.n_alone > self.n_prompts


def feature_of(pair: Pair, side: Side, feature: Feature) -> tuple[object, ...] | None:
    """None: it has no such word or token, or a word that the counterfactual exchanges for one that
    the pair does not name."""
    is_clean = side is pair.clean
    if feature == "answer":
        return tuple(token.id for token in (pair.right if is_clean else pair.wrong))
    if feature == "template":
        return (pair.template,)
    if feature == "side":
        return (is_clean,)
    at = number_of(feature)
    if feature.startswith("token "):
        return (side.tokens[at],) if at < len(side.tokens) else None
    if at >= len(pair.words) or _is_exchanged(pair, pair.words[at]):
        return None
    return (pair.words[at],)


def _is_exchanged(pair: Pair, word: str) -> bool:
    named = re.compile(rf"(?<!\w){re.escape(word)}(?!\w)", re.IGNORECASE)
    return bool(named.search(pair.clean.text)) and not named.search(pair.counterfactual.text)


def number_of(feature: Feature) -> int:
    """Which word or token; "first word" is word 0."""
    return 0 if feature == "first word" else int(feature.rpartition(" ")[2])


def by_length(pairs: Iterable[Pair]) -> list[tuple[Pair, ...]]:
    """Pairs whose values can be exchanged, shorter ones first; those that are alone are left out:
    their own counterfactual is no other prompt."""
    found: dict[int, list[Pair]] = defaultdict(list)
    for pair in pairs:
        found[len(pair.clean.tokens)].append(pair)
    return [tuple(found[length]) for length in sorted(found) if len(found[length]) > 1]


def alike(pairs: Sequence[Pair], feature: Feature) -> list[list[int]]:
    """Of each clean prompt, those of other pairs with the same feature: clean ones by the number of
    their pair, counterfactual ones behind them.

    Its own counterfactual does not count. It is made to share nearly all with it, so that where few
    prompts share a feature it would be what every claim puts in, and refute a true one.
    """
    named = [(pair, pair.clean) for pair in pairs]
    named += [(pair, pair.counterfactual) for pair in pairs]
    values = [feature_of(pair, side, feature) for pair, side in named]
    groups: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for number, value in enumerate(values):
        if value is not None:
            groups[value].append(number)
    n = len(pairs)
    return [
        [] if value is None else [each for each in groups[value] if each % n != number]
        for number, value in enumerate(values[:n])
    ]


def sharing(pairs: Iterable[Pair], *features: Feature) -> Sharing:
    """Of several together: a prompt is alone that is so in any of them, and values are the most
    that one of them has."""
    n_prompts = n_alone = 0
    values: dict[Feature, set[object]] = {feature: set() for feature in features}
    for some in by_length(pairs):
        n_prompts += len(some)
        others = [alike(some, feature) for feature in features]
        n_alone += sum(not all(each) for each in zip(*others, strict=True))
        for pair in some:
            for side in (pair.clean, pair.counterfactual):
                for feature in features:
                    values[feature].add(feature_of(pair, side, feature))
    n_values = max((len(found - {None}) for found in values.values()), default=0)
    return Sharing(n_prompts, n_alone, n_values)


def features_of(pairs: Sequence[Pair]) -> list[Feature]:
    """All that these prompts have: one per word and position, of the longest of them."""
    n_words = max((len(pair.words) for pair in pairs), default=0)
    n_tokens = max((len(pair.clean.tokens) for pair in pairs), default=0)
    return [
        *(feature for feature in FEATURES if feature != "first word" or n_words),
        *(f"word {number}" for number in range(1, n_words)),
        *(f"token {number}" for number in range(n_tokens)),
    ]
