"""A subject model made of torch modules, as it is recorded from.

What is asked of a forward pass while it runs is placed by `site_hooks`.
"""

from collections.abc import Collection, Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from analysis.errors import ModelError
from analysis.models.attention import CAPTURE, Capture, patterns_of
from analysis.models.norm_scales import scale_of
from analysis.models.parts import Parts
from analysis.models.projections import rows_of, some_rows_of
from analysis.models.site_hooks import SiteHooks, Watch
from analysis.models.subject import NormScales, Recorder
from analysis.models.tokens import Tokeniser
from analysis.records import ModelFacts, Site


class RecordedModel:
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
        self.end_token_ids = parts.end_tokens
        self._parts = parts
        self._tokeniser = tokeniser
        self._sites = {site.name: site for site in self.sites}
        self._hooks = SiteHooks(self._modules(), parts.layers, dtype)
        self._capture = Capture()
        self._texts: list[str] | None = None

    def encode(self, text: str) -> list[int]:
        return self._tokeniser.encode(text)

    @property
    def has_chat_template(self) -> bool:
        return self._tokeniser.has_chat_template

    def encode_turns(self, turns: Sequence[tuple[str, str]]) -> list[int]:
        return self._tokeniser.encode_turns(turns)

    def token_texts(self) -> list[str]:
        if self._texts is None:
            self._texts = self._tokeniser.texts()
        return self._texts

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
        self._check_length(tokens.shape[1])
        tokens = tokens.to(self.device)
        mask = None
        if lengths is not None and not self.facts.causal:
            # Causal models need none: nothing real comes after the padding.
            real = torch.arange(tokens.shape[1])[None] < lengths.cpu()[:, None]
            mask = real.to(self.device).long()
        wanted = frozenset() if record is None else self._placed(sites)
        token = CAPTURE.set(self._capture if _has_heads(wanted) else None)
        try:
            with torch.inference_mode(), self._hooks.watching(Watch(record, wanted)):
                return self._parts.forward(tokens, mask)
        finally:
            CAPTURE.reset(token)
            self._capture.clear()

    def norm_scales(
        self,
        tokens: Int[Tensor, "batch pos"],
        *,
        lengths: Int[Tensor, "batch"] | None = None,
    ) -> NormScales:
        entered: dict[nn.Module, Tensor] = {}

        def hook(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
            entered[module] = scale_of(module, inputs[0], self.facts.norm).cpu()

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
        recording = self._hooks.recording
        if recording is None or recording.name != site:
            raise RuntimeError(f"{site} is not being recorded: ask from inside its recorder")
        device = self.device
        return patterns_of(self._capture, windows.to(device), heads.to(device))

    def head_values(
        self, site: str, z: Float[Tensor, "batch pos heads_d_head"]
    ) -> Float[Tensor, "batch pos head"]:
        return self._hooks.norms(self._site(site), z)

    def output_vectors(
        self, site: str, units: Sequence[int] | None = None
    ) -> Float[Tensor, "unit d_model"]:
        found = self._site(site)
        if found.kind != "mlp":
            raise ModelError(f"{site} has no output vectors", hint="Ask for an mlp site.")
        module = self._parts.mlp_out[found.layer]
        rows = (
            rows_of(module) if units is None else some_rows_of(module, torch.tensor(units)).float()
        )
        gains = self._parts.mlp_gains
        return rows if gains is None else rows * gains[found.layer].float()

    def embedding(self) -> Float[Tensor, "vocab d_model"]:
        return self._parts.embedding().detach().float().cpu()

    def unembedding(self) -> Float[Tensor, "d_model vocab"]:
        return self._parts.unembedding()

    def logits(self, last: Float[Tensor, "*batch d_model"]) -> Float[Tensor, "*batch vocab"]:
        if torch.is_grad_enabled() and last.requires_grad:
            return self._parts.head(last)
        with torch.inference_mode():
            return self._parts.head(last.to(self.device, self.dtype))

    def _modules(self) -> dict[str, nn.Module]:
        places = {"mlp": self._parts.mlp_out, "attn": self._parts.attn_out}
        return {site.name: places[site.kind][site.layer] for site in self.sites}

    def _check_length(self, n_pos: int) -> None:
        if n_pos > self.facts.n_ctx:
            raise ModelError(
                f"a window of {n_pos} tokens is longer than the model's context, "
                f"{self.facts.n_ctx}",
                hint=f"Take windows of at most {self.facts.n_ctx} tokens.",
            )

    def _site(self, name: str) -> Site:
        if name not in self._sites:
            raise ModelError(
                f"the model has no site {name!r}",
                hint=f"Its sites run from {self.sites[0].name} to {self.sites[-1].name}.",
            )
        return self._sites[name]

    def _placed(self, names: Collection[str] | None) -> frozenset[str]:
        """The named sites, all if None, with their hooks in place."""
        sites = self.sites if names is None else [self._site(name) for name in names]
        self._hooks.place(sites)
        return frozenset(site.name for site in sites)


def _sites(facts: ModelFacts) -> Collection[Site]:
    sites = []
    for layer in range(facts.n_layers):
        if facts.d_mlp:
            sites.append(Site(kind="mlp", layer=layer, n_units=facts.d_mlp))
        sites.append(Site(kind="attn", layer=layer, n_units=facts.n_heads))
    return sites


def _has_heads(names: Collection[str]) -> bool:
    return any(name.startswith("attn.") for name in names)
