"""Unedited runs, kept for the next edit of the same prompt or mean over the same windows."""

from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import torch
from jaxtyping import Float
from torch import Tensor

from analysis.models.tracing import Check, EditableModel, Trace


class Kept(ABC):
    """What is worth keeping with a loaded model."""

    @property
    @abstractmethod
    def n_bytes(self) -> int: ...


K = TypeVar("K", bound=Kept)


class CleanRun(Kept):
    """One prompt as the model reads it unedited; what is measured of it is measured once."""

    def __init__(self, model: EditableModel, trace: Trace) -> None:
        self._model = model
        self.trace = trace
        self._lens: Float[Tensor, "layer vocab"] | None = None
        self._lens_position = -1

    @property
    def n_pos(self) -> int:
        return int(self.trace.tokens.shape[1])

    @cached_property
    def logits(self) -> Float[Tensor, "pos vocab"]:
        """In float32."""
        return self._model.logits(self.trace.last)[0].float()

    @cached_property
    def normaliser(self) -> Float[Tensor, " pos"]:
        """log Σ exp(logit): a log-probability is a logit minus this."""
        return self.logits.logsumexp(-1)

    @cached_property
    def log_probs(self) -> Float[Tensor, "pos vocab"]:
        return self.logits - self.normaliser[:, None]

    def lens(self, position: int) -> Float[Tensor, "layer vocab"]:
        """Log-probabilities that the unembedding reads after each layer at a position."""
        if self._lens is None or position != self._lens_position:
            streams = torch.stack([stream[0, position] for stream in self.trace.streams[1:]])
            self._lens = read_lens(self._model, streams)
            self._lens_position = position
        return self._lens

    @property
    def n_bytes(self) -> int:
        """With what will be measured of it: logits and log-probabilities in float32."""
        n_vocab = self._model.facts.n_vocab
        return self.trace.n_bytes + 2 * 4 * n_vocab * self.n_pos


def read_lens(
    model: EditableModel, streams: Float[Tensor, "layer d_model"]
) -> Float[Tensor, "layer vocab"]:
    """The logit lens (nostalgebraist 2020): final norm and unembedding, log-probabilities."""
    found: Tensor = model.logits(model.finish(streams[None])[0]).float().log_softmax(-1)
    return found


@dataclass(frozen=True, eq=False)
class WindowValues(Kept):
    """What enters the projection of one site on some windows."""

    windows: tuple[Tensor, ...]
    """[pos, neuron] or [pos, heads · d_head] each."""

    @property
    def n_bytes(self) -> int:
        return sum(values.nbytes for values in self.windows)


class CleanRuns:
    """What unedited runs of one loaded model were asked for last, within a budget of bytes: clean
    runs of prompts, values on reference windows, traced pairs of a task."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._kept: OrderedDict[Hashable, Kept] = OrderedDict()

    def run(
        self, model: EditableModel, tokens: Sequence[int], check: Check
    ) -> tuple[CleanRun, bool]:
        """The clean run of a prompt, and whether it was there already."""
        key = tuple(tokens)
        return self.once(
            key, CleanRun, lambda: CleanRun(model, model.trace(torch.tensor([key]), check=check))
        )

    def once(self, key: Hashable, kind: type[K], make: Callable[[], K]) -> tuple[K, bool]:
        """What was made under this key, and whether it was there already."""
        known = self._find(key)
        if isinstance(known, kind):
            return known, True
        made = make()
        self._keep(key, made)
        return made, False

    def window_values(
        self,
        windows: tuple[tuple[int, ...], ...],
        sites: Sequence[str],
        run: Callable[[Sequence[str]], Mapping[str, WindowValues]],
    ) -> dict[str, WindowValues]:
        """By site; `run` is asked for those that are not there."""
        known = {site: self._find((windows, site)) for site in sites}
        found = {site: one for site, one in known.items() if isinstance(one, WindowValues)}
        missing = [site for site in sites if site not in found]
        for site, values in (run(missing) if missing else {}).items():
            self._keep((windows, site), values)
            found[site] = values
        return found

    @property
    def n_bytes(self) -> int:
        return sum(kept.n_bytes for kept in self._kept.values())

    def clear(self) -> None:
        """Gives back all memory: something ran out of it."""
        self._kept.clear()

    def _find(self, key: Hashable) -> Kept | None:
        if key in self._kept:
            self._kept.move_to_end(key)
        return self._kept.get(key)

    def _keep(self, key: Hashable, kept: Kept) -> None:
        self._kept[key] = kept
        while len(self._kept) > 1 and self.n_bytes > self._most_bytes:
            self._kept.popitem(last=False)
