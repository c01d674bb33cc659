"""Names as Neuronpedia writes them."""

# ruff: noqa: N815 - the names are Neuronpedia's

from typing import Annotated, Literal

from fastapi import Path
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from app.api.parameters import LARGEST, NAME
from app.store import listing, steering
from app.store.slugs import SLUG

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

    modelId: str = Field(
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


Model = Annotated[
    str,
    Field(description="Name of the model.", pattern=NAME, examples=["smollm2-135m-instruct"]),
]
Index = Annotated[
    Annotated[int, BeforeValidator(refuse_truth), Field(ge=0, le=LARGEST)]
    | Annotated[str, Field(pattern=r"^[0-9]{1,9}$")],
    Field(description="As a number, or as the text of one.", examples=["345"]),
]
ListId = Annotated[str, Field(description="Which list.", pattern=SLUG, examples=["YW5pbWFscy0x"])]


class NewVector(BaseModel):
    """A steering vector, and where it belongs."""

    model_config = ConfigDict(frozen=True)

    modelId: Model
    layerNumber: Annotated[int, BeforeValidator(refuse_truth)] = Field(
        description="The layer.", ge=0, le=9999, examples=[7]
    )
    hookType: Literal["hook_resid_pre", "hook_resid_post"] = Field(
        description="Before the layer, or after it. Not before layer 0.",
        examples=["hook_resid_post"],
    )
    vector: list[Annotated[float, BeforeValidator(refuse_truth)]] = Field(
        description="As many finite numbers as the residual stream has.",
        min_length=1,
        max_length=65_536,
    )
    vectorLabel: str = Field(
        description="What it is.",
        min_length=1,
        max_length=steering.LONGEST_LABEL,
        examples=["calm minus angry"],
    )
    vectorDefaultSteerStrength: Annotated[float, BeforeValidator(refuse_truth)] | None = Field(
        default=10,
        description="How many times it is added where nobody says.",
        ge=-steering.LARGEST_STRENGTH,
        le=steering.LARGEST_STRENGTH,
        allow_inf_nan=False,
        examples=[10],
    )


class VectorName(BaseModel):
    """Which vector."""

    model_config = ConfigDict(frozen=True)

    modelId: Model
    source: str = Field(
        description="`7-resid` as Neuronpedia names it, or our own `resid.7`.",
        pattern=NAME,
        examples=["7-resid", "blocks.7.hook_resid_post"],
    )
    index: Index


class NewList(BaseModel):
    """What a list is called."""

    model_config = ConfigDict(frozen=True)

    name: str = Field(
        description="A few words.",
        min_length=1,
        max_length=listing.LONGEST_NAME,
        examples=["Animals"],
    )
    description: str = Field(
        default="",
        description="What its units have in common.",
        max_length=listing.LONGEST_DESCRIPTION,
    )


class ListName(BaseModel):
    """Which list."""

    model_config = ConfigDict(frozen=True)

    listId: ListId


class AddedFeature(BaseModel):
    """A unit, as Neuronpedia names it."""

    model_config = ConfigDict(frozen=True)

    modelId: Model
    layer: str = Field(
        description="Its source, as `{layer}-{set}`.", pattern=NAME, examples=["12-mlp"]
    )
    index: Index
    description: str = Field(
        default="",
        description="Why it is in the list.",
        max_length=listing.LONGEST_REASON,
    )


class AddedFeatures(ListName):
    """Units for a list."""

    featuresToAdd: list[AddedFeature] = Field(
        description="They come to its end.", min_length=1, max_length=listing.MOST_AT_ONCE
    )
