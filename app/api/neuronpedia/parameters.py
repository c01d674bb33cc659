"""Names as Neuronpedia writes them."""

from typing import Annotated

from fastapi import Path
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from app.api.parameters import NAME

SourceName = Annotated[
    str,
    Path(
        description="`{layer}-{set}` as Neuronpedia names it (`12-mlp`), or our own `mlp.12`.",
        pattern=NAME,
        examples=["12-mlp", "mlp.12", "3-attn"],
    ),
]


def refuse_truth(value: object) -> object:
    """`true` is no number, though Python counts with it."""
    if isinstance(value, bool):
        raise ValueError("a number, not true or false")  # noqa: TRY004 - what Pydantic catches
    return value


class ExplanationSearch(BaseModel):
    """What all explanations are searched for."""

    model_config = ConfigDict(frozen=True)

    query: str = Field(
        description="Words that all must be there; at least three characters.",
        min_length=3,
        max_length=1000,
        examples=["names of animals"],
    )
    offset: Annotated[int, BeforeValidator(refuse_truth)] = Field(
        default=0, description="So many are left out.", ge=0, le=10_000, examples=[20]
    )


class ModelSearch(ExplanationSearch):
    """The same, of one model."""

    modelId: str = Field(  # noqa: N815 - Neuronpedia's name
        description="Name of the model.", pattern=NAME, examples=["smollm2-135m-instruct"]
    )


class SourcesSearch(ModelSearch):
    """The same, of some of its sources."""

    layers: list[Annotated[str, Field(pattern=NAME)]] = Field(
        description="Sources, as `{layer}-{set}`; those that the model does not have are passed "
        "over.",
        min_length=1,
        max_length=1000,
        examples=[["12-mlp"]],
    )
