"""The base of views: frozen, exact, the same object for page and API."""

from typing import Any, Generic, Self, TypeVar

from pydantic import BaseModel, ConfigDict

Item = TypeVar("Item")


class View(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="null")

    def to_json(self) -> bytes:
        """As REST answers it."""
        return self.model_dump_json().encode()

    @classmethod
    def of_ours(cls, **fields: Any) -> Self:  # noqa: ANN401 - those of the view
        """The view of all of its fields, unchecked: for what our own store holds in thousands,
        where checking costs more than reading."""
        view = cls.__new__(cls)
        object.__setattr__(view, "__dict__", fields)
        object.__setattr__(view, "__pydantic_fields_set__", set(fields))
        object.__setattr__(view, "__pydantic_extra__", None)
        object.__setattr__(view, "__pydantic_private__", None)
        return view


class Page(View, Generic[Item]):
    """A bounded slice of an ordered list."""

    items: list[Item]
    next_cursor: str | None
    """Opaque; give it back as `cursor` for what follows. Null at the end."""
