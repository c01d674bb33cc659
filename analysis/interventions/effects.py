"""What edits did to the output: per position KL, loss, likeliest tokens, chosen tokens.

Runs are read one after the other, so that only one of them is ever unembedded at a time.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from analysis.interventions.clean import CleanRun
from analysis.interventions.decimals import decimals
from analysis.interventions.divergence import divergence
from analysis.protocol.experiments import PositionEffect, Target, TopToken, Wanted


@dataclass(frozen=True)
class _Read:
    """What is told of one run."""

    kl: list[float]
    loss: list[float]
    """Of each next token of the prompt; empty without a loss."""
    top: Float[Tensor, "pos token"]
    """Log-probabilities of the likeliest tokens,"""
    targets: Float[Tensor, "pos id"]
    """and of the chosen ones."""
    normaliser: Float[Tensor, "pos 1"]
    """log Σ exp(logit): a logit is a log-probability plus this."""


def divergences(
    clean: Float[Tensor, "pos vocab"], edited: Float[Tensor, "row pos vocab"]
) -> Float[Tensor, "row pos"]:
    """KL(clean ‖ edited) in nats, from log-probabilities."""
    return torch.stack([divergence(clean, row) for row in edited])


def losses(
    log_probs: Float[Tensor, "*row pos vocab"], tokens: Int[Tensor, " pos"]
) -> Float[Tensor, "*row next"]:
    """-log p of each next token of the prompt, in nats."""
    following = tokens[1:, None].expand(*log_probs.shape[:-2], -1, 1)
    found: Tensor = -log_probs[..., :-1, :].gather(-1, following)[..., 0]
    return found


def position_effects(
    clean: CleanRun,
    runs: Iterable[Float[Tensor, "pos vocab"]],
    texts: Sequence[str],
    wanted: Wanted,
    *,
    has_loss: bool,
) -> list[PositionEffect]:
    """From the logits of the edited run, and then of each control."""
    before = clean.log_probs
    tokens = clean.trace.tokens[0]
    told = has_loss and clean.n_pos > 1
    targets = torch.tensor(wanted.targets, dtype=torch.long, device=before.device)
    targets = targets.expand(clean.n_pos, -1)
    top: Tensor | None = None
    read: list[_Read] = []
    for logits in runs:
        precise = logits.float()
        normaliser = precise.logsumexp(-1, keepdim=True)
        after = precise - normaliser
        if top is None:
            n = min(wanted.top, after.shape[-1])
            top = torch.maximum(before, after).topk(n, dim=-1).indices
        read.append(
            _Read(
                kl=decimals(divergence(before, after)),
                loss=decimals(losses(after, tokens)) if told else [],
                top=after.gather(-1, top),
                targets=after.gather(-1, targets),
                normaliser=normaliser,
            )
        )
    if top is None:
        raise ValueError("no run was given")
    unedited = _Read(
        kl=[0.0] * clean.n_pos,
        loss=decimals(losses(before, tokens)) if told else [],
        top=before.gather(-1, top),
        targets=before.gather(-1, targets),
        normaliser=clean.normaliser[:, None],
    )
    tops = _top_tokens(unedited, read, top, texts)
    chosen = _targets(unedited, read, wanted.targets)
    edited, controls = read[0], read[1:]
    found = []
    for position in range(clean.n_pos):
        last = position >= len(unedited.loss)
        found.append(
            PositionEffect.model_construct(
                position=position,
                kl=edited.kl[position],
                kl_controls=tuple(one.kl[position] for one in controls),
                loss_before=None if last else unedited.loss[position],
                loss_after=None if last else edited.loss[position],
                loss_controls=() if last else tuple(one.loss[position] for one in controls),
                top=tops[position],
                targets=chosen[position],
            )
        )
    return found


def _top_tokens(
    unedited: _Read, read: Sequence[_Read], top: Int[Tensor, "pos token"], texts: Sequence[str]
) -> list[tuple[TopToken, ...]]:
    """Per position the tokens of the highest probability, before or after, whichever is higher."""
    moved = read[0].top + read[0].normaliser - unedited.top - unedited.normaliser
    controls = [one.top.exp() for one in read[1:]]
    by_rank = decimals(torch.stack(controls, -1)) if controls else None
    numbers = (unedited.top.exp(), read[0].top.exp(), moved)
    columns = (top.tolist(), *map(decimals, numbers))
    found = []
    for position, ranks in enumerate(zip(*columns, strict=True)):
        found.append(
            tuple(
                TopToken.model_construct(
                    id=token,
                    text=texts[token],
                    before=before,
                    after=after,
                    controls=() if by_rank is None else tuple(by_rank[position][rank]),
                    logit_change=change,
                )
                for rank, (token, before, after, change) in enumerate(zip(*ranks, strict=True))
            )
        )
    return found


def _targets(
    unedited: _Read, read: Sequence[_Read], targets: Sequence[int]
) -> list[tuple[Target, ...]]:
    n_pos = len(unedited.kl)
    if not targets:
        return [()] * n_pos
    logits = [decimals(one.targets + one.normaliser) for one in (unedited, *read)]
    shares = [decimals(one.targets.exp()) for one in (unedited, *read)]
    return [
        tuple(
            Target.model_construct(
                id=token,
                logit_before=logits[0][position][column],
                logit_after=logits[1][position][column],
                logit_controls=tuple(row[position][column] for row in logits[2:]),
                before=shares[0][position][column],
                after=shares[1][position][column],
                controls=tuple(row[position][column] for row in shares[2:]),
            )
            for column, token in enumerate(targets)
        )
        for position in range(n_pos)
    ]
