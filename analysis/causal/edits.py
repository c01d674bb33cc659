"""Many edits of one site on the same text, and what each does to the output.

Every chunk of windows is traced once; edited rows (an edit on a window) then go through the rest of
the network together, from the edited layer's output on, and the unembedding sees only the places
that are looked at. Always float32: bfloat16 swallows what one neuron does.

A head's activation is the length of what it writes, so that alone is changed: the direction stays
what it was at that place.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float, Float32, Float64, Int64
from numpy import ndarray
from torch import Tensor

from analysis.causal.outputs import divergence, losses
from analysis.causal.windows import MeasuredText, chunks
from analysis.models.changes import Change
from analysis.models.subject import predicts_next
from analysis.models.tracing import Check, EditableModel, Trace

ROWS = 16
"""Edits times windows that go through the network together."""
MOST_VALUES = 2**21
"""That are changed together: where a whole site is replaced, fewer rows are."""

Tell = Callable[[float], None]
"""Told after every batch which share of all edited rows is done."""


@dataclass(frozen=True, eq=False)
class Edit:
    """New activations of some units of the site, at every edited position of the first windows; of
    heads, lengths."""

    units: Int64[ndarray, " unit"]
    values: Float32[ndarray, "unit window pos"]
    keeps_changes: bool = False
    """Whether the change of every token's log-probability is wanted, too."""


@dataclass(frozen=True, eq=False)
class Outcome:
    """Of one edit, sums over the places of each window; NaN in windows that it was not run on."""

    divergence: Float64[ndarray, " window"]
    """Jensen-Shannon, from the unedited output, in nats."""
    loss: Float64[ndarray, " window"]
    """−log p of the tokens that follow, in nats."""
    changes: Float32[ndarray, "first vocab"] | None
    """Of log-probabilities, edited less unedited; of the first windows, which it was run on."""


@dataclass(frozen=True, eq=False)
class Outcomes:
    clean_loss: Float64[ndarray, " window"]
    """Of the unedited network."""
    edits: tuple[Outcome, ...]


