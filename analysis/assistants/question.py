"""What a language model is asked: messages, parameters, and the form that its answer must have."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any, Generic, Literal, TypeVar

Answer = TypeVar("Answer")


class UnfitAnswerError(ValueError):
    """An answer that is not in the form asked for; the message is told to the model, once."""


@dataclass(frozen=True)
class Message:
    role: Literal["system", "user", "assistant"]
    text: str


@dataclass(frozen=True)
class Form(Generic[Answer]):
    """The JSON object that an answer must be."""

    name: str
    schema: dict[str, Any]
    """As JSON schema, for endpoints that hold their model to it."""
    read: Callable[[dict[str, Any]], Answer]
    """The answer in it, checked once more: many endpoints take a schema and do not keep to it.
    Raises UnfitAnswerError."""


@dataclass(frozen=True)
class Parameters:
    model: str
    max_tokens: int
    """Of the answer; it is also what an answer can cost at most."""
    temperature: float = 0.0
    seed: int | None = None
    """Of the endpoint's own sampling, where it has one; and another seed is another question, so
    that several draws of one are told apart."""
    alternatives: int = 0
    """Log-probabilities of so many tokens (20 at most) at each place of the answer, if offered."""


@dataclass(frozen=True)
class Question(Generic[Answer]):
    messages: tuple[Message, ...]
    form: Form[Answer]
    parameters: Parameters

    @property
    def prompt(self) -> str:
        """All messages, as JSON: what is stored beside the answer."""
        return json.dumps([asdict(message) for message in self.messages], ensure_ascii=False)

    def key(self, url: str) -> str:
        """By which an answer is found again: endpoint, parameters, form and messages."""
        parts = [url, asdict(self.parameters), self.form.schema, self.prompt]
        return sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    @property
    def most_prompt_tokens(self) -> int:
        """What the prompt is charged at most: no tokenizer makes more tokens than there are bytes,
        templates add a few per message, and some endpoints count the schema."""
        framing = 16 * len(self.messages) + 64
        return framing + len(json.dumps(self.form.schema)) + sum(
            len(message.text.encode()) for message in self.messages
        )  # fmt: skip
