"""What a model is run over: text, token ids, or a conversation."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from analysis.protocol.base import Message

LONGEST_TEXT = 100_000
"""Characters. What is longer in tokens than a model's context is refused where the model is."""
MOST_TOKENS = 8192

TokenId = Annotated[int, Field(ge=0, le=2**31 - 1)]
Text = Annotated[str, Field(max_length=LONGEST_TEXT)]


class Turn(Message):
    """One message of a conversation, for models with a chat template."""

    role: Literal["system", "user", "assistant"]
    content: Text


class Prompt(Message):
    """Exactly one of text, token ids and turns."""

    text: Text | None = None
    tokens: tuple[TokenId, ...] | None = Field(default=None, max_length=MOST_TOKENS)
    """As they are: nothing is put before them."""
    turns: tuple[Turn, ...] | None = Field(default=None, max_length=200)
    bos: bool = True
    """Of text: begins as the model's tokeniser begins a text. Chat templates bring their own."""

    @model_validator(mode="after")
    def _one_of_three(self) -> Self:
        given = [part for part in (self.text, self.tokens, self.turns) if part is not None]
        if len(given) != 1:
            raise ValueError("give exactly one of text, tokens and turns")
        if not given[0]:
            raise ValueError("the prompt is empty: give at least one token")
        return self
