"""A subject model made of torch modules: records and changes what enters its output projections.

What is asked of a forward pass while it runs is placed by `site_hooks`; runs that go on from the
middle of another are explained in `tracing`.
"""

from collections.abc import Callable, Collection, Mapping, Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from analysis.errors import ModelError
from analysis.models.attention import CAPTURE, Capture, patterns_of
from analysis.models.changes import Blend, Change
from analysis.models.norm_scales import scale_of
from analysis.models.parts import Parts
from analysis.models.projections import rows_of, some_rows_of
from analysis.models.resuming import after_sums, rows_of_stream
from analysis.models.site_hooks import SiteHooks, Values, Watch
from analysis.models.subject import NormScales, Recorder
from analysis.models.tokens import Tokeniser
from analysis.models.tracing import (
    Check,
    Resumed,
    Trace,
    called_with,
    first_layer,
    rows_from,
    stream_in,
)
from analysis.records import ModelFacts, Site


class HookedModel:
    """An EditableModel; see there for what its functions promise."""

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

    def trace(self, tokens: Int[Tensor, "batch pos"], *, check: Check | None = None) -> Trace:
        self._check_length(tokens.shape[1])
        tokens = tokens.to(self.device)
        streams: list[Tensor] = []
        calls: list[tuple[tuple[object, ...], dict[str, object]]] = []
        watch = Watch(to_keep=self._placed(None), check=check)
        noting = called_with(self._parts.layers, calls, streams)
        try:
            # no_grad, for one may differentiate through what is kept; inference mode forbids it
            with torch.no_grad(), self._hooks.watching(watch):
                last = self._parts.forward(tokens, None)
        finally:
            for handle in noting:
                handle.remove()
        return Trace(tokens, streams, calls, watch.kept, last)

    def trace_and_differentiate(
        self,
        tokens: Int[Tensor, "batch pos"],
        metric: Callable[[Float[Tensor, "batch pos d_model"]], Float[Tensor, ""]],
        sites: Collection[str],
        *,
        check: Check | None = None,
    ) -> tuple[Trace, Values]:
        self._check_length(tokens.shape[1])
        tokens = tokens.to(self.device)
        streams: list[Tensor] = []
        calls: list[tuple[tuple[object, ...], dict[str, object]]] = []
        watch = Watch(to_keep=self._placed(None), check=check)
        noting = called_with(self._parts.layers, calls, streams, differentiable=True)
        try:
            with torch.enable_grad(), self._hooks.watching(watch):
                last = self._parts.forward(tokens, None)
                value = metric(last)
        finally:
            for handle in noting:
                handle.remove()
        places = dict(watch.kept) | {
            f"resid.{layer}": stream for layer, stream in enumerate(streams[1:])
        }
        found = torch.autograd.grad(value, [places[name] for name in sites])
        trace = Trace(
            tokens,
            [stream.detach() for stream in streams],
            calls,
            {name: kept.detach() for name, kept in watch.kept.items()},
            last.detach(),
        )
        return trace, dict(zip(sites, found, strict=True))

    def resume(
        self,
        trace: Trace,
        changes: Mapping[str, Change],
        *,
        rows: Int[Tensor, " row"] | None = None,
        record: Recorder | None = None,
        sites: Collection[str] = (),
        keep_streams: bool = False,
        check: Check | None = None,
    ) -> Resumed:
        self._place_changed(changes)
        first = first_layer(changes)
        recorded = frozenset() if record is None else self._placed(sites)
        streams: dict[int, Tensor] = {}
        watch = Watch(record, recorded, changes, check=check)
        with torch.no_grad(), self._hooks.watching(watch):
            h = after_sums(self._parts, trace, changes, first, rows)
            if h is None:
                h, begin = rows_of_stream(trace.streams[first], rows), first
            else:
                begin = first + 1
                if keep_streams:
                    streams[first] = h
            for layer in range(begin, len(self._parts.layers)):
                h = self._call(trace, layer, h, rows)
                if keep_streams:
                    streams[layer] = h
            return Resumed(self._parts.finish(h), begin, streams)

    def differentiate(
        self,
        trace: Trace,
        metric: Callable[[Float[Tensor, "batch pos d_model"]], Float[Tensor, ""]],
        sites: Collection[str],
        *,
        check: Check | None = None,
    ) -> Values:
        streams = {name for name in sites if name.startswith("resid.")}
        wanted = self._placed([name for name in sites if name not in streams])
        first = min(_layer(name) for name in sites)
        watch = Watch(to_keep=wanted, check=check)
        with torch.enable_grad(), self._hooks.watching(watch):
            h = trace.streams[first].clone().requires_grad_()
            for layer in range(first, len(self._parts.layers)):
                h = self._call(trace, layer, h, None)
                if f"resid.{layer}" in streams:
                    watch.kept[f"resid.{layer}"] = h
            value = metric(self._parts.finish(h))
        names = list(watch.kept)
        found = torch.autograd.grad(value, [watch.kept[name] for name in names])
        return dict(zip(names, found, strict=True))

    def blend(
        self, trace: Trace, blends: Mapping[str, Blend], *, check: Check | None = None
    ) -> Float[Tensor, "batch pos d_model"]:
        self._placed(blends.keys())
        with self._hooks.watching(Watch(blends=blends, check=check)):
            h = trace.streams[0]
            for layer in range(len(self._parts.layers)):
                h = self._call(trace, layer, h, None)
            return self._parts.finish(h)

    def run_layer(
        self,
        trace: Trace,
        layer: int,
        stream: Float[Tensor, "row pos d_model"],
        blends: Mapping[str, Blend],
        *,
        rows: Int[Tensor, " row"] | None = None,
        check: Check | None = None,
    ) -> tuple[Float[Tensor, "row pos d_model"], Values]:
        sites = [site.name for site in self.sites if site.layer == layer]
        watch = Watch(blends=blends, to_keep=self._placed(sites), check=check)
        with torch.no_grad(), self._hooks.watching(watch):
            return self._call(trace, layer, stream, rows), watch.kept

    def step(
        self, tokens: Int[Tensor, "batch pos"], memory: object | None, changes: Mapping[str, Change]
    ) -> tuple[Float[Tensor, "batch pos d_model"], object | None]:
        self._place_changed(changes)
        tokens = tokens.to(self.device)
        with torch.no_grad(), self._hooks.watching(Watch(changes=changes)):
            if self._parts.step is None:
                return self._parts.forward(tokens, None), None
            return self._parts.step(tokens, memory)

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

    def finish(self, stream: Float[Tensor, "*batch d_model"]) -> Float[Tensor, "*batch d_model"]:
        with torch.no_grad():
            return self._parts.finish(stream)

    def logits(self, last: Float[Tensor, "*batch d_model"]) -> Float[Tensor, "*batch vocab"]:
        if torch.is_grad_enabled() and last.requires_grad:
            return self._parts.head(last)
        with torch.inference_mode():
            return self._parts.head(last.to(self.device, self.dtype))

    def _call(self, trace: Trace, layer: int, h: Tensor, rows: Tensor | None) -> Tensor:
        args, kwargs = trace.calls[layer]
        n_batch = trace.tokens.shape[0]
        args = rows_from(args, rows, n_batch)
        kwargs = {name: rows_from(value, rows, n_batch) for name, value in kwargs.items()}
        return stream_in(self._parts.layers[layer](h, *args, **kwargs))

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

    def _place_changed(self, changes: Mapping[str, Change]) -> None:
        self._placed([name for name in changes if not name.startswith("resid.")])
        self._hooks.place_streams([name for name in changes if name.startswith("resid.")])


def _sites(facts: ModelFacts) -> Collection[Site]:
    sites = []
    for layer in range(facts.n_layers):
        if facts.d_mlp:
            sites.append(Site(kind="mlp", layer=layer, n_units=facts.d_mlp))
        sites.append(Site(kind="attn", layer=layer, n_units=facts.n_heads))
    return sites


def _layer(name: str) -> int:
    return int(name.partition(".")[2])


def _has_heads(names: Collection[str]) -> bool:
    return any(name.startswith("attn.") for name in names)
