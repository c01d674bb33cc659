"""Docstring arguments: which argument is described next? That whose turn it is in the signature.

The idea is of Heimersheim and Janiak 2023, *A circuit for Python docstrings in a 4-layer
attention-only transformer*; functions, words and form are ours. In the counterfactual the first
argument, which is not described, and that whose turn it is have changed places in the signature.
"""

from collections.abc import Iterator, Sequence
from random import Random
from typing import Final

from analysis.tasks.drafting import Draft, Drafts, fitting
from analysis.tasks.reading import Reader

FEWEST: Final = 8
N_ARGUMENTS: Final = 4
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
    "what it begins with", "as the caller gave it", "never empty", "of the first kind",
    "used only once", "taken as it is", "in the usual form", "which must be known",
)  # fmt: skip
TEMPLATES: Final = (
    'def {function}(self, {signature}):\n    """Does its part of the work.\n\n'
    "    :param {second}: {one}\n    :param {third}: {other}\n    :param",
    'def {function}({signature}):\n    """One step of several.\n\n'
    "    @param {second}: {one}\n    @param {third}: {other}\n    @param",
    'def {function}(self, {signature}):\n    """What is done last.\n\n'
    "    Args:\n     - {second} : {one}\n     - {third} : {other}\n     -",
    'def {function}({signature}):\n    """Called by others.\n\n'
    "    .. arg {second} : {one}\n    .. arg {third} : {other}\n    .. arg",
)


def docstrings(reader: Reader, rng: Random) -> Drafts:
    names = fitting(reader, ARGUMENTS, FEWEST, "names of arguments")
    return Drafts(_draws(names.words, rng), len(names.words), names.n_left_out)


def _draws(names: Sequence[str], rng: Random) -> Iterator[Draft]:
    while True:
        number = rng.randrange(len(TEMPLATES))
        first, second, third, fourth = rng.sample(names, N_ARGUMENTS)
        function, (one, other) = rng.choice(FUNCTIONS), rng.sample(MEANINGS, 2)
        clean, counterfactual = (
            TEMPLATES[number].format(
                function=function,
                signature=", ".join(order),
                second=second,
                third=third,
                one=one,
                other=other,
            )
            for order in ((first, second, third, fourth), (fourth, second, third, first))
        )
        yield Draft(
            clean=clean,
            counterfactual=counterfactual,
            right=[f" {fourth}"],
            wrong=[f" {name}" for name in (first, second, third)],
            n_changed=2,
            template=f"docstring {number + 1}",
            words=(first, second, third, fourth, function),
        )
