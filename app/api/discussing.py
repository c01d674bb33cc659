"""What requests about comments, votes, bookmarks and inboxes may carry."""

from typing import Annotated, Literal

from fastapi import Path, Query
from pydantic import Field

from app.api.keeping import UNIT_SITE, Body
from app.api.parameters import LARGEST, NAME
from app.store.bookmarking import LONGEST_NOTE
from app.store.noticing import MOST_AT_ONCE
from app.store.slugs import NAMED
from app.store.views.activity import ActivityKind
from app.store.views.comment import LONGEST_COMMENT

CommentId = Annotated[
    int, Path(description="Number of the comment.", ge=1, le=LARGEST, examples=[1])
]
BookmarkId = Annotated[
    int, Path(description="Number of the bookmark.", ge=1, le=LARGEST, examples=[1])
]
OfModel = Annotated[
    str | None,
    Query(
        alias="model",
        description="Only what is of this model.",
        pattern=NAME,
        examples=["smollm2-135m-instruct"],
    ),
]
Kinds = Annotated[
    list[ActivityKind],
    Query(
        alias="kind",
        description="Only these; several may be given. Default: all.",
        max_length=20,
        examples=["commented"],
    ),
]
Unread = Annotated[bool, Query(description="Only what is unread.", examples=[True])]


class TextBody(Body):
    """What a comment says."""

    text: str = Field(
        description="Plain text. `mlp.12/345` becomes a link, and `@ada` tells Ada, where she "
        "sees the model.",
        min_length=1,
        max_length=LONGEST_COMMENT,
        examples=["Months again, see mlp.12/345. @ada?"],
    )


class CommentBody(TextBody):
    """A new comment."""

    parent_id: int | None = Field(
        default=None,
        description="The comment that it replies to, about the same.",
        ge=1,
        le=LARGEST,
        examples=[1],
    )


class VoteBody(Body):
    """A vote."""

    value: Literal[-1, 1] = Field(description="1 for it, -1 against it.", examples=[1])


class BookmarkBody(Body):
    """What to mark: a unit, or an explanation of one, or a circuit."""

    model: str = Field(description="Its model.", pattern=NAME, examples=["smollm2-135m-instruct"])
    site: str | None = Field(
        default=None, description="Of a unit.", pattern=UNIT_SITE, examples=["mlp.12"]
    )
    index: int | None = Field(
        default=None, description="Of a unit.", ge=0, le=LARGEST, examples=[345]
    )
    explanation_id: int | None = Field(
        default=None, description="An explanation.", ge=1, le=LARGEST, examples=[1]
    )
    circuit: str | None = Field(
        default=None, description="Slug of a circuit.", pattern=NAMED, examples=["names"]
    )
    note: str | None = Field(
        default=None,
        description="Why; left out, the note that there is stays.",
        max_length=LONGEST_NOTE,
        examples=["Compare with mlp.3/1."],
    )


class ReadBody(Body):
    """What was read."""

    ids: list[Annotated[int, Field(ge=1, le=LARGEST)]] | None = Field(
        default=None,
        description="Ids of notices; left out, all of them.",
        max_length=MOST_AT_ONCE,
        examples=[[1, 2]],
    )
