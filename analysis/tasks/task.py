"""A task as plain data: pairs of prompts of one tokenizer, and what is measured of them.

In each pair, the clean prompt asks for the right answers; the counterfactual is the same prompt but
for a few tokens, at the same positions, so that another answer would be right.
"""

import hashlib
import json
from collections.abc import Sequence
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from analysis.protocol.base import Message
from analysis.protocol.circuits import MetricKind
from analysis.protocol.experiments import TokenText
from analysis.protocol.prompts import MOST_TOKENS, Text, TokenId

MOST_PAIRS: Final = 10_000
MOST_ANSWERS: Final = 1_000
MOST_WORDS: Final = 10_000

Name = Annotated[str, Field(max_length=200)]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Answers = Annotated[tuple[TokenText, ...], Field(max_length=MOST_ANSWERS)]


class Side(Message):
    """One prompt of a pair, as the model reads it."""

    text: Text
    tokens: tuple[TokenId, ...] = Field(min_length=1, max_length=MOST_TOKENS)
    """BOS included, where the model begins a text with it."""


class Pair(Message):
    clean: Side
    counterfactual: Side
    right: Answers = ()
    """Tokens that may follow the clean prompt; the text is what is written behind it."""
    wrong: Answers = ()
    """Tokens that would follow if the model did not know: most often those that are right behind
    the counterfactual."""
    name: Name = ""
    template: Name = ""
    """Which sentence it was made from; prompts of one template are alike."""
    words: tuple[Name, ...] = Field(default=(), max_length=MOST_WORDS)
    """What was put into the template, of both prompts."""

    @property
    def changed(self) -> tuple[int, ...]:
        """Positions at which the two prompts differ."""
        both = zip(self.clean.tokens, self.counterfactual.tokens, strict=True)
        return tuple(position for position, (one, other) in enumerate(both) if one != other)

    @model_validator(mode="after")
    def _is_a_pair(self) -> Self:
        n_clean, n_other = len(self.clean.tokens), len(self.counterfactual.tokens)
        if n_clean != n_other:
            raise ValueError(unequal(n_clean, n_other))
        if self.clean.tokens == self.counterfactual.tokens:
            raise ValueError("the clean prompt and the counterfactual are the same tokens")
        ids = [token.id for token in (*self.right, *self.wrong)]
        if len(set(ids)) < len(ids):
            raise ValueError("a token is named twice among the right and wrong answers")
        return self


class Metric(Message):
    """One number of what the model says behind a prompt; answers are those of the clean prompt, for
    the counterfactual too.

    logit_difference: log of the summed e^logit of the right answers, minus that of the wrong ones
    (with one of each, the difference of their logits).
    log_probability: of the right answers together, in nats.
    kl: KL(p_clean ‖ p) in nats of the whole distribution; 0 on the clean prompt itself.
    own_tokens: as logit_difference, of tokens that are the same for all pairs.
    """

    kind: MetricKind = "logit_difference"
    raised: Answers = ()
    lowered: Answers = ()

    @property
    def is_least_on_clean(self) -> bool:
        """Its gradient is 0 on the clean prompt: nothing can be read off there."""
        return self.kind == "kl"

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        named = [token.id for token in (*self.raised, *self.lowered)]
        if (self.kind == "own_tokens") != bool(named):
            raise ValueError('name tokens with the metric "own_tokens", and only with it')
        if self.kind == "own_tokens" and not self.raised:
            raise ValueError("name at least one token that the metric is to go up with")
        if len(set(named)) < len(named):
            raise ValueError("a token of the metric is named twice, so that it would cancel")
        return self


class Generated(Message):
    """Made by one of our generators; the same values and tokenizer give the same pairs."""

    kind: Literal["generated"] = "generated"
    generator: Name
    version: int
    seed: int
    n_words: int
    """Words that are one token for this tokenizer."""
    n_left_out: int
    """Words of the generator's lists that are not."""
    n_refused: int
    """Pairs that were made and not taken, since their tokens are not aligned."""


class Imported(Message):
    """Read from somebody's file."""

    kind: Literal["imported"] = "imported"
    file: Name
    sha256: Digest


class Task(Message):
    name: Name = Field(min_length=1)
    source: Annotated[Generated | Imported, Field(discriminator="kind")]
    metric: Metric = Metric()
    pairs: tuple[Pair, ...] = Field(min_length=1, max_length=MOST_PAIRS)
    tokenizer_sha256: Digest | None = None
    """Whose token ids these are, where that is known."""

    @property
    def digest(self) -> str:
        """SHA-256 of metric and pairs: tasks with the same one ask the same, whatever they are
        called and wherever they are from."""
        return pairs_digest(self.metric, self.pairs)

    @model_validator(mode="after")
    def _can_be_measured(self) -> Self:
        seen: dict[tuple[tuple[int, ...], ...], int] = {}
        for number, pair in enumerate(self.pairs, start=1):
            lacking = lacks(self.metric.kind, pair)
            if lacking is not None:
                raise ValueError(f"pair {number} {lacking}")
            first = seen.setdefault((pair.clean.tokens, pair.counterfactual.tokens), number)
            if first != number:
                raise ValueError(f"pair {number} is pair {first} again")
        return self


def pairs_digest(metric: Metric, pairs: Sequence[Pair]) -> str:
    """SHA-256 of what is asked of a model."""
    held = {
        "metric": metric.model_dump(mode="json"),
        "pairs": [pair.model_dump(mode="json") for pair in pairs],
    }
    return hashlib.sha256(json.dumps(held, sort_keys=True).encode()).hexdigest()


def lacks(kind: MetricKind, pair: Pair) -> str | None:
    """What a metric needs of a pair and does not find."""
    if kind in ("logit_difference", "log_probability") and not pair.right:
        return "names no right answer"
    if kind == "logit_difference" and not pair.wrong:
        return "names no wrong answer, which a difference of logits needs"
    return None


def unequal(n_clean: int, n_counterfactual: int) -> str:
    """Why prompts of different length are no pair.

    Padding the shorter one would not align them: every word behind the first difference would still
    stand at another position than its counterpart.
    """
    return (
        f"the clean prompt has {n_clean} tokens and the counterfactual {n_counterfactual}: "
        "they must have equally many, so that each position has its counterpart"
    )
