"""What edits did to the output: per position KL, loss, likeliest tokens, chosen tokens."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from analysis.interventions.clean import CleanRun
from analysis.protocol.experiments import PositionEffect, Target, TopToken, Wanted


@dataclass(frozen=True)
class Outputs:
    """Log-probabilities of edited runs beside the clean one."""

    log_probs: Float[Tensor, "row pos vocab"]
    normaliser: Float[Tensor, "row pos"]
    """log Σ exp(logit)"""

    @classmethod
    def of(cls, logits: Float[Tensor, "row pos vocab"]) -> "Outputs":
        precise = logits.float()
        normaliser = precise.logsumexp(-1)
        return cls(precise - normaliser[..., None], normaliser)


def divergences(
    clean: Float[Tensor, "pos vocab"], edited: Float[Tensor, "row pos vocab"]
) -> Float[Tensor, "row pos"]:
    """KL(clean ‖ edited) in nats, from log-probabilities; not below 0 for rounding."""
    p = clean.exp()
    # row by row: the difference first, for small effects would drown in two large sums
    found = torch.stack([torch.einsum("pv,pv->p", p, clean - row) for row in edited])
    return found.clamp(min=0.0)


def losses(
    log_probs: Float[Tensor, "*row pos vocab"], tokens: Int[Tensor, " pos"]
) -> Float[Tensor, "*row next"]:
    """-log p of each next token of the prompt, in nats."""
    following = tokens[1:, None].expand(*log_probs.shape[:-2], -1, 1)
    found: Tensor = -log_probs[..., :-1, :].gather(-1, following)[..., 0]
    return found


def position_effects(
    clean: CleanRun, outputs: Outputs, texts: Sequence[str], wanted: Wanted, *, has_loss: bool
) -> list[PositionEffect]:
    """Row 0 of the outputs is the edited run, the others are controls; without rows, no effects."""
    before = clean.log_probs
    rows = outputs.log_probs
    kl = divergences(before, rows).tolist()
    tokens = clean.trace.tokens[0]
    told = has_loss and clean.n_pos > 1
    clean_loss = losses(before, tokens).tolist() if told else []
    row_loss = losses(rows, tokens).tolist() if told else [[] for _ in rows]
    top = _top_tokens(clean, outputs, texts, wanted.top)
    targets = _targets(clean, outputs, wanted.targets)
    found = []
    for position in range(clean.n_pos):
        last = position >= len(clean_loss)
        found.append(
            PositionEffect.model_construct(
                position=position,
                kl=kl[0][position],
                kl_controls=tuple(row[position] for row in kl[1:]),
                loss_before=None if last else clean_loss[position],
                loss_after=None if last else row_loss[0][position],
                loss_controls=() if last else tuple(row[position] for row in row_loss[1:]),
                top=top[position],
                targets=targets[position],
            )
        )
    return found


def _top_tokens(
    clean: CleanRun, outputs: Outputs, texts: Sequence[str], n: int
) -> list[tuple[TopToken, ...]]:
    """Per position the tokens of the highest probability, before or after, whichever is higher."""
    before, rows = clean.log_probs, outputs.log_probs
    either = torch.maximum(before, rows[0])
    tokens = either.topk(min(n, either.shape[-1]), dim=-1).indices
    p_before, p_rows = _at(before, tokens).exp(), _at(rows, tokens).exp()
    logit = _at(before, tokens) + clean.normaliser[:, None]
    moved = _at(rows[0], tokens) + outputs.normaliser[0, :, None] - logit
    # from (row, position, rank) to one list per position and rank
    controls = p_rows[1:].permute(1, 2, 0).tolist()
    columns = (tokens.tolist(), p_before.tolist(), p_rows[0].tolist(), controls, moved.tolist())
    return [
        tuple(
            TopToken.model_construct(
                id=token,
                text=texts[token],
                before=b,
                after=a,
                controls=tuple(c),
                logit_change=change,
            )
            for token, b, a, c, change in zip(*ranks, strict=True)
        )
        for ranks in zip(*columns, strict=True)
    ]


def _targets(clean: CleanRun, outputs: Outputs, targets: Sequence[int]) -> list[tuple[Target, ...]]:
    if not targets:
        return [()] * clean.n_pos
    tokens = torch.tensor(targets, device=clean.log_probs.device).expand(clean.n_pos, -1)
    before, rows = _at(clean.log_probs, tokens), _at(outputs.log_probs, tokens)
    logit_before = (before + clean.normaliser[:, None]).tolist()
    logit_rows = (rows + outputs.normaliser[..., None]).tolist()
    p_before, p_rows = before.exp().tolist(), rows.exp().tolist()
    return [
        tuple(
            Target.model_construct(
                id=token,
                logit_before=logit_before[position][column],
                logit_after=logit_rows[0][position][column],
                logit_controls=tuple(row[position][column] for row in logit_rows[1:]),
                before=p_before[position][column],
                after=p_rows[0][position][column],
                controls=tuple(row[position][column] for row in p_rows[1:]),
            )
            for column, token in enumerate(targets)
        )
        for position in range(clean.n_pos)
    ]


def _at(
    log_probs: Float[Tensor, "*row pos vocab"], tokens: Int[Tensor, "pos token"]
) -> Float[Tensor, "*row pos token"]:
    found: Tensor = log_probs.gather(-1, tokens.expand(*log_probs.shape[:-1], -1))
    return found
