"""What a loaded network must show to be recorded from and edited."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor, nn

from analysis.models.relevance import Rules


@dataclass(frozen=True)
class Parts:
    """Its modules, and what `HookedModel` asks of it."""

    forward: Callable[[Tensor, Tensor | None], Tensor]
    """Tokens and mask (1 is real; None for causal models) to the last hidden state."""
    layers: Sequence[nn.Module]
    """Called with the residual stream first; what they return is, or begins with, the stream."""
    mlp_out: Sequence[nn.Module]
    """Per layer, the module that the neurons' activations enter; empty without MLPs."""
    attn_out: Sequence[nn.Module]
    """Per layer, the module that the heads' outputs enter, side by side."""
    mlp_adds: bool
    """What `mlp_out` gives is added to the stream that leaves the layer, and nothing else done."""
    mlp_gains: Sequence[Tensor] | None
    """Per layer, the gain of a norm behind the MLP."""
    embedding: Callable[[], Float[Tensor, "vocab d_model"]]
    unembedding: Callable[[], Float[Tensor, "d_model vocab"]]
    head: Callable[[Tensor], Tensor]
    final_norm: nn.Module
    """What comes last before the unembedding."""
    finish: Callable[[Tensor], Tensor]
    """From what leaves the last layer to the last hidden state."""
    rules: Callable[[], Rules]
    """What is not linear in it, and how that is shared out; ModelError: that is not known."""
    mlp_norms: Sequence[nn.Module] | None = None
    """Per layer, a norm behind the MLP."""
    output_texts: Sequence[str] | None = None
    """Names of the unembedding's columns where they are not the vocabulary."""
    end_tokens: frozenset[int] = frozenset()
    """With which the model ends what it writes."""
    step: Callable[[Tensor, object | None], tuple[Tensor, object]] | None = None
    """Some more tokens and the memory so far to the last hidden state and memory."""
