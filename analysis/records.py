"""The records that leave the analysis: the only currency across package borders."""

from dataclasses import dataclass, field
from typing import Literal

SiteKind = Literal["mlp", "attn"]


@dataclass(frozen=True)
class Site:
    """One place in a model where units live: `mlp.7` (neurons) or `attn.7` (heads)."""

    kind: SiteKind
    layer: int
    n_units: int

    @property
    def name(self) -> str:
        return f"{self.kind}.{self.layer}"


@dataclass(frozen=True)
class ModelFacts:
    """What is true of a subject model, as stored and shown."""

    architecture: str
    n_layers: int
    d_model: int
    d_mlp: int
    """0: attention only."""
    n_heads: int
    d_head: int
    n_ctx: int
    n_vocab: int
    n_parameters: int
    gated: bool
    activation_function: str
    """The implementation that ran, by qualified name, e.g. `torch.nn.functional.silu`."""
    norm: str
    norm_behind: bool
    """A norm stands between each part (attention, MLP) and the residual stream (Gemma)."""
    linear_head: bool
    """False: a transform that is not linear stands before the unembedding (BERT-type models)."""
    quantised: str | None
    """How the weights were quantised before they were dequantised, e.g. `Q4_1`; None: were not."""
    causal: bool
    bos_token_id: int | None
    """With which its tokenizer begins a text; None: with none."""
    named_bos_token_id: int | None
    """The BOS that its tokenizer has, whether or not it begins a text with it."""
    weights_sha256: str
    tokenizer_sha256: str


@dataclass(frozen=True)
class Document:
    """One text of a corpus, after reading and before tokenising."""

    title: str
    domain: str
    origin: str
    text: str
    group: str = ""
    """What it is a part of, such as a book or a speaker; documents of one group share a split."""


@dataclass(frozen=True)
class FrozenDocument:
    """A document that a corpus has kept: numbered, de-duplicated and assigned to a split."""

    number: int
    title: str
    domain: str
    origin: str
    split: str
    """fit, calibration, test, or ood:<domain>"""
    sha256: str
    """Of the normalised text; decides duplicates, and the split where there is no group."""
    text: str
    group: str = ""
    """Decides the split, if there is one."""


@dataclass(frozen=True)
class Reading:
    """How a corpus was read, and what was left out; every number is shown to the user."""

    n_read: int
    n_kept: int
    n_characters: int
    n_duplicates: int
    n_empty: int
    n_replaced_bytes: int
    """Bytes that were no UTF-8, each shown as U+FFFD."""
    n_links_left_out: int = 0
    """Files of a folder that are links to something outside of it."""
    limits: dict[str, int | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Window:
    """A run of tokens of one document that the model sees at once."""

    number: int
    document: int
    split: str
    start: int
    """Offset of its first token in the document, in tokens, without BOS."""
    tokens: tuple[int, ...]
    """BOS included, where the model has one."""
