"""Which model a request is about, in the words of whoever knows the store."""

from typing import Annotated, Literal

from pydantic import Field

from analysis.protocol.base import Message

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class ModelSpec(Message):
    """A model as it was added: what is loaded must have these very weights and this tokeniser."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    source: Annotated[str, Field(min_length=1, max_length=4096)]
    kind: Literal["hub", "folder", "gguf", "plain"]
    weights_sha256: Sha256
    tokenizer_sha256: Sha256
