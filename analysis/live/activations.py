"""The activations of chosen units on some prompts, now."""

from jaxtyping import Float
from torch import Tensor

from analysis.interventions.surroundings import Surroundings, ran_on
from analysis.live.recording import record
from analysis.live.sites import require_units
from analysis.models.prompts import described, tokens_of
from analysis.models.subject import SubjectModel
from analysis.protocol.activations import (
    ActivationsAnswer,
    ActivationsRequest,
    PromptActivations,
)
from analysis.protocol.edits import UnitRef
from analysis.records import Site


def activations(
    model: SubjectModel, request: ActivationsRequest, around: Surroundings
) -> ActivationsAnswer:
    """One activation per unit and token; each prompt runs by itself, as it would alone."""
    require_units(model, request.units)
    encoded = [tokens_of(model, prompt) for prompt in request.prompts]
    texts = model.token_texts()
    prompts = []
    for tokens in encoded:
        around.check()
        values = _values(model, tokens, request.units, around)
        prompts.append(PromptActivations(tokens=described(texts, tokens), values=values))
    return ActivationsAnswer(prompts=tuple(prompts), ran=ran_on(model, around))


def _values(
    model: SubjectModel, tokens: list[int], units: tuple[UnitRef, ...], around: Surroundings
) -> tuple[tuple[float, ...], ...]:
    found: dict[UnitRef, tuple[float, ...]] = {}

    def take(site: Site, values: Float[Tensor, "pos unit"]) -> None:
        for unit in units:
            if unit.site == site.name:
                found[unit] = tuple(values[:, unit.index].tolist())

    record(model, tokens, {unit.site for unit in units}, take=take, check=around.check)
    return tuple(found[unit] for unit in units)
