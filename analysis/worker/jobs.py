"""The kinds of job that a worker knows: a name, the request's type, and the function to run."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Engine

from analysis.worker.context import JobContext
from app.settings import Settings
from app.store.request_fields import Request

R = TypeVar("R", bound=Request)


@dataclass(frozen=True)
class JobKind(Generic[R]):
    name: str
    request: type[R]
    run: Callable[[JobContext[R]], dict[str, Any] | None]
    """Its result, as JSON, is shown with the job. It runs again from the start after every
    interruption, but what was done inside `context.step` is not done again."""
    tidy: Callable[[Engine, Settings], None] | None = None
    """Removes the files of jobs of this kind that have ended; called when a worker starts, and
    after each job that has ended."""


class JobKinds:
    """The registry: one entry per name."""

    def __init__(self, kinds: Iterable[JobKind[Any]]) -> None:
        self._kinds: dict[str, JobKind[Any]] = {}
        for kind in kinds:
            if kind.name in self._kinds:
                raise ValueError(f"two job kinds are named {kind.name!r}")
            self._kinds[kind.name] = kind

    @property
    def names(self) -> list[str]:
        return sorted(self._kinds)

    def __iter__(self) -> Iterator[JobKind[Any]]:
        return iter(self._kinds.values())

    def __getitem__(self, name: str) -> JobKind[Any]:
        return self._kinds[name]
