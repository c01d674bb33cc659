"""Whether pairs of a task can be run by a loaded model, before they are."""

from collections.abc import Iterable, Sequence
from typing import Final

from analysis.circuits.units import Units
from analysis.errors import EditError
from analysis.models.prompts import tokens_of
from analysis.models.tracing import EditableModel
from analysis.protocol.edits import UnitRef
from analysis.protocol.prompts import Prompt
from analysis.tasks.task import Metric, Pair

MOST_BYTES: Final = 4 << 30
"""That all traced pairs of one request may take."""


def check_tokens(model: EditableModel, metric: Metric, pairs: Iterable[Pair]) -> None:
    """Tokens that the model has, in prompts that fit it. EditError, ModelError: they do not."""
    n_out = len(model.output_texts())
    own = (*metric.raised, *metric.lowered)
    for pair in pairs:
        for side in (pair.clean, pair.counterfactual):
            tokens_of(model, Prompt(tokens=side.tokens))
        for answer in (*pair.right, *pair.wrong, *own):
            if answer.id >= n_out:
                raise EditError(
                    f"there is no token {answer.id}: ids run from 0 to {n_out - 1}",
                    hint="Make the task anew for this model.",
                )


def numbers_of(units: Units, refs: Iterable[UnitRef]) -> list[int]:
    """Where each stands in the row. EditError: the model has no such unit."""
    try:
        return [units.number(unit) for unit in refs]
    except ValueError as error:
        raise EditError(
            str(error), hint="Name neurons and heads of this model, such as mlp.0/3 and attn.0/1."
        ) from error


def check_bytes(model: EditableModel, pairs: Sequence[Pair], *, n_sides: int = 1) -> None:
    """Few enough that what units do on so many sides of each can be kept. EditError: too many."""
    facts = model.facts
    values = facts.n_layers * (facts.d_mlp + facts.n_heads * facts.d_head) + 4 * facts.d_model
    n_tokens = n_sides * sum(len(pair.clean.tokens) for pair in pairs)
    n_bytes = model.dtype.itemsize * n_tokens * values
    if n_bytes > MOST_BYTES:
        raise EditError(
            f"the pairs would take {n_bytes / 1e9:,.1f} GB of memory while they are asked about, "
            f"more than {MOST_BYTES / 1e9:,.1f}",
            hint="Ask about fewer or shorter pairs; or find the circuit anew by a job, which also "
            "proves it.",
        )
