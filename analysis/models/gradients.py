"""Gradients of a run, and those that are left when a layer no longer passes any on.

A layer that is dropped adds nothing to the way back: what its heads and neurons write gets no
gradient, and past them the stream carries it on (GradDrop of AtP*, Kramár et al. 2024). Later
layers do not notice, so that each layer costs the way back from itself only.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from analysis.models.parts import Parts
from analysis.models.site_hooks import Values
from analysis.models.tracing import Check


@dataclass(frozen=True, eq=False)
class Graph:
    """A run that can be differentiated."""

    value: Float[Tensor, ""]
    """Of the metric."""
    places: Values
    """What entered the projections of sites."""
    streams: Mapping[int, Float[Tensor, "batch pos d_model"]]
    """By layer: what left it, of those that were run."""


@dataclass(eq=False)
class Dropped:
    """Which layer passes no gradient on."""

    layer: int | None = None


@contextmanager
def droppable(parts: Parts) -> Iterator[Dropped]:
    """Of what runs inside, layers can be dropped whenever it is differentiated."""
    dropped = Dropped()
    with ExitStack() as stack:
        for modules in (parts.attn_out, parts.mlp_out):
            for layer, module in enumerate(modules):
                stack.callback(module.register_forward_hook(_hook(dropped, layer)).remove)
        yield dropped


def gradients_dropping(
    graph: Graph, dropped: Dropped, n_layers: int, check: Check | None = None
) -> Iterator[Values]:
    """∂value/∂place, once for every layer that is dropped, the first first."""
    names, layers = list(graph.places), list(graph.streams)
    given = [*graph.places.values(), *graph.streams.values()]
    found = torch.autograd.grad(graph.value, given, retain_graph=True)
    whole = dict(zip(names, found, strict=False))
    slopes = dict(zip(layers, found[len(names) :], strict=True))
    for layer in range(n_layers):
        if check is not None:
            check()
        inside = [name for name in names if _layer(name) == layer]
        none = {name: torch.zeros_like(whole[name]) for name in inside}
        below = [name for name in names if _layer(name) < layer]
        less: Values = {}
        if below:
            dropped.layer = layer
            found = torch.autograd.grad(
                graph.streams[layer],
                [graph.places[name] for name in below],
                slopes[layer],
                retain_graph=True,
            )
            less = dict(zip(below, found, strict=True))
        yield whole | none | less


def _hook(dropped: Dropped, layer: int) -> Callable[[nn.Module, object, Tensor], None]:
    def drop(gradient: Tensor) -> Tensor | None:
        return torch.zeros_like(gradient) if dropped.layer == layer else None

    def hook(_module: nn.Module, _inputs: object, output: Tensor) -> None:
        output.register_hook(drop)  # type: ignore[no-untyped-call]

    return hook


def _layer(name: str) -> int:
    return int(name.partition(".")[2])
