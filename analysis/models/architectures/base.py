"""How an architecture says where its units live."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from torch import Tensor, nn

from analysis.paths import ModulePaths


def head_of(model: Any, last: Tensor) -> Tensor:  # noqa: ANN401 - any transformers model
    """Logits by the output embedding, softly capped where the configuration says so."""
    logits: Tensor = model.get_output_embeddings()(last)
    cap = getattr(model.config.get_text_config(), "final_logit_softcapping", None)
    return logits if cap is None else (logits / cap).tanh() * cap


def context_of(config: Any) -> int:  # noqa: ANN401 - any transformers configuration
    """The longest window."""
    return int(config.max_position_embeddings)


@dataclass(frozen=True)
class Architecture:
    """Where the units of a family of transformers models live, as paths of modules.

    The paths that are more than ours to know are in `analysis.paths`, which says how to read one.
    """

    name: str
    model_types: tuple[str, ...]
    """`model_type` of the config.json files that this architecture stands for."""
    paths: ModulePaths
    """Where its layers are, and in them the projections that neurons and heads write through."""
    activation: str
    """From a layer to its activation function."""
    final_norm: str
    """From the backbone to the norm that comes last."""
    gated: bool
    norm: Literal["layer", "rms"]
    gain_offset: float = 0.0
    """What is added to a norm's stored weight: 1 for Gemma."""
    mlp_norm: str | None = None
    """From a layer to a norm between the down projection and the residual stream."""
    mlp_adds: bool = True
    """What the down projection gives is added to the stream that leaves the layer, as it is; False
    where a norm comes between, or after the sum."""
    causal: bool = True
    """False: an encoder, loaded with its masked-language-model head."""
    head: Callable[[Any, Tensor], Tensor] = head_of
    """The LM head: model and last hidden state to logits."""
    linear_head: bool = True
    """Whether logits are linear in the normalised residual stream (before a soft cap)."""
    head_activation: Callable[[Any], nn.Module] | None = None
    """The activation function of a head that is not linear."""
    context: Callable[[Any], int] = context_of
    """The longest window, from the configuration."""

    @property
    def backbone(self) -> str:
        return self.paths.backbone

    @property
    def layers(self) -> str:
        return self.paths.layers

    @property
    def mlp_out(self) -> str:
        return self.paths.mlp_out

    @property
    def attn_out(self) -> str:
        return self.paths.attn_out


def module_at(module: Any, path: str) -> nn.Module:  # noqa: ANN401 - attributes of any module
    """The module at a dotted path; raises AttributeError or IndexError if there is none."""
    for step in path.split("."):
        module = module[int(step)] if step.lstrip("-").isdigit() else getattr(module, step)
    found: nn.Module = module
    return found
