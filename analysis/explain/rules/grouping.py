"""Many weighted picks joined into few rules: alike weights at one slot become one rule.

Picks may be joined where one phrase says both: the same slot, or recent words of the same reach. In
each tail the cheapest change is made until few enough rules are left: joining two neighbours in
weight costs n₁n₂/(n₁+n₂)·(w₁−w₂)², dropping one n·w² (Ward's criterion, with the base level as a
cluster that is always there).
"""

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from analysis.explain.rules.candidates import Candidates
from analysis.programs.program import (
    AnyOf,
    At,
    Echo,
    OneOf,
    Or,
    Predicate,
    TokenTest,
)


@dataclass(frozen=True)
class Group:
    """Picks that share a rule."""

    key: Hashable
    """What picks must share to be joined."""
    picks: tuple[int, ...]
    weight: float
    n: float

    @property
    def drop_cost(self) -> float:
        return self.n * self.weight**2

    def join_cost(self, other: "Group") -> float:
        return self.n * other.n / (self.n + other.n) * (self.weight - other.weight) ** 2

    def joined(self, other: "Group") -> "Group":
        n = self.n + other.n
        weight = (self.n * self.weight + other.n * other.weight) / n
        return Group(self.key, self.picks + other.picks, weight, n)


def group_picks(
    picks: Sequence[int], weights: Sequence[float], candidates: Candidates, *, most_rules: int
) -> list[Group]:
    """At most `most_rules` groups in each tail, strongest first, positive ones before negative."""
    groups = [
        Group(_key(candidates, pick), (pick,), weight, float(candidates.counts[pick]))
        for pick, weight in zip(picks, weights, strict=True)
        if weight
    ]
    tails = ([g for g in groups if g.weight > 0], [g for g in groups if g.weight < 0])
    return [
        group
        for tail in tails
        for group in sorted(_thin_out(tail, most_rules), key=lambda g: -g.drop_cost)
    ]


def predicate_of(group: Group, candidates: Candidates) -> Predicate:
    """One phrase for all picks of a group: sets are united, other tests stand beside them."""
    predicates = [candidates.predicate(pick) for pick in group.picks]
    if len(predicates) == 1:
        return predicates[0]
    tests = [one.test for one in predicates if isinstance(one, At | Echo | AnyOf)]
    first = predicates[0]
    united = [_same_place(first, test) for test in _united(tests)]
    return united[0] if len(united) == 1 else Or(tuple(united))


def _same_place(place: Predicate, test: TokenTest) -> Predicate:
    match place:
        case At(back, _):
            return At(back, test)
        case AnyOf(first, last, _):
            return AnyOf(first, last, test)
        case Echo():
            return Echo(test)
        case _:
            raise TypeError(f"{place} is not about a token")


def _united(tests: Sequence[TokenTest]) -> list[TokenTest]:
    """Lists joined to one; other tests as they are."""
    exact: dict[bool, list[str]] = {False: [], True: []}
    others: list[TokenTest] = []
    for test in tests:
        if isinstance(test, OneOf):
            exact[test.folded] += [text for text in test.texts if text not in exact[test.folded]]
        else:
            others.append(test)
    lists = [OneOf(tuple(texts), folded) for folded, texts in exact.items() if texts]
    return [*lists, *others]


def _key(candidates: Candidates, pick: int) -> Hashable:
    if pick < candidates.n_at_slots:
        return int(candidates.slot[pick])
    predicate = candidates.predicate(pick)
    return ("recent", predicate.first) if isinstance(predicate, AnyOf) else predicate


def _thin_out(tail: list[Group], most: int) -> list[Group]:
    by_key: defaultdict[Hashable, list[Group]] = defaultdict(list)
    for group in sorted(tail, key=lambda g: g.weight):
        by_key[group.key].append(group)
    n = len(tail)
    while n > most:
        cost, key, at, drops = min(
            (
                option
                for key, groups in by_key.items()
                for at, group in enumerate(groups)
                for option in _options(key, groups, at, group)
            ),
            key=lambda option: option[0],
        )
        groups = by_key[key]
        if drops:
            del groups[at]
        else:
            groups[at : at + 2] = [groups[at].joined(groups[at + 1])]
        n -= 1
    return [group for groups in by_key.values() for group in groups]


def _options(
    key: Hashable, groups: list[Group], at: int, group: Group
) -> list[tuple[float, Hashable, int, bool]]:
    drop = (group.drop_cost, key, at, True)
    if at + 1 == len(groups):
        return [drop]
    return [drop, (group.join_cost(groups[at + 1]), key, at, False)]
