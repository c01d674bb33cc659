"""One forward pre-hook per site: changes what enters the output projection, keeps it, records it.

Hooks are placed when a site is first asked for, stay, and do nothing while nobody asks.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor, nn

from analysis.models.changes import Blend, Change, change_heads, change_neurons, change_stream
from analysis.models.head_norms import head_norms, head_triangles
from analysis.models.projections import rows_of
from analysis.models.subject import Recorder
from analysis.records import Site

Values = dict[str, Tensor]
"""By site: what enters the projection, [batch, pos, neuron] or [batch, pos, heads · d_head]."""


@dataclass(frozen=True)
class Watch:
    """What the forward pass under way is asked for."""

    record: Recorder | None = None
    recorded: frozenset[str] = frozenset()
    """Sites that are recorded, after they are changed."""
    changes: Mapping[str, Change] = field(default_factory=dict)
    blends: Mapping[str, Blend] = field(default_factory=dict)
    kept: Values = field(default_factory=dict)
    """Is filled with what enters the projections of the sites in `to_keep`, after changes and
    before it is blended."""
    to_keep: frozenset[str] = frozenset()
    check: Callable[[], None] | None = None
    """Raises where the run should not go on; called at every watched projection."""


class SiteHooks:
    def __init__(
        self, modules: Mapping[str, nn.Module], layers: Sequence[nn.Module], dtype: torch.dtype
    ) -> None:
        """`modules` are the projections, by site; `layers` are what the streams leave."""
        self._modules = modules
        self._layers = layers
        # bfloat16 has the range to multiply in; float16 has not.
        self._precise = torch.bfloat16 if dtype == torch.bfloat16 else torch.float32
        self._placed: set[str] = set()
        self._watch: Watch | None = None
        self._triangles: dict[str, Tensor] = {}
        self.recording: Site | None = None
        """The heads that are being recorded now."""

    def place(self, sites: Collection[Site]) -> None:
        for site in sites:
            if site.name not in self._placed:
                self._modules[site.name].register_forward_pre_hook(self._hook(site))
                self._placed.add(site.name)

    def place_streams(self, names: Collection[str]) -> None:
        """For changes of `resid.L`, the residual stream as it leaves layer L."""
        for name in names:
            if name not in self._placed:
                layer = self._layers[int(name.partition(".")[2])]
                layer.register_forward_hook(self._stream_hook(name))
                self._placed.add(name)

    @contextmanager
    def watching(self, watch: Watch) -> Iterator[None]:
        self._watch = watch
        try:
            yield
        finally:
            self._watch = None

    def norms(
        self, site: Site, z: Float[Tensor, "batch pos heads_d_head"]
    ) -> Float[Tensor, "batch pos head"]:
        """How long what each head writes is, in float32."""
        return head_norms(z, self.triangles(site))

    def triangles(self, site: Site) -> Float[Tensor, "head d_head d_out"]:
        if site.name not in self._triangles:
            rows = rows_of(self._modules[site.name])
            self._triangles[site.name] = head_triangles(rows, site.n_units).to(self._precise)
        return self._triangles[site.name]

    def _hook(self, site: Site) -> Callable[[nn.Module, tuple[Tensor, ...]], object]:
        def hook(_module: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...] | None:
            watch = self._watch
            if watch is None:
                return None
            if watch.check is not None:
                watch.check()
            value, change = inputs[0], watch.changes.get(site.name)
            if change is not None:
                value = self._changed(site, value, change)
            if site.name in watch.to_keep:
                watch.kept[site.name] = value
            if watch.record is not None and site.name in watch.recorded:
                self._record(watch.record, site, value)
            blend = watch.blends.get(site.name)
            if blend is not None:
                value = blend.of(value)
            return None if value is inputs[0] else (value, *inputs[1:])

        return hook

    def _stream_hook(self, name: str) -> Callable[[nn.Module, object, object], object]:
        def hook(_module: nn.Module, _inputs: object, output: object) -> object:
            change = None if self._watch is None else self._watch.changes.get(name)
            if change is None:
                return None
            if isinstance(output, tuple):
                return (change_stream(output[0], change), *output[1:])
            return change_stream(output, change) if isinstance(output, Tensor) else None

        return hook

    def _changed(self, site: Site, value: Tensor, change: Change) -> Tensor:
        if site.kind == "mlp":
            return change_neurons(value, change)
        triangles = None if change.length is None else self.triangles(site)
        return change_heads(value, change, site.n_units, triangles)

    def _record(self, record: Recorder, site: Site, value: Tensor) -> None:
        if site.kind == "mlp":
            record(site, value)
            return
        self.recording = site
        try:
            record(site, self.norms(site, value))
        finally:
            self.recording = None
