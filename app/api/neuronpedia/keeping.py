"""Vectors and lists of units, in the names in which Neuronpedia's clients send them."""

# ruff: noqa: N815 - the names are Neuronpedia's

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from app.api.neuronpedia.parameters import Index, Model, refuse_truth
from app.api.parameters import NAME
from app.store import listing, steering
from app.store.slugs import SLUG

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


class ChangedList(ListName):
    """What a list is called from now on."""

    name: str = Field(
        description="A few words.",
        min_length=1,
        max_length=listing.LONGEST_NAME,
        examples=["Animals"],
    )
    description: str | None = Field(
        default=None,
        description="What its units have in common; left out, it stays.",
        max_length=listing.LONGEST_DESCRIPTION,
    )


class RemovedFeature(ListName):
    """A unit of a list."""

    modelId: Model
    layer: str = Field(
        description="Its source, as `{layer}-{set}`.", pattern=NAME, examples=["12-mlp"]
    )
    index: Index


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
