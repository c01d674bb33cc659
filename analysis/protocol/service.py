"""What the service says of itself."""

from typing import Literal

from analysis.protocol.base import Message

SHORTEST_SECRET = 16
"""Characters of what web side and service know each other by: nothing else protects the service."""


class ServiceState(Message):
    status: Literal["ok"]


class LoadedModel(Message):
    name: str
    weights_sha256: str
    n_bytes: int
    dtype: str
    device: str
    busy: int
    """Requests that use it now, or wait for it."""
    loading: bool


class ModelsAnswer(Message):
    models: tuple[LoadedModel, ...]
    """The one that was used last comes last."""
    budget_bytes: int
    used_bytes: int
    waiting: int
    """Requests that are not being computed now."""
