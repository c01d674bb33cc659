"""How long work reports where it is; whoever listens may raise to stop it."""

from typing import Protocol, runtime_checkable


@runtime_checkable
class Progress(Protocol):
    def __call__(self, done: int, total: int | None) -> None: ...


def no_progress(done: int, total: int | None) -> None:
    """Listens to nothing."""
