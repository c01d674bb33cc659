"""One prompt as a task, where nobody has written a counterfactual.

What the prompt does is what its order does: the counterfactuals are the prompt's own tokens in
another order, several of them, drawn by a seed. The metric is the log-probability of the token that
the model holds likeliest behind the prompt.
"""

from typing import Final

import numpy as np

from analysis.errors import TaskError
from analysis.models.subject import SubjectModel
from analysis.protocol.experiments import TokenText
from analysis.solving.measuring import last_logits, reader_of_model, require_next_token
from analysis.tasks.task import Generated, Metric, Pair, Side, Task

KIND: Final = "one prompt"
VERSION: Final = 1
ORDERS: Final = 8
"""Counterfactuals, or as many as there are."""
ATTEMPTS: Final = 20


def task_of_prompt(model: SubjectModel, text: str, *, seed: int = 0) -> Task:
    """Pairs of the prompt and itself in another order.

    Raises TaskError where it has no two different tokens behind the first, which stays, or is
    longer than the model's context, or where the model does not predict the next token.
    """
    require_next_token(model)
    tokens = reader_of_model(model).prompt(text)
    if len(set(tokens[1:])) < 2:
        raise TaskError(
            "a prompt is compared with itself in another order, and this one has no two different "
            "tokens behind its first",
            hint="Give a longer prompt, or pairs of prompts: patchclamp tasks import.",
        )
    if len(tokens) > model.facts.n_ctx:
        raise TaskError(
            f"the prompt has {len(tokens):,} tokens; the model's context is {model.facts.n_ctx:,}",
            hint=f"Shorten it to at most {model.facts.n_ctx:,} tokens.",
        )
    texts = model.token_texts()
    right = int(last_logits(model, [tokens])[0].argmax())
    return Task(
        name=KIND,
        source=Generated(
            generator=KIND, version=VERSION, seed=seed, n_words=0, n_left_out=0, n_refused=0
        ),
        metric=Metric(kind="log_probability"),
        pairs=tuple(
            Pair(
                clean=Side(text=text, tokens=tokens),
                counterfactual=Side(text="".join(texts[token] for token in other), tokens=other),
                right=(TokenText(id=right, text=texts[right]),),
                words=(KIND,),  # what all have in common, so that none can be held out
            )
            for other in _orders(tokens, seed)
        ),
        tokenizer_sha256=model.facts.tokenizer_sha256,
    )


def _orders(tokens: tuple[int, ...], seed: int) -> list[tuple[int, ...]]:
    """Other orders of all tokens but the first, each once."""
    generator = np.random.default_rng(seed)
    found: dict[tuple[int, ...], None] = {}
    for _ in range(ORDERS * ATTEMPTS):
        order = generator.permutation(len(tokens) - 1) + 1
        other = (tokens[0], *(tokens[at] for at in order.tolist()))
        if other != tokens:
            found[other] = None
        if len(found) == ORDERS:
            break
    return list(found)
