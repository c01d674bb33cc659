"""A subject model whose runs are kept, changed, gone on with and differentiated.

Runs that go on from the middle of another are explained in `tracing`.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import nullcontext

import torch
from jaxtyping import Float, Int
from torch import Tensor

from analysis.models.changes import Blend, Change
from analysis.models.gradients import Graph, droppable, gradients_dropping
from analysis.models.recorded import RecordedModel
from analysis.models.relevance import Backward, sharing
from analysis.models.resuming import after_sums, rows_of_stream
from analysis.models.site_hooks import Values, Watch
from analysis.models.subject import Recorder
from analysis.models.tracing import (
    Check,
    Resumed,
    Trace,
    called_with,
    first_layer,
    rows_from,
    stream_in,
)


class HookedModel(RecordedModel):
    """An EditableModel; see there for what its functions promise."""

    def trace(self, tokens: Int[Tensor, "batch pos"], *, check: Check | None = None) -> Trace:
        return self._trace(tokens, None, (), check)[0]

    def trace_and_differentiate(
        self,
        tokens: Int[Tensor, "batch pos"],
        metric: Callable[[Float[Tensor, "batch pos d_model"]], Float[Tensor, ""]],
        sites: Collection[str],
        *,
        check: Check | None = None,
    ) -> tuple[Trace, Values]:
        return self._trace(tokens, metric, sites, check)

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
        backward: Backward = "exact",
        check: Check | None = None,
    ) -> Values:
        with sharing(self._parts.rules()) if backward == "relp" else nullcontext():
            graph = self._graph(trace, metric, sites, check)
        leaving = {f"resid.{layer}": stream for layer, stream in graph.streams.items()}
        places = graph.places | {name: h for name, h in leaving.items() if name in sites}
        found = torch.autograd.grad(graph.value, list(places.values()))
        return dict(zip(places, found, strict=True))

    def differentiate_dropping(
        self,
        trace: Trace,
        metric: Callable[[Float[Tensor, "batch pos d_model"]], Float[Tensor, ""]],
        sites: Collection[str],
        *,
        check: Check | None = None,
    ) -> Iterator[Values]:
        with droppable(self._parts) as dropped:
            graph = self._graph(trace, metric, sites, check)
        yield from gradients_dropping(graph, dropped, self.facts.n_layers, check)

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

    def finish(self, stream: Float[Tensor, "*batch d_model"]) -> Float[Tensor, "*batch d_model"]:
        with torch.no_grad():
            return self._parts.finish(stream)

    def _trace(
        self,
        tokens: Int[Tensor, "batch pos"],
        metric: Callable[[Float[Tensor, "batch pos d_model"]], Float[Tensor, ""]] | None,
        sites: Collection[str],
        check: Check | None,
    ) -> tuple[Trace, Values]:
        self._check_length(tokens.shape[1])
        tokens = tokens.to(self.device)
        streams: list[Tensor] = []
        calls: list[tuple[tuple[object, ...], dict[str, object]]] = []
        watch = Watch(to_keep=self._placed(None), check=check)
        differentiable = metric is not None
        noting = called_with(self._parts.layers, calls, streams, differentiable=differentiable)
        # not in inference mode: one may differentiate through what is kept, which that forbids
        graded = torch.enable_grad() if differentiable else torch.no_grad()
        try:
            with graded, self._hooks.watching(watch):
                last = self._parts.forward(tokens, None)
                value = None if metric is None else metric(last)
        finally:
            for handle in noting:
                handle.remove()
        found: Values = {}
        if value is not None:
            leaving = {f"resid.{layer}": stream for layer, stream in enumerate(streams[1:])}
            places = watch.kept | leaving
            slopes = torch.autograd.grad(value, [places[name] for name in sites])
            found = dict(zip(sites, slopes, strict=True))
        kept = {name: values.detach() for name, values in watch.kept.items()}
        streams = [stream.detach() for stream in streams]
        return Trace(tokens, streams, calls, kept, last.detach()), found

    def _graph(
        self,
        trace: Trace,
        metric: Callable[[Float[Tensor, "batch pos d_model"]], Float[Tensor, ""]],
        sites: Collection[str],
        check: Check | None,
    ) -> Graph:
        """Of the run from the first layer on that is asked for."""
        wanted = self._placed([name for name in sites if not name.startswith("resid.")])
        first = min(_layer(name) for name in sites)
        watch = Watch(to_keep=wanted, check=check)
        streams: dict[int, Tensor] = {}
        with torch.enable_grad(), self._hooks.watching(watch):
            h = trace.streams[first].clone().requires_grad_()
            for layer in range(first, len(self._parts.layers)):
                h = streams[layer] = self._call(trace, layer, h, None)
            return Graph(metric(self._parts.finish(h)), watch.kept, streams)

    def _call(self, trace: Trace, layer: int, h: Tensor, rows: Tensor | None) -> Tensor:
        args, kwargs = trace.calls[layer]
        n_batch = trace.tokens.shape[0]
        args = rows_from(args, rows, n_batch)
        kwargs = {name: rows_from(value, rows, n_batch) for name, value in kwargs.items()}
        return stream_in(self._parts.layers[layer](h, *args, **kwargs))

    def _place_changed(self, changes: Mapping[str, Change]) -> None:
        self._placed([name for name in changes if not name.startswith("resid.")])
        self._hooks.place_streams([name for name in changes if name.startswith("resid.")])


def _layer(name: str) -> int:
    return int(name.partition(".")[2])
