"""The logit lens, layer by layer, before and after the edits."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from analysis.interventions.clean import CleanRun, read_lens
from analysis.interventions.decimals import decimals
from analysis.interventions.divergence import divergence
from analysis.models.tracing import EditableModel, Resumed
from analysis.protocol.experiments import LensRow, TokenText, Wanted

N_TOKENS = 5


def lens_rows(
    model: EditableModel,
    clean: CleanRun,
    resumed: Resumed | None,
    texts: Sequence[str],
    wanted: Wanted,
) -> tuple[LensRow, ...]:
    """One row per layer at the wanted position, of row 0 of the edited runs; none if not wanted."""
    if not wanted.lens:
        return ()
    position = clean.n_pos - 1 if wanted.lens_position is None else wanted.lens_position
    before = clean.lens(position)
    after = _after(model, before, resumed, position)
    kl = decimals(divergence(before, after))
    tops = [_tokens(logs, texts) for logs in (before, after)]
    return tuple(
        LensRow.model_construct(layer=layer, kl=one, before=tops[0][layer], after=tops[1][layer])
        for layer, one in enumerate(kl)
    )


def _after(
    model: EditableModel,
    before: Float[Tensor, "layer vocab"],
    resumed: Resumed | None,
    position: int,
) -> Float[Tensor, "layer vocab"]:
    """Layers before the first changed one read what they read before."""
    if resumed is None or not resumed.streams:
        return before
    changed = sorted(resumed.streams)
    streams = torch.stack([resumed.streams[layer][0, position] for layer in changed])
    after = before.clone()
    after[changed] = read_lens(model, streams)
    return after


def _tokens(
    log_probs: Float[Tensor, "layer vocab"], texts: Sequence[str]
) -> list[tuple[tuple[TokenText, float], ...]]:
    best = log_probs.topk(min(N_TOKENS, log_probs.shape[-1]), dim=-1)
    return [
        tuple(
            (TokenText.model_construct(id=token, text=texts[token]), p)
            for token, p in zip(tokens, ps, strict=True)
        )
        for tokens, ps in zip(best.indices.tolist(), decimals(best.values.exp()), strict=True)
    ]
