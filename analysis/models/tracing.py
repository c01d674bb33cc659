"""A run that is kept, and runs that go on from the middle of it.

What a layer is given besides the residual stream (masks, rotations) depends on the shape of the
tokens alone, so it is kept from the first run as it was, and any later layer can be called again.
Nothing before the first touched layer changes, so nothing of it is computed again; and where what
neurons write is simply added to the stream, the touched layer itself is not either.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from jaxtyping import Float, Int
from torch import Tensor, nn

from analysis.models.changes import Blend, Change
from analysis.models.relevance import Backward
from analysis.models.site_hooks import Values
from analysis.models.subject import Recorder, SubjectModel

Check = Callable[[], None]
"""Raises where the run should not go on; called before every layer."""


@dataclass(frozen=True)
class Trace:
    """One run of some windows of one length."""

    tokens: Int[Tensor, "batch pos"]
    streams: list[Float[Tensor, "batch pos d_model"]]
    """What enters each layer, and last what leaves the last one."""
    calls: list[tuple[tuple[Any, ...], dict[str, Any]]]
    """What each layer was called with besides the stream."""
    values: Values
    """What entered every site's projection."""
    last: Float[Tensor, "batch pos d_model"]
    """After the final norm."""

    @property
    def n_bytes(self) -> int:
        tensors = (*self.streams, *self.values.values(), self.last)
        return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


@dataclass(frozen=True)
class Resumed:
    """What came of a run that began in the middle of another."""

    last: Float[Tensor, "batch pos d_model"]
    """After the final norm."""
    first: int
    """Layers before this one were not computed again."""
    streams: dict[int, Float[Tensor, "batch pos d_model"]] = field(default_factory=dict)
    """What left each layer, from `first` on, where that was asked for."""


@runtime_checkable
class EditableModel(SubjectModel, Protocol):
    """A subject model whose runs can be kept, changed and gone on with."""

    @property
    def end_token_ids(self) -> frozenset[int]:
        """With which the model ends what it writes; none are known of plain models."""
        ...

    def trace(self, tokens: Int[Tensor, "batch pos"], *, check: Check | None = None) -> Trace:
        """One run of whole windows (no padding) with everything that later runs need."""
        ...

    def trace_and_differentiate(
        self,
        tokens: Int[Tensor, "batch pos"],
        metric: Callable[[Float[Tensor, "batch pos d_model"]], Float[Tensor, ""]],
        sites: Collection[str],
        *,
        check: Check | None = None,
    ) -> tuple[Trace, Values]:
        """`trace` and `differentiate` in one run."""
        ...

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
        """The run of `trace` with changes, from the first changed layer on.

        `rows` says which window of the trace each row of the new batch is (one after the other,
        if None). Changes are by site, `resid.L` for the stream as it leaves layer L. `record` is
        given the activations of the named sites of later layers.
        """
        ...

    def differentiate(
        self,
        trace: Trace,
        metric: Callable[[Float[Tensor, "batch pos d_model"]], Float[Tensor, ""]],
        sites: Collection[str],
        *,
        backward: Backward = "exact",
        check: Check | None = None,
    ) -> Values:
        """∂metric/∂value for every value in `trace.values` of some sites; of `resid.L`, for the
        stream as it leaves layer L.

        The metric is a function of the last hidden state after the final norm. ModelError: the
        network is not one that `backward` has rules for.
        """
        ...

    def differentiate_dropping(
        self,
        trace: Trace,
        metric: Callable[[Float[Tensor, "batch pos d_model"]], Float[Tensor, ""]],
        sites: Collection[str],
        *,
        check: Check | None = None,
    ) -> Iterator[Values]:
        """The same of some sites, once for every layer, while that passes no gradient on: at its
        own sites it is 0."""
        ...

    def blend(
        self, trace: Trace, blends: Mapping[str, Blend], *, check: Check | None = None
    ) -> Float[Tensor, "batch pos d_model"]:
        """The run of `trace` with all values of some sites blended with others, after the final
        norm; differentiable, by what is kept too, unless the caller says otherwise."""
        ...

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
        """One layer on a stream of the caller's: what leaves it, and what entered its projections
        before that was blended. `rows` as for `resume`."""
        ...

    def step(
        self, tokens: Int[Tensor, "batch pos"], memory: object | None, changes: Mapping[str, Change]
    ) -> tuple[Float[Tensor, "batch pos d_model"], object | None]:
        """The last hidden state of some more tokens, and the memory to go on with.

        Positions of changes count within `tokens`. A model that keeps no memory returns None, and
        wants all tokens again each time.
        """
        ...

    def head_values(self, site: str, z: Tensor) -> Float[Tensor, "batch pos head"]:
        """Activations of heads (norms of what they write) from what enters their projection."""
        ...

    def finish(self, stream: Float[Tensor, "*batch d_model"]) -> Float[Tensor, "*batch d_model"]:
        """The final norm."""
        ...


def first_layer(changes: Mapping[str, Change]) -> int:
    return min(int(site.partition(".")[2]) for site in changes)


def called_with(
    layers: Sequence[nn.Module],
    calls: list[tuple[tuple[Any, ...], dict[str, Any]]],
    streams: list[Tensor],
    *,
    differentiable: bool = False,
) -> list[Any]:
    """Hooks that note what each layer is called with, and what leaves the last one. The stream can
    be differentiated by from the first layer on, if that is asked for."""

    def note(
        module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
        calls.append((args[1:], kwargs))
        if not (differentiable and module is layers[0]):
            streams.append(args[0])
            return None
        streams.append(args[0].detach().requires_grad_())
        return (streams[-1], *args[1:]), kwargs

    def leave(_module: nn.Module, _args: object, output: object) -> None:
        streams.append(stream_in(output))

    placed = [layer.register_forward_pre_hook(note, with_kwargs=True) for layer in layers]
    return [*placed, layers[-1].register_forward_hook(leave)]


def stream_in(output: object) -> Tensor:
    """Some layers return a tuple that begins with the stream."""
    found = output[0] if isinstance(output, tuple) else output
    if not isinstance(found, Tensor):
        raise TypeError(f"a layer returned {type(found).__name__}")
    return found


def rows_from(value: Any, rows: Int[Tensor, " row"] | None, n_batch: int) -> Any:  # noqa: ANN401
    """The rows of what a layer was called with; what has one row serves all."""
    if rows is None or n_batch == 1:
        return value
    if isinstance(value, Tensor):
        return value[rows] if value.ndim > 1 and value.shape[0] == n_batch else value
    if isinstance(value, tuple):
        return tuple(rows_from(one, rows, n_batch) for one in value)
    return value
