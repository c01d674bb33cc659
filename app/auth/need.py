"""What a route needs of whoever asks: a right, and where the request says which model it is about.

The table of all routes is `needs`.
"""

from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Literal

from app.auth.rights import Right
from app.store.accounts.subjects import Kind, KindOfModel


class Who(StrEnum):
    ANYBODY = "anybody"
    """Without signing in."""
    SIGNED_IN = "whoever is signed in"
    """What is shown is limited by the handler to what they see."""
    ADMINISTRATOR = "administrators"
    """Of the server; no token."""


class Reach(Enum):
    """Of what is about no model."""

    SOMEWHERE = "one model at least"
    EVERYWHERE = "every model"


Place = Literal["path", "query", "json", "form"]


@dataclass(frozen=True)
class Subject:
    kind: Kind
    place: Place
    name: str
    """Of the parameter or field; of a field within a field, with a dot between."""
    before: str = ""
    """What is meant ends where this stands last, and is nothing where it does not."""


@dataclass(frozen=True)
class Made:
    """Of the model that the request is about, something that somebody made."""

    kind: KindOfModel
    place: Place
    name: str


@dataclass(frozen=True)
class Need:
    right: Right | Who
    of: Subject | Reach | None = None
    """None: the right is about no model."""
    unnamed: Reach = Reach.EVERYWHERE
    """Where the right is needed if the request names no model."""
    beside: tuple[Subject, ...] = ()
    """What else it may name, and must see."""
    others: Right | None = None
    """The right that it takes instead, where somebody else made …"""
    made: Made | None = None
    """… this; None: what it is `of`."""
    keeps: bool = False
    """It keeps something for whoever asks, which nobody else sees: whoever may read may do that,
    but a token only with the right to annotate."""
    by_login: bool = False
    """No token may: whoever finds one could let others in, who stay when it is revoked."""
    whole: bool = False
    """The answer is a thing whole, or many at once, in a form that is kept elsewhere."""

    @property
    def leaves(self) -> bool:
        """Whether a sealed server lets it out only where an administrator has approved it."""
        return self.whole or self.right is Right.EXPORT
