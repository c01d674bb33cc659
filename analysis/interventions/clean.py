"""The unedited run of a prompt, kept for the next edit of the same prompt."""

from collections import OrderedDict
from collections.abc import Sequence
from functools import cached_property

import torch
from jaxtyping import Float
from torch import Tensor

from analysis.models.tracing import Check, EditableModel, Trace


class CleanRun:
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


class CleanRuns:
    """The clean runs of one loaded model that were asked for last, within a budget of bytes."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._runs: OrderedDict[tuple[int, ...], CleanRun] = OrderedDict()

    def run(
        self, model: EditableModel, tokens: Sequence[int], check: Check
    ) -> tuple[CleanRun, bool]:
        """The clean run of a prompt, and whether it was there already."""
        key = tuple(tokens)
        if key in self._runs:
            self._runs.move_to_end(key)
            return self._runs[key], True
        clean = CleanRun(model, model.trace(torch.tensor([key]), check=check))
        self._runs[key] = clean
        while len(self._runs) > 1 and self.n_bytes > self._most_bytes:
            self._runs.popitem(last=False)
        return clean, False

    @property
    def n_bytes(self) -> int:
        return sum(run.n_bytes for run in self._runs.values())

    def clear(self) -> None:
        """Gives back all memory: something ran out of it."""
        self._runs.clear()
