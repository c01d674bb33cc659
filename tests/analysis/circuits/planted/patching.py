"""Exact patching of a planted model: nodes by resumed runs, edges by the weights themselves.

An edge is patched by giving its target alone the source's output of the counterfactual. What the
target then is comes from the layer's own modules; what that does is one more resumed run.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

import torch
from safetensors.torch import load_file
from torch import Tensor

from analysis.circuits.planted.truth import EMBEDDING, LOGITS, Edge, Node, Planted
from analysis.models import load_plain
from analysis.models.changes import Change
from analysis.models.hooked import HookedModel
from analysis.models.tracing import Trace

Value = Mapping[Node, Tensor]
"""What nodes are set to: [pair, pos, width] for each."""
UNEDITED: Value = MappingProxyType({})


@dataclass(frozen=True)
class Subject:
    planted: Planted
    model: HookedModel
    weights: Mapping[str, Tensor]
    clean: Trace
    changed: Trace

    @property
    def n_pairs(self) -> int:
        return len(self.planted.pairs)

    @property
    def n_pos(self) -> int:
        return self.clean.tokens.shape[1]

    @cached_property
    def whole(self) -> float:
        """The metric's mean over pairs, clean less counterfactual."""
        return float((self.metric(self.clean.last) - self.metric(self.changed.last)).mean())

    def metric(self, last: Tensor) -> Tensor:
        """Of rows that are the pairs, over and over: [times · pair]."""
        logits = self.model.logits(last[:, -1])
        times = len(logits) // self.n_pairs
        right, wrong = (
            torch.tensor([getattr(pair, name) for pair in self.planted.pairs]).repeat(times)[
                :, None
            ]
            for name in ("right", "wrong")
        )
        return (logits.gather(1, right) - logits.gather(1, wrong))[:, 0]

    def value(self, trace: Trace, node: Node) -> Tensor:
        """[pair, pos, width] of one neuron (width 1) or head (width d_head)."""
        values = trace.values[node.site]
        if node.site.startswith("mlp"):
            return values[..., node.index, None]
        return values.unflatten(-1, (self.model.facts.n_heads, -1))[:, :, node.index]

    def differs(self, node: Node) -> float:
        """Between clean and counterfactual, where it does most; of heads the norm of what they
        write, as everywhere."""
        of = self.value if node.site.startswith("mlp") else self.written
        difference = of(self.clean, node) - of(self.changed, node)
        return float(difference.norm(dim=-1).amax(1).mean())

    def written(self, trace: Trace, node: Node) -> Tensor:
        """What a node adds to the stream: [pair, pos, d_model]."""
        if node == EMBEDDING:
            places = self.weights["W_pos"][: self.n_pos]
            return self.weights["W_E"][trace.tokens] + places
        kind, _, layer = node.site.partition(".")
        out = self.weights[f"blocks.{layer}.{'mlp.W_out' if kind == 'mlp' else 'attn.W_O'}"]
        out = out[node.index][None] if kind == "mlp" else out[node.index]
        return self.value(trace, node) @ out

    def from_counterfactual(self, nodes: Iterable[Node]) -> Value:
        return {node: self.value(self.changed, node) for node in nodes}

    def zero(self, nodes: Iterable[Node]) -> Value:
        return {node: torch.zeros_like(self.value(self.clean, node)) for node in nodes}

    def lost(
        self,
        runs: Sequence[Value],
        *,
        positions: Collection[int] | None = None,
        base: Value = UNEDITED,
    ) -> Tensor:
        """How much of the whole each run loses against the one in which only `base` is set:
        [run, pair]."""
        start = self._metrics([base]) if base else self.metric(self.clean.last)
        after = self._metrics(runs, positions, base)
        return (start - after.view(len(runs), -1)) / self.whole

    def edge_lost(self, edge: Edge, *, base: Value = UNEDITED) -> tuple[float, Tensor]:
        """By patching one edge: how far its target moves at most, and how much of the whole each
        pair loses."""
        source, target = edge
        base_trace = self.trace_with(base)
        moved = self.written(self.changed, source) - self.written(base_trace, source)
        if target == LOGITS:
            change = self.metric(base_trace.last) - self.metric(base_trace.last + moved)
            return float(change.abs().max()), change / self.whole
        before, after = (
            self.read(base_trace, target, more) for more in (torch.zeros_like(moved), moved)
        )
        (lost,) = self.lost([{target: after}], base=base)
        return float((after - before).abs().max()), lost

    def trace_with(self, base: Value) -> Trace:
        """The clean run with some nodes set, kept whole: by hooks of torch alone."""
        handles = []
        for node, value in base.items():
            kind, _, layer = node.site.partition(".")
            module = getattr(self.model._parts.layers[int(layer)], kind).out
            handles.append(module.register_forward_pre_hook(_setting(node, value)))
        try:
            return self.model.trace(self.clean.tokens)
        finally:
            for handle in handles:
                handle.remove()

    def read(self, trace: Trace, target: Node, more: Tensor) -> Tensor:
        """The target's value if it alone read so much more than the trace's stream."""
        kind, _, layer = target.site.partition(".")
        block = self.model._parts.layers[int(layer)]
        kept = []
        module = getattr(block, kind).out
        handle = module.register_forward_pre_hook(lambda _, inputs: kept.append(inputs[0]))
        stream = trace.streams[int(layer)]
        with torch.no_grad():
            if kind == "attn":
                block.attn(stream + more, None, lambda x: x)
            else:
                block.mlp(stream + block.attn(stream, None, lambda x: x) + more)
        handle.remove()
        values = {target.site: kept[0]}
        return self.value(Trace(trace.tokens, [], [], values, trace.last), target)

    def _metrics(
        self,
        runs: Sequence[Value],
        positions: Collection[int] | None = None,
        base: Value = UNEDITED,
    ) -> Tensor:
        """Of every pair in every run: [run · pair]; the base is set at all positions."""
        everywhere = torch.arange(self.n_pos)
        places = everywhere if positions is None else torch.tensor(sorted(positions))
        rows = torch.arange(self.n_pairs).repeat(len(runs))
        parts: dict[str, list[Change]] = {}
        for number, run in enumerate(runs):
            at = number * self.n_pairs + torch.arange(self.n_pairs)
            for where, values in ((everywhere, base), (places, run)):
                for node, value in values.items():
                    parts.setdefault(node.site, []).append(_change(node, at, where, value))
        changes = {site: _joined(changes) for site, changes in parts.items()}
        return self.metric(self.model.resume(self.clean, changes, rows=rows).last)


def load(planted: Planted) -> Subject:
    model = load_plain(planted.folder, dtype=torch.float32, device=torch.device("cpu"))
    clean, changed = (
        model.trace(torch.tensor([getattr(pair, name) for pair in planted.pairs]))
        for name in ("clean", "counterfactual")
    )
    weights = load_file(planted.folder / "model.safetensors")
    return Subject(planted, model, weights, clean, changed)


def _change(node: Node, rows: Tensor, places: Tensor, value: Tensor) -> Change:
    n = len(rows) * len(places)
    return Change(
        rows=rows.repeat_interleave(len(places)),
        positions=places.repeat(len(rows)),
        units=torch.full((n,), node.index),
        keep=torch.zeros(n),
        give=value[:, places].flatten(0, 1),
    )


def _joined(changes: Sequence[Change]) -> Change:
    names = ("rows", "positions", "units", "keep", "give")
    return Change(*(torch.cat([getattr(one, name) for one in changes]) for name in names))


def _setting(node: Node, value: Tensor):
    def put(_module, inputs):
        entered = inputs[0].clone()
        width = value.shape[-1]
        entered[..., node.index * width : (node.index + 1) * width] = value
        return (entered,)

    return put
