"""Votes as shown."""

from datetime import datetime
from typing import Literal

from app.store.views.base import View

Value = Literal[-1, 1]


class VoteView(View):
    actor: str
    value: Value
    created_at: datetime


class VotesView(View):
    """Of one version of an explanation, as one person may see them."""

    own: Value | None
    n_up: int | None
    """None: withheld."""
    n_down: int | None
    withheld: bool
    """A campaign may yet ask this person about the explanation."""
    votes: list[VoteView]
    """In the order in which they were given; the newest hundred."""
