"""Who is told to be signed in at the top of each page, and whether it leads anywhere."""

from dataclasses import dataclass

from fastapi import Request


@dataclass(frozen=True)
class Masthead:
    name: str | None
    """Of whoever is signed in; None: nobody has to be, or is."""
    leads: bool
    """To models, jobs and search: not where one would have to sign in first."""


def masthead_of(request: Request) -> Masthead:
    """From what is known of the request already: asks nobody."""
    actor = getattr(request.state, "actor", None)
    if actor is not None:
        return Masthead(None if actor.person is None else actor.person.name, leads=True)
    doors = getattr(request.app.state, "doors", None)
    return Masthead(None, leads=doors is None or not doors.were_closed)
