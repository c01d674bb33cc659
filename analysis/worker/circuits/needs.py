"""What a search will need, told before it begins."""

from dataclasses import dataclass

from analysis.circuits.nested import STEPS
from analysis.circuits.sizing import n_search_bytes, n_search_passes
from analysis.models.tracing import EditableModel
from analysis.tasks.prompting import Prompted
from analysis.worker.context import JobContext
from analysis.worker.room import memory_left
from app.errors import BadRequestError
from app.store.circuit_request import CircuitRequest


@dataclass(frozen=True)
class Needs:
    """Of a search, told before it begins."""

    n_bytes: int
    seconds: float


def require_memory(
    context: JobContext[CircuitRequest], model: EditableModel, pairs: Prompted, per_prompt: float
) -> Needs:
    """What the search will need, told; raises BadRequestError where there is less memory.

    `per_prompt`: seconds that the model takes to run one.
    """
    most_units = context.request.n_nodes
    n_bytes = n_search_bytes(model.facts, pairs.finding, pairs.held_out, most_units=most_units)
    n_passes = n_search_passes(
        model.facts, pairs.finding, pairs.held_out, most_units=most_units, steps=STEPS
    )
    seconds = round(n_passes * per_prompt, 1)
    left = memory_left() if model.device.type == "cpu" else None
    if left is not None and n_bytes > left:
        raise BadRequestError(
            f"The search needs about {n_bytes / 1e9:,.1f} GB of memory besides the model, and "
            f"{left / 1e9:,.1f} GB are free.",
            hint="Take fewer or shorter pairs: --n-pairs.",
        )
    context.event(
        "estimated",
        {
            "seconds": seconds,
            "n_bytes": n_bytes,
            "pairs_for_finding": len(pairs.finding),
            "held_out_pairs": len(pairs.held_out),
        },
    )
    return Needs(n_bytes, seconds)
