"""Continuations side by side: unedited, edited, and edited elsewhere, from one seed.

All go on together as rows of one batch, token by token, with one key-value memory. At every step
each row draws with the same random number: where their distributions agree, so do their tokens.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor

from analysis.errors import EditError
from analysis.interventions.checking import check_edits
from analysis.interventions.controls import draw_control
from analysis.interventions.experiment import as_long, make_resolver
from analysis.interventions.gathering import gather
from analysis.interventions.resolving import Resolved, Resolver, generator_of
from analysis.interventions.surroundings import Surroundings, ran_on
from analysis.models.prompts import described, tokens_of
from analysis.models.subject import predicts_next
from analysis.models.tracing import EditableModel
from analysis.protocol.edits import Edit
from analysis.protocol.experiments import GeneratedToken, GenerationEnd, GenerationRequest


@dataclass
class _Row:
    """One continuation."""

    name: str
    edits: list[Resolved]
    """At positions of the prompt."""
    lasting: list[Resolved]
    """At every new token, as if it were at position 0."""
    tokens: list[int]
    """Prompt and what was generated."""
    counts: dict[int, int] = field(default_factory=dict)
    """How often each token was generated."""
    reason: str | None = None
    """Why it has ended."""


def generate(
    model: EditableModel, request: GenerationRequest, around: Surroundings
) -> Iterator[GeneratedToken | GenerationEnd]:
    """Token by token, the rows in turn; edits act on the values that the run itself has.

    ModelError, EditError: what does not fit.
    """
    if not predicts_next(model):
        raise EditError(
            "this model does not predict next tokens, so it cannot continue a text",
            hint="Look at what it predicts at each position instead.",
        )
    prompt = tokens_of(model, request.prompt)
    check_edits(model, request.edits, len(prompt))
    rows = _rows(model, request, prompt, around)
    texts = model.token_texts()
    generator = torch.Generator().manual_seed(request.seed)
    memory: object | None = None
    for step in range(request.n_tokens):
        around.check()
        if len(rows[0].tokens) >= model.facts.n_ctx:
            for row in rows:
                row.reason = row.reason or "context"
        if all(row.reason for row in rows):
            break
        last, memory = _advance(model, rows, memory, len(prompt))
        logits = model.logits(last).float().cpu()
        luck = float(torch.rand((), generator=generator))
        for row, scores in zip(rows, logits, strict=True):
            token = _choose(scores, row, request, luck)
            row.tokens.append(token)
            if row.reason is not None:
                continue  # ended before the others; goes on only to keep the batch whole
            row.counts[token] = row.counts.get(token, 0) + 1
            if token in model.end_token_ids:
                row.reason = "end"
                continue
            yield GeneratedToken(
                which=row.name,
                step=step,
                token=described(texts, [token])[0],
                logprob=float(scores.log_softmax(-1)[token]),
            )
    yield GenerationEnd(
        reasons={row.name: row.reason or "length" for row in rows}, ran=ran_on(model, around)
    )


def _rows(
    model: EditableModel,
    request: GenerationRequest,
    prompt: list[int],
    around: Surroundings,
) -> list[_Row]:
    rows = [_Row("clean", [], [], list(prompt))]
    if not request.edits:
        return rows
    clean, _ = around.traces.run(model, prompt, around.check)
    resolver = make_resolver(model, clean, request.edits, request, around)
    edited = _resolved(resolver, request.edits, request.seed)
    rows.append(_Row("edited", *edited, list(prompt)))
    control = draw_control(model, request.edits, seed=request.seed, number=0)
    if request.control and control is not None:
        drawn = _resolved(resolver, control, request.seed)
        alike = [
            [as_long(one, like) for one, like in zip(ones, likes, strict=True)]
            for ones, likes in zip(drawn, edited, strict=True)
        ]
        rows.append(_Row("control", alike[0], alike[1], list(prompt)))
    return rows


def _resolved(
    resolver: Resolver, edits: Sequence[Edit], seed: int
) -> tuple[list[Resolved], list[Resolved]]:
    """What is edited in the prompt, and what at every new token."""
    lasting = [resolver.lasting(edit) for edit in edits]
    return (
        [resolver.resolve(edit, generator_of(seed, n)) for n, edit in enumerate(edits)],
        [one for one in lasting if one is not None],
    )


def _advance(
    model: EditableModel, rows: list[_Row], memory: object | None, n_prompt: int
) -> tuple[Float[Tensor, "row d_model"], object | None]:
    """The last hidden state after every row's last token."""
    start = 0 if memory is None else len(rows[0].tokens) - 1
    tokens = torch.tensor([row.tokens[start:] for row in rows])
    n_new = tokens.shape[1]
    edits = []
    for row in rows:
        new = range(max(n_prompt - start, 0), n_new)
        edits.append((row.edits if start == 0 else []) + [_over(one, new) for one in row.lasting])
    last, memory = model.step(tokens, memory, gather(edits, model.device))
    return last[:, -1], memory


def _over(one: Resolved, positions: range) -> Resolved:
    """What holds at one new token, at several."""
    n = len(positions)
    length = None if one.length is None else one.length.expand(n)
    return Resolved(
        one.edit,
        torch.tensor(positions, dtype=torch.long),
        one.before.expand(n, -1),
        one.keep.expand(n),
        one.give.expand(n, -1),
        length,
    )


def _choose(
    scores: Float[Tensor, " vocab"], row: _Row, request: GenerationRequest, luck: float
) -> int:
    """The next token: the likeliest, or where `luck` falls among the likeliest `top_p`."""
    if request.frequency_penalty:
        scores = scores.clone()
        for token, count in row.counts.items():
            scores[token] -= request.frequency_penalty * count
    if request.temperature == 0:
        return int(scores.argmax())
    ordered = (scores / request.temperature).softmax(-1).sort(descending=True, stable=True)
    reached = ordered.values.cumsum(-1)
    most = float(reached[-1]) if request.top_p == 1 else request.top_p
    n_kept = int((reached < most).sum()) + 1
    kept = reached[:n_kept]
    place = int((kept <= luck * float(kept[-1])).sum())
    return int(ordered.indices[min(place, n_kept - 1)])
