"""Docstring arguments: which argument is described next? That whose turn it is in the signature.

The idea is of Heimersheim and Janiak 2023, *A circuit for Python docstrings in a 4-layer
attention-only transformer*; functions, words and form are ours. Two or three arguments that follow
each other are described; others, which are not, stand before them or behind the one whose turn it
is, or both. So it is at no fixed place of the signature, from either end, and neither the first nor
the last that is not described. In the counterfactual it and one of those others have changed places
in the signature.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from analysis.tasks.drafting import Draft, Drafts, fitting
from analysis.tasks.reading import Reader

FEWEST: Final = 8
N_ARGUMENTS: Final = (5, 6)
N_DESCRIBED: Final = (2, 3)
ARGUMENTS: Final = (
    "address", "amount", "area", "author", "base", "block", "body", "center", "code", "color",
    "count", "date", "depth", "event", "factor", "field", "file", "format", "frame", "group",
    "height", "image", "index", "input", "item", "label", "level", "limit", "line", "location",
    "message", "method", "mode", "name", "node", "number", "order", "output", "parent", "path",
    "place", "point", "position", "price", "range", "rate", "region", "result", "role", "score",
    "shape", "size", "source", "speed", "start", "state", "step", "table", "target", "time",
    "title", "total", "unit", "user", "value", "version", "weight", "width", "word",
)  # fmt: skip
FUNCTIONS: Final = (
    "apply", "build", "check", "collect", "convert", "copy", "draw", "fetch", "merge", "move",
    "parse", "read", "send", "sort", "store", "update", "write",
)  # fmt: skip
MEANINGS: Final = (
    "what it begins with", "as it was given", "which is never empty", "of the first kind",
    "which is used once", "taken as it is", "in the usual form", "which must be known",
)  # fmt: skip
"""Of four words each, so that few prompts differ in length."""


@dataclass(frozen=True)
class Form:
    """A way to write docstrings."""

    summary: str
    entry: str
    """Of an argument that is described."""
    next: str
    """Where the prompt ends."""

    def prompt(self, function: str, signature: Sequence[str], described: Sequence[str]) -> str:
        head = f'def {function}({", ".join(signature)}):\n    """{self.summary}\n\n'
        return head + "".join(described) + self.next


FORMS: Final = (
    Form("Does part of the work.", "    :param {name}: {meaning}\n", "    :param"),
    Form("Is one step of several.", "    @param {name}: {meaning}\n", "    @param"),
    Form("Is what comes last here.", "    :arg {name}: {meaning}\n", "    :arg"),
    Form("Is called by many others.", "    \\param {name}: {meaning}\n", "    \\param"),
)


def docstrings(reader: Reader, rng: Random) -> Drafts:
    names = fitting(reader, ARGUMENTS, FEWEST, "names of arguments")
    return Drafts(_draws(names.words, rng), len(names.words), names.n_left_out)


def _draws(names: Sequence[str], rng: Random) -> Iterator[Draft]:
    while True:
        number = rng.randrange(len(FORMS))
        n_described = rng.choice(N_DESCRIBED)
        signature = rng.sample(names, rng.choice(N_ARGUMENTS))
        first = rng.randrange(len(signature) - n_described)
        turn = first + n_described
        described, answer = signature[first:turn], signature[turn]
        others = [*signature[:first], *signature[turn + 1 :]]
        other = rng.choice(others)
        exchange = {answer: other, other: answer}
        swapped = [exchange.get(name, name) for name in signature]
        function, meanings = rng.choice(FUNCTIONS), rng.sample(MEANINGS, n_described)
        form = FORMS[number]
        entries = [
            form.entry.format(name=name, meaning=meaning)
            for name, meaning in zip(described, meanings, strict=True)
        ]
        clean, counterfactual = (
            form.prompt(function, order, entries) for order in (signature, swapped)
        )
        rest = [name for name in others if name != other]
        yield Draft(
            clean=clean,
            counterfactual=counterfactual,
            right=[f" {answer}"],
            wrong=[f" {name}" for name in signature if name != answer],
            n_changed=2,
            template=f"docstring {number + 1}",
            # What stands at one place of the list means the same in every pair.
            words=(described[-1], answer, other, function, *described[:-1], *rest),
        )
