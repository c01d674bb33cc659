"""What the units of some sites do on one prompt, from one forward pass."""

from collections.abc import Callable, Collection, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from analysis.errors import ModelError
from analysis.models.subject import SubjectModel
from analysis.records import Site

Take = Callable[[Site, Float[Tensor, "pos unit"]], None]
"""Is given each site's activations in float32, as they come out of the forward pass."""


def record(
    model: SubjectModel,
    tokens: Sequence[int],
    sites: Collection[str],
    *,
    take: Take,
    check: Callable[[], None],
) -> None:
    """Runs the model over the tokens; `check` is called at every site.

    ModelError: activations are not finite, as they may be in half precision.
    """

    def recorder(site: Site, activations: Tensor) -> None:
        check()
        found = activations[0].float()
        if not bool(torch.isfinite(found).all()):
            raise ModelError(
                f"activations at {site.name} are not finite in {model.dtype}",
                hint="Run the inference service with PATCHCLAMP_INFERENCE_DTYPE=float32.",
            )
        take(site, found)

    model.run(torch.tensor([list(tokens)], dtype=torch.long), record=recorder, sites=sites)
