"""Comments and bookmarks, in the names in which Neuronpedia's pages send them."""

# ruff: noqa: N815 - the names are Neuronpedia's

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from app.api.neuronpedia.parameters import Index, Model, refuse_truth
from app.api.parameters import LARGEST, NAME
from app.store.views.base import View
from app.store.views.comment import LONGEST_COMMENT


class FeatureName(BaseModel):
    """Which unit."""

    model_config = ConfigDict(frozen=True)

    modelId: Model
    layer: str = Field(
        description="Its source, as `{layer}-{set}`.", pattern=NAME, examples=["12-mlp"]
    )
    index: Index


class NewComment(FeatureName):
    """What to say of a unit."""

    text: str = Field(
        description="Plain text.",
        min_length=1,
        max_length=LONGEST_COMMENT,
        examples=["Months, but not May."],
    )


class CommentName(BaseModel):
    """Which comment."""

    model_config = ConfigDict(frozen=True)

    id: Annotated[int, BeforeValidator(refuse_truth)] = Field(
        description="Its number, also as text.", ge=1, le=LARGEST, examples=[1]
    )


class FeatureBookmark(View):
    id: str
    modelId: str
    layer: str = Field(description="The source id, `{layer}-{set}`.")
    index: str
    createdAt: datetime


class FeatureComment(FeatureBookmark):
    text: str
    userName: str


class Done(View):
    message: str
