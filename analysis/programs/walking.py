"""What a program consists of, part by part."""

from collections.abc import Iterator

from analysis.programs.program import (
    And,
    AnyOf,
    At,
    Echo,
    Fading,
    Matches,
    Near,
    Not,
    OneOf,
    Or,
    Predicate,
    Program,
    TextEnds,
    TokenTest,
)
from analysis.programs.vocabulary import Vocabulary

FEW_NAMES = 8
"""Of `near`: looking for what is near to more takes as long as a regular expression."""


def leaves_of(predicate: Predicate) -> Iterator[Predicate]:
    """The predicates that are not made of others, from left to right."""
    match predicate:
        case Not(inner):
            yield from leaves_of(inner)
        case And(parts) | Or(parts):
            for part in parts:
                yield from leaves_of(part)
        case _:
            yield predicate


def tests_of(predicate: Predicate) -> Iterator[TokenTest]:
    """Its tests of tokens, from left to right."""
    for leaf in leaves_of(predicate):
        if isinstance(leaf, At | AnyOf | Fading | Echo):
            yield leaf.test


def n_searches(program: Program) -> int:
    """How many of its predicates take long each: by a regular expression over the vocabulary, by an
    ending over the text, by nearness to many tokens."""
    return sum(
        isinstance(leaf, TextEnds)
        or (isinstance(leaf, At | AnyOf | Fading | Echo) and _searches(leaf.test))
        for rule in program.rules
        for leaf in leaves_of(rule.predicate)
    )


def unknown_tokens(program: Program, vocabulary: Vocabulary) -> list[str]:
    """Listed texts that are no token of the vocabulary, each once, in the program's order.

    They do no harm: a rule simply never finds them. A person who wrote them wants to know.
    """
    unknown: dict[str, None] = {}
    for rule in program.rules:
        for test in tests_of(rule.predicate):
            if isinstance(test, OneOf | Near):
                folded = isinstance(test, OneOf) and test.folded
                known = vocabulary.folded_ids if folded else vocabulary.ids
                unknown.update(dict.fromkeys(text for text in test.texts if not len(known(text))))
    for table in program.tables:
        unknown.update(
            dict.fromkeys(text for text, _ in table.levels if not len(vocabulary.ids(text)))
        )
    return list(unknown)


def _searches(test: TokenTest) -> bool:
    return isinstance(test, Matches) or (isinstance(test, Near) and len(test.texts) > FEW_NAMES)
