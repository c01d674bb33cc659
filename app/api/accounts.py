"""What requests about accounts may carry."""

from pydantic import BaseModel, ConfigDict, Field

from app.auth.rights import Right
from app.store.accounts.tokens import LONGEST_NAME


class TokenBody(BaseModel):
    """A new token."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(
        min_length=1,
        max_length=LONGEST_NAME,
        description="What it is for.",
        examples=["Notebook on the cluster"],
    )
    scopes: list[Right] = Field(
        min_length=1,
        max_length=len(Right),
        description="What it may, of what its account may.",
        examples=[["see", "run"]],
    )
    days: int | None = Field(
        default=90, ge=1, le=3650, description="So long it lasts; null: until it is revoked."
    )
