"""What requests about experiments, vectors and lists of units may carry."""

from typing import Annotated

from fastapi import Path, Query
from pydantic import BaseModel, ConfigDict, Field

from app.api.parameters import LARGEST, NAME
from app.store import experimenting, listing, steering
from app.store.queries.experiment import LONGEST_QUERY
from app.store.slugs import SLUG

STREAM = r"^resid\.(0|[1-9][0-9]{0,3})$"
UNIT_SITE = r"^(mlp|attn)\.(0|[1-9][0-9]{0,3})$"
LARGEST_WIDTH = 65_536

ExperimentSlug = Annotated[
    str, Path(description="Slug of the experiment.", pattern=SLUG, examples=["c2xlZXAtd2Vs"])
]
ListSlug = Annotated[
    str, Path(description="Slug of the list.", pattern=SLUG, examples=["YW5pbWFscy0x"])
]
VectorIndex = Annotated[
    int, Path(description="Index of the vector.", ge=0, le=LARGEST, examples=[1])
]
OfActor = Annotated[
    str | None,
    Query(
        alias="actor",
        description="Only of this actor.",
        min_length=1,
        max_length=200,
        examples=["local owner"],
    ),
]
Named = Annotated[bool, Query(description="Only experiments that have a name.", examples=[True])]
Saying = Annotated[
    str | None,
    Query(
        alias="text",
        description="Only experiments with this text in name or note, in any case.",
        min_length=1,
        max_length=LONGEST_QUERY,
        examples=["whales"],
    ),
]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class WordsBody(Body):
    """What an experiment is called; what is left out stays, null takes it away."""

    name: str | None = Field(
        default=None,
        max_length=experimenting.LONGEST_NAME,
        description="A few words.",
        examples=["Without the whale neuron"],
    )
    note: str | None = Field(
        default=None,
        max_length=experimenting.LONGEST_NOTE,
        description="Anything else.",
        examples=["The effect is at the last token only."],
    )


class VectorBody(Body):
    """A direction of the residual stream."""

    site: str = Field(
        description="`resid.<layer>`: the stream as it leaves that layer.",
        pattern=STREAM,
        examples=["resid.7"],
    )
    label: str = Field(
        description="What it is.",
        min_length=1,
        max_length=steering.LONGEST_LABEL,
        examples=["calm minus angry"],
    )
    values: list[float] = Field(
        description="As many finite numbers as the stream has, kept as float32.",
        min_length=1,
        max_length=LARGEST_WIDTH,
    )
    default_strength: float | None = Field(
        default=None,
        description="How many times it is added where nobody says.",
        ge=-steering.LARGEST_STRENGTH,
        le=steering.LARGEST_STRENGTH,
        allow_inf_nan=False,
        examples=[10],
    )


class ListBody(Body):
    """A new list of units."""

    name: str = Field(
        description="What it is called.",
        min_length=1,
        max_length=listing.LONGEST_NAME,
        examples=["Animals"],
    )
    description: str = Field(
        default="",
        max_length=listing.LONGEST_DESCRIPTION,
        description="What its units have in common.",
    )
    model: str | None = Field(
        default=None,
        description="Take units of this model only.",
        pattern=NAME,
        examples=["smollm2-135m-instruct"],
    )
    personal: bool = Field(
        default=False,
        description="Only you see it. Otherwise whoever sees its units does, and whoever may "
        "annotate adds to it.",
        examples=[False],
    )


class ListChange(Body):
    """What a list is from now on; what is left out, or null, stays."""

    name: str | None = Field(
        default=None,
        min_length=1,
        max_length=listing.LONGEST_NAME,
        description="What it is called.",
        examples=["Animals"],
    )
    description: str | None = Field(
        default=None,
        max_length=listing.LONGEST_DESCRIPTION,
        description="What its units have in common.",
    )
    personal: bool | None = Field(
        default=None, description="Whether only its maker sees it.", examples=[False]
    )


class UnitBody(Body):
    """A unit, as it is named."""

    model: str = Field(description="Its model.", pattern=NAME, examples=["smollm2-135m-instruct"])
    site: str = Field(description="Its site.", pattern=UNIT_SITE, examples=["mlp.12"])
    index: int = Field(description="Its index in the site.", ge=0, le=LARGEST, examples=[345])
    description: str = Field(
        default="",
        max_length=listing.LONGEST_REASON,
        description="Why it is in the list.",
    )


class UnitsBody(Body):
    """Units for a list."""

    units: list[UnitBody] = Field(
        description="They come to its end, in this order.",
        min_length=1,
        max_length=listing.MOST_AT_ONCE,
    )
