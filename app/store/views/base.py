"""The base of views: frozen, exact, the same object for page and API."""

from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict

Item = TypeVar("Item")


class View(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="null")


class Page(View, Generic[Item]):
    """A bounded slice of an ordered list."""

    items: list[Item]
    next_cursor: str | None
    """Opaque; give it back as `cursor` for what follows. Null at the end."""
