"""Where a run goes on from: what leaves the first changed layer, without running it where that is
only sums."""

from collections.abc import Mapping

import torch
from jaxtyping import Float, Int
from torch import Tensor

from analysis.models.changes import Change, is_few
from analysis.models.parts import Parts
from analysis.models.projections import some_rows_of
from analysis.models.tracing import Trace


def after_sums(
    parts: Parts,
    trace: Trace,
    changes: Mapping[str, Change],
    first: int,
    rows: Int[Tensor, " row"] | None,
) -> Float[Tensor, "row pos d_model"] | None:
    """What leaves the first changed layer, if only sums decide it; None: it must run."""
    neurons, stream = changes.get(f"mlp.{first}"), changes.get(f"resid.{first}")
    if f"attn.{first}" in changes:
        return None
    n_rows = trace.tokens.shape[0] if rows is None else len(rows)
    n_places = n_rows * trace.tokens.shape[1]
    if neurons is not None and not (parts.mlp_adds and is_few(neurons, n_places)):
        return None
    h = rows_of_stream(trace.streams[first + 1], rows)
    if neurons is not None:
        at = neurons.rows if rows is None else rows[neurons.rows]
        if rows is not None and trace.tokens.shape[0] == 1:
            at = torch.zeros_like(at)
        old = trace.values[f"mlp.{first}"][at, neurons.positions, neurons.units].float()
        more = (neurons.keep - 1) * old + neurons.give[:, 0]
        written = some_rows_of(parts.mlp_out[first], neurons.units)
        more = (more[:, None] * written.float()).to(h.dtype)
        h = h.index_put((neurons.rows, neurons.positions), more, accumulate=True)
    if stream is not None:
        where = (stream.rows, stream.positions)
        h = h.index_put(where, stream.give.to(h.dtype), accumulate=True)
    return h


def rows_of_stream(
    stream: Float[Tensor, "batch pos d_model"], rows: Int[Tensor, " row"] | None
) -> Float[Tensor, "row pos d_model"]:
    if rows is None:
        return stream
    return stream.expand(len(rows), -1, -1) if stream.shape[0] == 1 else stream[rows]
