"""A subject model made of torch modules: records what enters its output projections.

A recorded site costs one forward pre-hook, placed when the site is first asked for. For heads,
‖z_h W_O^h‖₂ needs the triangle R of W_Oᵀ = Q R only: ‖z W_O‖ = ‖z Rᵀ Qᵀ‖ = ‖z Rᵀ‖.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from analysis.errors import ModelError
from analysis.models.attention import CAPTURE, Capture, patterns_of
from analysis.models.lengths import lengths_of
from analysis.models.subject import NormScales, Recorder
from analysis.models.tokens import Tokeniser
from analysis.records import ModelFacts, Site


@dataclass(frozen=True)
class Parts:
    """What a loaded network must show to be recorded from."""

    forward: Callable[[Tensor, Tensor | None], Tensor]
    """Tokens and mask (1 is real; None for causal models) to the last hidden state."""
    mlp_out: Sequence[nn.Module]
    """Per layer, the module that the neurons' activations enter; empty without MLPs."""
    attn_out: Sequence[nn.Module]
    """Per layer, the module that the heads' outputs enter, side by side."""
    mlp_gains: Sequence[Tensor] | None
    """Per layer, the gain of a norm behind the MLP."""
    embedding: Callable[[], Float[Tensor, "vocab d_model"]]
    unembedding: Callable[[], Float[Tensor, "d_model vocab"]]
    head: Callable[[Tensor], Tensor]
    final_norm: nn.Module
    """What comes last before the unembedding."""
    mlp_norms: Sequence[nn.Module] | None = None
    """Per layer, a norm behind the MLP."""
    output_texts: Sequence[str] | None = None
    """Names of the unembedding's columns where they are not the vocabulary."""


@dataclass(frozen=True)
class _Recording:
    record: Recorder
    sites: frozenset[str]


