"""Loaded models: each loaded once, on its first use, and kept while memory lasts.

When another needs room, the model that was not used for longest goes first, but never one that a
request uses or waits for. All of it happens on the event loop; only reading files and converting
weights is done in a lane of its own.
"""

import asyncio
import gc
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeVar

import structlog
import torch

from analysis.errors import AnalysisError
from analysis.inference.lane import Lane
from analysis.inference.options import Options
from analysis.inference.refusing import Refused, refusal_of, refused
from analysis.inference.ticket import Ticket
from analysis.interventions.clean import CleanRuns
from analysis.models.loading import load_model
from analysis.models.tracing import EditableModel
from analysis.models.weighing import weight_bytes
from analysis.protocol.model import ModelSpec
from analysis.protocol.refusals import Refusal
from analysis.protocol.service import LoadedModel

T = TypeVar("T")

STILL_LOADING_SECONDS: Final = 30
Key = tuple[str, str, str, str]

log = structlog.get_logger("patchclamp.inference")


@dataclass(frozen=True)
class Loaded:
    model: EditableModel
    traces: CleanRuns


@dataclass
class Entry:
    spec: ModelSpec
    loading: "asyncio.Task[None]"
    loaded: Loaded | None = None
    n_bytes: int = 0
    users: int = 0
    """Requests that use it, or wait for it."""


class Shelf:
    def __init__(self, options: Options) -> None:
        self._options = options
        self._entries: OrderedDict[Key, Entry] = OrderedDict()
        self._lane = Lane("load")
        self._one_load = asyncio.Lock()
        self._freed = asyncio.Event()

    @property
    def used_bytes(self) -> int:
        return sum(entry.n_bytes for entry in self._entries.values())

    def describe(self) -> tuple[LoadedModel, ...]:
        return tuple(
            LoadedModel(
                name=entry.spec.name,
                weights_sha256=entry.spec.weights_sha256,
                n_bytes=entry.n_bytes,
                dtype=str(self._options.dtype).removeprefix("torch."),
                device=str(self._options.device),
                busy=entry.users,
                loading=entry.loaded is None,
            )
            for entry in self._entries.values()
        )

    @contextmanager
    def held(self, spec: ModelSpec) -> Iterator[Entry]:
        """The model is loaded, if it is not, and stays while the block lasts."""
        entry = self._entry(spec)
        entry.users += 1
        try:
            yield entry
        finally:
            entry.users -= 1
            self._freed.set()

    async def loaded(self, entry: Entry, ticket: Ticket) -> Loaded:
        """What is held, when it is there. Refused: it cannot be loaded, is another one now, is too
        large, or did not load in time (it goes on loading)."""
        if entry.loaded is not None:
            return entry.loaded
        seconds = self._options.load_seconds
        try:
            await ticket.wait_for(entry.loading, seconds=seconds)
        except TimeoutError:
            raise refused(
                "too_slow",
                f"The model {entry.spec.name!r} is still being loaded after {seconds:g} seconds.",
                hint="It goes on loading; ask again later.",
                retry_after=STILL_LOADING_SECONDS,
            ) from None
        except Refused as error:
            raise Refused(error.refusal) from None  # others wait for the same one
        if entry.loaded is None:
            raise RuntimeError("a model was loaded and is not there")
        return entry.loaded

    def free_memory(self) -> None:
        """Memory ran out: whatever was kept to be fast is given back. From the thread that
        computes, so that nothing is taken from under a computation."""
        for entry in list(self._entries.values()):
            if entry.loaded is not None:
                entry.loaded.traces.clear()
        _collect()

    def close(self) -> None:
        for entry in self._entries.values():
            entry.loading.cancel()
        self._lane.close()

    def _entry(self, spec: ModelSpec) -> Entry:
        key = (spec.source, spec.kind, spec.weights_sha256, spec.tokenizer_sha256)
        if key not in self._entries:
            loading = asyncio.create_task(self._load(key, spec))
            loading.add_done_callback(_heed)
            self._entries[key] = Entry(spec, loading)
        self._entries.move_to_end(key)
        return self._entries[key]

    async def _load(self, key: Key, spec: ModelSpec) -> None:
        entry = self._entries[key]
        try:
            async with self._one_load:
                entry.n_bytes = await self._make_room(entry)
                model = await self._in_lane(partial(self._read, spec), spec)
                entry.n_bytes = model.facts.n_parameters * self._options.dtype.itemsize
                entry.loaded = Loaded(model, CleanRuns(self._options.trace_bytes))
        except BaseException:
            del self._entries[key]
            self._freed.set()
            raise

    async def _make_room(self, entry: Entry) -> int:
        """The bytes that the model will need, now free within the budget."""
        options = self._options
        spec = entry.spec
        needed = await self._in_lane(
            partial(weight_bytes, spec.source, spec.kind, dtype=options.dtype, cache=options.cache),
            spec,
        )
        if needed > options.memory:
            raise refused(
                "too_large",
                f"The weights of {spec.name!r} take {needed:,} bytes; loaded models may take "
                f"{options.memory:,} in all.",
                hint="Set PATCHCLAMP_INFERENCE_MEMORY to more, if there is more memory, or "
                "PATCHCLAMP_INFERENCE_DTYPE to bfloat16.",
            )
        while self.used_bytes + needed > options.memory:
            if await self._give_up_one():
                continue
            if not entry.users:
                raise refused("cancelled", "Nobody waits for this model any more.")
            self._freed.clear()
            await self._freed.wait()
        return needed

    async def _give_up_one(self) -> bool:
        """Whether a model that nobody uses was given up: the one not used for longest."""
        for key, entry in self._entries.items():
            if entry.loaded is not None and not entry.users:
                del self._entries[key]
                entry.loaded = None
                await asyncio.wrap_future(self._lane.submit(_collect))
                return True
        return False

    async def _in_lane(self, work: Callable[[], T], spec: ModelSpec) -> T:
        return await asyncio.wrap_future(self._lane.submit(partial(_foreseen, work, spec)))

    def _read(self, spec: ModelSpec) -> EditableModel:
        options = self._options
        model = load_model(
            spec.source,
            kind=spec.kind,
            dtype=options.dtype,
            device=options.device,
            cache=options.cache,
        )
        found = (model.facts.weights_sha256, model.facts.tokenizer_sha256)
        if found != (spec.weights_sha256, spec.tokenizer_sha256):
            raise refused(
                "changed_model",
                f"The files of model {spec.name!r} have changed since it was added.",
                hint="Add the changed model under a new name: "
                "patchclamp models add SOURCE --name NEW.",
            )
        return model


def _foreseen(work: Callable[[], T], spec: ModelSpec) -> T:
    """Everything that can be wrong with a model, as a refusal."""
    try:
        return work()
    except AnalysisError as error:
        log.warning("inference.not_loaded", model=spec.name, reason=error.detail)
        refusal = Refusal(
            reason="unknown_model",
            detail=f"The model {spec.name!r} cannot be loaded: {error.public.rstrip('.')}.",
            hint=error.hint,
        )
    except Refused:
        raise
    except Exception as error:  # noqa: BLE001 - told and logged by refusal_of
        refusal = refusal_of(error)
    _collect()
    raise Refused(refusal)


def _collect() -> None:
    """Gives back the memory of what was let go: hooks tie a model's modules into cycles."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _heed(loading: "asyncio.Task[None]") -> None:
    if not loading.cancelled():
        loading.exception()  # whoever waits is told; maybe nobody waits any more