def run_edits(
    model: EditableModel,
    text: MeasuredText,
    site: str,
    edits: Sequence[Edit],
    *,
    check: Check,
    tell: Tell | None = None,
) -> Outcomes:
    """What every edit does, in their order; `check` is called before every layer."""
    if model.dtype != torch.float32:
        raise ValueError(f"the model is in {model.dtype}: one neuron's effect needs float32")
    n_vocab = len(model.output_texts())
    outcomes = tuple(_nothing_yet(len(text), n_vocab, edit) for edit in edits)
    clean_loss = np.full(len(text), np.nan)
    n_units = max((len(edit.units) for edit in edits), default=1)
    at_once = max(1, min(ROWS, MOST_VALUES // (n_units * text.tokens.shape[1])))
    total, done = sum(edit.values.shape[1] for edit in edits), 0
    for numbers in chunks(text, model.facts):
        n_pos = int(text.lengths[numbers].max())
        trace = model.trace(torch.from_numpy(text.tokens[numbers, :n_pos]), check=check)
        looked = [_look(model, trace, text, row, int(n)) for row, n in enumerate(numbers)]
        for row, number in enumerate(numbers.tolist()):
            clean_loss[number] = looked[row].clean_loss
        rows = [
            (edit, row)
            for edit in range(len(edits))
            for row, number in enumerate(numbers.tolist())
            if number < edits[edit].values.shape[1]
        ]
        for start in range(0, len(rows), at_once):
            some = rows[start : start + at_once]
            _run_rows(
                model, trace, text, site, edits, some, numbers, looked, outcomes, check,
            )  # fmt: skip
            done += len(some)
            if tell is not None:
                tell(done / total)
    return Outcomes(clean_loss, outcomes)


@dataclass(frozen=True, eq=False)
class _Looked:
    """The unedited output of one window at its places."""

    places: Tensor
    following: Tensor
    log_probs: Float[Tensor, "place vocab"]
    clean_loss: float
    has_loss: bool


def _look(model: EditableModel, trace: Trace, text: MeasuredText, row: int, number: int) -> _Looked:
    device = model.device
    places = torch.from_numpy(text.looked_at[number]).to(device)
    following = trace.tokens[row, places + 1]
    log_probs = _log_probs(model, trace.last[row, places])
    has_loss = predicts_next(model)
    loss = float(losses(log_probs, following)) if has_loss else float("nan")
    return _Looked(places, following, log_probs, loss, has_loss)


def _run_rows(
    model: EditableModel,
    trace: Trace,
    text: MeasuredText,
    site: str,
    edits: Sequence[Edit],
    rows: Sequence[tuple[int, int]],
    numbers: Int64[ndarray, " window"],
    looked: Sequence[_Looked],
    outcomes: Sequence[Outcome],
    check: Check,
) -> None:
    n_pos = trace.tokens.shape[1]
    change = _change(
        [(edits[edit], int(numbers[row])) for edit, row in rows], text, n_pos, model.device
    )
    if site.startswith("attn."):
        change = _lengths(change, model.facts.d_head)
    resumed = model.resume(
        trace,
        {site: change},
        rows=torch.tensor([row for _, row in rows], device=model.device),
        check=check,
    )
    with torch.inference_mode():
        for at, (edit, row) in enumerate(rows):
            _measure(
                model, looked[row], resumed.last[at], outcomes[edit], int(numbers[row])
            )  # fmt: skip


def _measure(
    model: EditableModel,
    clean: _Looked,
    last: Float[Tensor, "pos d_model"],
    outcome: Outcome,
    number: int,
) -> None:
    log_probs = _log_probs(model, last[clean.places])
    if clean.has_loss:
        outcome.loss[number] = float(losses(log_probs, clean.following))
    if outcome.changes is not None:
        outcome.changes[number] = (log_probs - clean.log_probs).sum(0).cpu().numpy()
    outcome.divergence[number] = float(divergence(clean.log_probs, log_probs))


def _log_probs(
    model: EditableModel, last: Float[Tensor, "place d_model"]
) -> Float[Tensor, "place vocab"]:
    with torch.inference_mode():
        logits = model.logits(last).float()
        return logits.sub_(logits.logsumexp(-1, keepdim=True))


def _change(
    rows: Sequence[tuple[Edit, int]], text: MeasuredText, n_pos: int, device: torch.device
) -> Change:
    """All edits of the rows, one behind the other."""
    places: list[ndarray] = []
    given: list[ndarray] = []
    for row, (edit, number) in enumerate(rows):
        positions = np.flatnonzero(text.edited[number, :n_pos])
        n_units, n_places = len(edit.units), len(positions)
        places.append(
            np.stack(
                [
                    np.full(n_units * n_places, row),
                    np.tile(positions, n_units),
                    np.repeat(edit.units, n_places),
                ]
            )
        )
        given.append(edit.values[:, number, positions].ravel())
    at = torch.from_numpy(np.concatenate(places, axis=1).astype(np.int64)).to(device)
    give = torch.from_numpy(np.concatenate(given).astype(np.float32)).to(device)
    return Change(
        rows=at[0], positions=at[1], units=at[2], keep=torch.zeros_like(give), give=give[:, None]
    )


def _lengths(change: Change, d_head: int) -> Change:
    """What is given, as lengths of what heads write: at least 0, whatever was predicted."""
    given = change.give[:, 0]
    return replace(
        change,
        keep=torch.ones_like(given),
        give=given.new_zeros((len(given), d_head)),
        length=given.clamp(min=0.0),
    )


def _nothing_yet(n_windows: int, n_vocab: int, edit: Edit) -> Outcome:
    return Outcome(
        divergence=np.full(n_windows, np.nan),
        loss=np.full(n_windows, np.nan),
        changes=np.zeros((edit.values.shape[1], n_vocab), np.float32)
        if edit.keeps_changes
        else None,
    )
