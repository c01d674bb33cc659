"""What every subject model can do, wherever it came from: the Protocol that the sweep uses."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from analysis.records import ModelFacts, Site

SourceKind = Literal["hub", "folder", "gguf", "plain"]

Progress = Callable[[str, float], None]
"""Is told what is being done, and which share of the whole is behind us (0 to 1)."""


@runtime_checkable
class Recorder(Protocol):
    """Is given the activations of one site as they come out of the forward pass.

    `mlp.L`: [batch, pos, neuron], the very tensor that enters the down projection, in the model's
    dtype; read it, do not change it. `attn.L`: [batch, pos, head] in float32, the L2 norm of each
    head's contribution to the residual stream.
    """

    def __call__(self, site: Site, activations: Tensor) -> None: ...


@dataclass(frozen=True)
class NormScales:
    """What the norms behind the neurons multiplied by, at every position of some windows.

    1/rms for RMSNorm, 1/standard deviation for LayerNorm, with their epsilon; without the gain.
    """

    final: Float[Tensor, "batch pos"]
    """Of the norm before the unembedding; 1 where there is none."""
    mlp: Sequence[Float[Tensor, "batch pos"]] | None
    """Per layer, of the norm between MLP and residual stream; None where there is none."""


@runtime_checkable
class SubjectModel(Protocol):
    """A loaded network under study. One forward pass at a time: callers take turns."""

    @property
    def facts(self) -> ModelFacts: ...

    @property
    def sites(self) -> tuple[Site, ...]:
        """`mlp.0`, `attn.0`, `mlp.1`, …; no mlp sites where the model has no MLP."""
        ...

    @property
    def dtype(self) -> torch.dtype: ...

    @property
    def device(self) -> torch.device: ...

    def encode(self, text: str) -> list[int]:
        """Token ids without BOS or other special tokens around them."""
        ...

    @property
    def has_chat_template(self) -> bool: ...

    def encode_turns(self, turns: Sequence[tuple[str, str]]) -> list[int]:
        """Token ids of a conversation (role, content) up to where the model's answer begins, with
        all special tokens. ModelError: there is no chat template, or it refuses the conversation.
        """
        ...

    def token_texts(self) -> list[str]:
        """The text of every token id for display.

        `Ġthe` is ` the`; bytes that are no UTF-8 by themselves are ⟨E2⟩; special tokens as written.
        """
        ...

    def output_texts(self) -> list[str]:
        """The text of every column of the unembedding; the vocabulary, but for some toy models."""
        ...

    def run(
        self,
        tokens: Int[Tensor, "batch pos"],
        *,
        lengths: Int[Tensor, "batch"] | None = None,
        record: Recorder | None = None,
        sites: Collection[str] | None = None,
    ) -> Float[Tensor, "batch pos d_model"]:
        """The last hidden state, after the final norm: one forward pass without the LM head.

        Windows shorter than the batch are padded on the right, with any token id, and `lengths`
        says how many positions are real; what stands at padded positions is meaningless. `record`
        is called for the named sites (all, if None) in the order in which they are computed.
        """
        ...

    def norm_scales(
        self,
        tokens: Int[Tensor, "batch pos"],
        *,
        lengths: Int[Tensor, "batch"] | None = None,
    ) -> NormScales:
        """The scales of the norms behind the neurons, in float32, from one forward pass."""
        ...

    def attention(
        self, site: str, windows: Int[Tensor, " pair"], heads: Int[Tensor, " pair"]
    ) -> Float[Tensor, "pair pos pos"]:
        """How much each position (row) reads from each position (column), in float32.

        For pairs of a window of the batch and a head. Only from inside a recorder that is being
        given `attn.L`, for that layer.
        """
        ...

    def output_vectors(
        self, site: str, units: Sequence[int] | None = None
    ) -> Float[Tensor, "unit d_model"]:
        """What each neuron of an mlp site, or some of them, write to the residual stream per unit
        of activation.

        float32. Rows of W_out, times the gain of the norm behind the MLP where there is one; that
        norm's division depends on the input (`norm_scales`) and is left out.
        """
        ...

    def embedding(self) -> Float[Tensor, "vocab d_model"]:
        """The vector of each token as it enters the network, in float32 on the CPU."""
        ...

    def unembedding(self) -> Float[Tensor, "d_model vocab"]:
        """W_U in float32 with the final norm's gain folded in (LayerNorm: the centring too).

        Its division depends on the input and is left out; so are a head's transform where the
        facts say that the head is not linear, and a soft cap of the logits.
        """
        ...

    def logits(self, last: Float[Tensor, "*batch d_model"]) -> Float[Tensor, "*batch vocab"]:
        """The LM head applied to what `run` returned."""
        ...


def predicts_next(model: SubjectModel) -> bool:
    """Whether the output is a distribution over the next token of the text, so that there is a
    loss."""
    return model.facts.causal and len(model.output_texts()) == model.facts.n_vocab
