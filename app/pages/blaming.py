"""Which field of a form an error belongs beside."""

from collections.abc import Iterator
from contextlib import contextmanager

from app.errors import PatchclampError


class FieldError(Exception):
    def __init__(self, field: str, error: PatchclampError) -> None:
        super().__init__(error.detail)
        self.field = field
        self.error = error

    @property
    def faults(self) -> dict[str, PatchclampError]:
        """As templates take them."""
        return {self.field: self.error}


@contextmanager
def blamed(field: str) -> Iterator[None]:
    """What the block raises of ours is this field's. Raises FieldError."""
    try:
        yield
    except PatchclampError as error:
        raise FieldError(field, error) from error