class HookedModel:
    """A SubjectModel; see there for what its functions promise."""

    def __init__(
        self,
        *,
        facts: ModelFacts,
        parts: Parts,
        tokeniser: Tokeniser,
        dtype: torch.dtype,
        device: torch.device,
    ) -> None:
        self.facts = facts
        self.dtype = dtype
        self.device = device
        self.sites = tuple(_sites(facts))
        self._parts = parts
        self._tokeniser = tokeniser
        self._sites = {site.name: site for site in self.sites}
        self._hooked: set[str] = set()
        self._recording: _Recording | None = None
        self._capture = Capture()
        self._attn_under_way: Site | None = None

    def encode(self, text: str) -> list[int]:
        return self._tokeniser.encode(text)

    def token_texts(self) -> list[str]:
        return self._tokeniser.texts()

    def output_texts(self) -> list[str]:
        named = self._parts.output_texts
        return self.token_texts() if named is None else list(named)

    def run(
        self,
        tokens: Int[Tensor, "batch pos"],
        *,
        lengths: Int[Tensor, "batch"] | None = None,
        record: Recorder | None = None,
        sites: Collection[str] | None = None,
    ) -> Float[Tensor, "batch pos d_model"]:
        n_pos = tokens.shape[1]
        if n_pos > self.facts.n_ctx:
            raise ModelError(
                f"a window of {n_pos} tokens is longer than the model's context, "
                f"{self.facts.n_ctx}",
                hint=f"Take windows of at most {self.facts.n_ctx} tokens.",
            )
        tokens = tokens.to(self.device)
        mask = None
        if lengths is not None and not self.facts.causal:
            # Causal models need none: nothing real comes after the padding.
            mask = (torch.arange(n_pos)[None] < lengths.cpu()[:, None]).to(self.device).long()
        wanted = self._wanted(record, sites)
        if record is None or not wanted:
            with torch.inference_mode():
                return self._parts.forward(tokens, mask)
        self._recording = _Recording(record, wanted)
        token = CAPTURE.set(self._capture if _has_heads(wanted) else None)
        try:
            with torch.inference_mode():
                return self._parts.forward(tokens, mask)
        finally:
            CAPTURE.reset(token)
            self._recording = None
            self._capture.clear()

    def norm_scales(
        self,
        tokens: Int[Tensor, "batch pos"],
        *,
        lengths: Int[Tensor, "batch"] | None = None,
    ) -> NormScales:
        entered: dict[nn.Module, Tensor] = {}

        def hook(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
            entered[module] = scale_of(module, inputs[0], self.facts.norm)

        final, mlp = self._parts.final_norm, self._parts.mlp_norms
        handles = [norm.register_forward_pre_hook(hook) for norm in (final, *(mlp or ()))]
        try:
            self.run(tokens, lengths=lengths)
        finally:
            for handle in handles:
                handle.remove()
        return NormScales(entered[final], None if mlp is None else [entered[norm] for norm in mlp])

    def attention(
        self, site: str, windows: Int[Tensor, " pair"], heads: Int[Tensor, " pair"]
    ) -> Float[Tensor, "pair pos pos"]:
        if self._attn_under_way is None or self._attn_under_way.name != site:
            raise RuntimeError(f"{site} is not being recorded: ask from inside its recorder")
        device = self.device
        return patterns_of(self._capture, windows.to(device), heads.to(device))

    def output_vectors(self, site: str) -> Float[Tensor, "unit d_model"]:
        found = self._site(site)
        if found.kind != "mlp":
            raise ModelError(f"{site} has no output vectors", hint="Ask for an mlp site.")
        rows = rows_of(self._parts.mlp_out[found.layer])
        gains = self._parts.mlp_gains
        return rows if gains is None else rows * gains[found.layer].float()

    def embedding(self) -> Float[Tensor, "vocab d_model"]:
        return self._parts.embedding().detach().float().cpu()

    def unembedding(self) -> Float[Tensor, "d_model vocab"]:
        return self._parts.unembedding()

    def logits(self, last: Float[Tensor, "*batch d_model"]) -> Float[Tensor, "*batch vocab"]:
        with torch.inference_mode():
            return self._parts.head(last.to(self.device, self.dtype))

    def _site(self, name: str) -> Site:
        if name not in self._sites:
            raise ModelError(
                f"the model has no site {name!r}",
                hint=f"Its sites run from {self.sites[0].name} to {self.sites[-1].name}.",
            )
        return self._sites[name]

    def _wanted(self, record: Recorder | None, names: Collection[str] | None) -> frozenset[str]:
        if record is None:
            return frozenset()
        wanted = self._sites.keys() if names is None else names
        for name in wanted:
            if name not in self._hooked:
                self._place_hook(self._site(name))
                self._hooked.add(name)
        return frozenset(wanted)

    def _place_hook(self, site: Site) -> None:
        if site.kind == "mlp":
            self._parts.mlp_out[site.layer].register_forward_pre_hook(self._neuron_hook(site))
        else:
            module = self._parts.attn_out[site.layer]
            module.register_forward_pre_hook(self._head_hook(site, module))

    def _neuron_hook(self, site: Site) -> Callable[[nn.Module, tuple[Tensor, ...]], None]:
        def hook(_module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
            recording = self._recording
            if recording is not None and site.name in recording.sites:
                recording.record(site, inputs[0])

        return hook

    def _head_hook(
        self, site: Site, module: nn.Module
    ) -> Callable[[nn.Module, tuple[Tensor, ...]], None]:
        # bfloat16 has the range to multiply in; float16 has not.
        precise = torch.bfloat16 if self.dtype == torch.bfloat16 else torch.float32
        triangles = head_triangles(rows_of(module), site.n_units).to(precise)

        def hook(_module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
            recording = self._recording
            if recording is None or site.name not in recording.sites:
                return
            self._attn_under_way = site
            try:
                recording.record(site, head_norms(inputs[0], triangles))
            finally:
                self._attn_under_way = None

        return hook


def rows_of(module: nn.Module) -> Float[Tensor, "unit d_model"]:
    """The weight of an output projection in float32, one row per input."""
    weight = module.weight
    if not isinstance(weight, Tensor):
        raise TypeError(f"{type(module).__name__} has no weight")
    # nn.Linear keeps [out, in]; the Conv1D of GPT-2 keeps [in, out].
    weight = weight.detach().float()
    return weight.mT if isinstance(module, nn.Linear) else weight


def head_triangles(
    rows: Float[Tensor, "heads_d_head d_model"], n_heads: int
) -> Float[Tensor, "head d_head d_out"]:
    """Rᵀ of every head's W_Oᵀ = Q R, for `head_norms`."""
    per_head = rows.reshape(n_heads, -1, rows.shape[-1]).mT
    triangles: Tensor = torch.linalg.qr(per_head.cpu(), mode="r").R
    return triangles.mT.contiguous().to(rows.device)


def head_norms(
    z: Float[Tensor, "batch pos heads_d_head"],
    triangles: Float[Tensor, "head d_head d_out"],
) -> Float[Tensor, "batch pos head"]:
    """‖z_h W_O^h‖₂ in float32; products are as exact as the triangles, sums are float32."""
    batch, pos, _ = z.shape
    n_heads, d_head, _ = triangles.shape
    per_head = z.reshape(batch * pos, n_heads, d_head).transpose(0, 1)
    turned = torch.bmm(per_head.to(triangles.dtype), triangles)
    if turned.device.type == "cpu" and turned.dtype in (torch.bfloat16, torch.float32):
        half = turned.dtype == torch.bfloat16
        words = turned.view(torch.int16 if half else torch.int32).numpy()
        found = lengths_of(words.view(np.uint16 if half else np.uint32), 16 if half else 0)
        return torch.from_numpy(found).reshape(batch, pos, n_heads)
    norms: Tensor = torch.linalg.vector_norm(turned, dim=-1, dtype=torch.float32)
    return norms.t().reshape(batch, pos, n_heads)


def scale_of(
    norm: nn.Module, x: Float[Tensor, "batch pos d_model"], kind: str
) -> Float[Tensor, "batch pos"]:
    """What a norm multiplies its input by, before its gain; `kind` is layer, rms or none."""
    if kind == "none":
        return torch.ones(x.shape[:-1])
    epsilon = getattr(norm, "variance_epsilon", None)
    epsilon = norm.eps if epsilon is None else epsilon
    if not isinstance(epsilon, float):
        raise TypeError(f"{type(norm).__name__} has no epsilon")
    precise = x.float()
    square = precise.var(-1, correction=0) if kind == "layer" else precise.square().mean(-1)
    scale: Tensor = torch.rsqrt(square + epsilon).cpu()
    return scale


def fold_norm(
    unembed: Float[Tensor, "d_model vocab"], gain: Float[Tensor, "d_model"] | None, norm: str
) -> Float[Tensor, "d_model vocab"]:
    """W_U with the gain of the norm before it, and the centring of a LayerNorm, folded in."""
    folded = unembed.detach().float()
    if gain is not None:
        folded = folded * gain.detach().float()[:, None]
    return folded - folded.mean(0, keepdim=True) if norm == "layer" else folded


def _sites(facts: ModelFacts) -> Collection[Site]:
    sites = []
    for layer in range(facts.n_layers):
        if facts.d_mlp:
            sites.append(Site(kind="mlp", layer=layer, n_units=facts.d_mlp))
        sites.append(Site(kind="attn", layer=layer, n_units=facts.n_heads))
    return sites


def _has_heads(names: Collection[str]) -> bool:
    return any(name.startswith("attn.") for name in names)
