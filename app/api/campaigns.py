"""What requests about campaigns may carry."""

from typing import Annotated

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field

from app.api.parameters import LARGEST
from app.api.v1.judgements import JudgementBody
from app.store.answering import LONGEST_REASON, LONGEST_SECONDS
from app.store.campaigning import LONGEST_GUIDELINES
from app.store.judging import LONGEST_NOTE, LONGEST_TAG, MOST_TAGS, Rating
from app.store.slugs import NAMED
from app.store.views.campaign import DraftView
from app.store.views.judgement import Verdict

CampaignSlug = Annotated[
    str, Path(description="Slug of the campaign.", pattern=NAMED, examples=["rules-1"])
]
AssignmentId = Annotated[
    int, Path(description="Id of what was handed out.", ge=1, le=LARGEST, examples=[1])
]
Seconds = Annotated[
    float | None,
    Field(
        ge=0, le=LONGEST_SECONDS, allow_inf_nan=False, examples=[12.5],
        description="From when it was first shown, without the time that it was out of sight.",
    ),
]  # fmt: skip


class SubmissionBody(JudgementBody):
    """An answer. Questions that the campaign does not ask are left out."""

    guideline_version: int | None = Field(
        default=None, ge=1, le=LARGEST, description="The version of the guidelines that was shown; "
        "left out: the one of when it was handed out.", examples=[1],
    )  # fmt: skip
    seconds: Seconds = None

    @property
    def rating(self) -> Rating:
        said = self.model_dump(exclude={"guideline_version", "seconds"})
        return Rating(**{**said, "tags": tuple(self.tags)})


class DraftBody(BaseModel):
    """What somebody is about to answer; takes the place of what was kept before."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    verdict: Verdict | None = Field(default=None, examples=["accept"])
    specificity: int | None = Field(default=None, ge=1, le=5, examples=[4])
    sensitivity: int | None = Field(default=None, ge=1, le=5, examples=[3])
    several_meanings: bool = Field(default=False, examples=[False])
    tags: list[Annotated[str, Field(max_length=LONGEST_TAG)]] = Field(
        default=[], max_length=MOST_TAGS, examples=[["syntax"]]
    )
    note: str = Field(default="", max_length=LONGEST_NOTE, examples=["Silent after commas."])
    seconds: Seconds = None

    @property
    def draft(self) -> DraftView:
        return DraftView(**{**self.model_dump(), "tags": tuple(self.tags)})


class SkipBody(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    reason: str = Field(
        min_length=1, max_length=LONGEST_REASON, pattern=r"\S", description="Why.",
        examples=["I cannot read this language."],
    )  # fmt: skip


class GuidelinesBody(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    markdown: str = Field(
        max_length=LONGEST_GUIDELINES, description="What annotators are to go by.",
        examples=["Look at the *random* windows first."],
    )  # fmt: skip
