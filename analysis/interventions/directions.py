"""Directions of the residual stream that edits add."""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from analysis.errors import EditError
from analysis.interventions.clean import CleanRun
from analysis.models.prompts import tokens_of
from analysis.models.tracing import EditableModel
from analysis.protocol.edits import Direction, Edit
from analysis.protocol.prompts import Prompt


def direction_of(
    model: EditableModel, edit: Edit, clean_of: Callable[[Sequence[int]], CleanRun]
) -> Float[Tensor, " d_model"]:
    """The vector that an edit of `resid.L` adds once, in float32 on the CPU."""
    direction = edit.direction or Direction(kind="vector", vector=())
    if direction.unit is not None:
        vector = model.output_vectors(direction.unit.site, [direction.unit.index])[0].float().cpu()
    elif direction.kind == "difference":
        ends = [
            _mean_stream(model, edit, texts or (), clean_of)
            for texts in (direction.towards, direction.away_from)
        ]
        vector = ends[0] - ends[1]
    else:
        vector = torch.tensor(direction.vector or (), dtype=torch.float32)
    if not direction.normalised:
        return vector
    length: Tensor = vector.norm()
    if not length > 0:
        raise EditError(
            f"{edit.name}: the direction has length 0 and cannot be normalised",
            hint="Give texts that differ, or a vector that is not 0.",
        )
    unit: Tensor = vector / length
    return unit


def _mean_stream(
    model: EditableModel,
    edit: Edit,
    texts: Sequence[str],
    clean_of: Callable[[Sequence[int]], CleanRun],
) -> Float[Tensor, " d_model"]:
    """Over all tokens of all texts but each text's first, whose stream is of another size."""
    found = []
    for text in texts:
        stream = clean_of(tokens_of(model, Prompt(text=text))).trace.streams[edit.layer + 1][0]
        found.append((stream[1:] if len(stream) > 1 else stream).float().cpu())
    mean: Tensor = torch.cat(found).mean(0)
    return mean
