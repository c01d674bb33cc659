"""Which role may do what: one table, from which every route's guard is derived.

A role is of one model or of all. Administrators of the server may do everything. A token has of its
account's rights those that it was given.
"""

from enum import StrEnum
from typing import Final

from app.store.views.account import Person, Role


class Right(StrEnum):
    SEE = "see"
    """Read what is known of the model."""
    RUN = "run"
    """Ask the loaded model: live text, experiments, continuations, proofs of a pruned graph."""
    ANNOTATE = "annotate"
    """Explain, judge, comment, vote; keep lists and vectors."""
    REVIEW = "review"
    """Settle disagreements, withdraw what others wrote, begin campaigns."""
    EXPORT = "export"
    """Take data out in bulk."""
    WORK = "work"
    """Ask workers for jobs, cancel them, import, choose what is shown by default."""
    MANAGE = "manage"
    """Say who may do what with the model; delete what others made."""


RIGHTS: Final[dict[Role, frozenset[Right]]] = {
    "viewer": frozenset({Right.SEE}),
    "annotator": frozenset({Right.SEE, Right.RUN, Right.ANNOTATE}),
    "reviewer": frozenset({Right.SEE, Right.RUN, Right.ANNOTATE, Right.REVIEW, Right.EXPORT}),
    "admin": frozenset(Right) - {Right.MANAGE},
    "owner": frozenset(Right),
}


def role_with(person: Person, model: str) -> Role | None:
    """The one with this model, where there is one; else the one with every model."""
    return person.roles.get(model, person.roles.get(None))


def may(person: Person, right: Right, model: str) -> bool:
    if person.scopes is not None and right not in person.scopes:
        return False
    role = role_with(person, model)
    return person.is_administrator or (role is not None and right in RIGHTS[role])


def could_be_asked(person: Person, model: str) -> bool:
    """Whether a campaign may ask them to judge, whatever they show: a token that may less than its
    account hides them from no campaign."""
    return may(person.model_copy(update={"scopes": None}), Right.ANNOTATE, model)


def may_somewhere(person: Person, right: Right) -> bool:
    """With one model at least, or with those that are yet to come."""
    if person.scopes is not None and right not in person.scopes:
        return False
    return person.is_administrator or any(right in RIGHTS[role] for role in person.roles.values())


def may_everywhere(person: Person, right: Right) -> bool:
    """With every model, also with those that are yet to come."""
    if person.scopes is not None and right not in person.scopes:
        return False
    roles = person.roles
    return person.is_administrator or (
        None in roles and all(right in RIGHTS[role] for role in roles.values())
    )


def models_seen(person: Person) -> frozenset[str] | None:
    """By name; None: every model. Every role sees."""
    if person.scopes is not None and Right.SEE not in person.scopes:
        return frozenset()
    if person.is_administrator or None in person.roles:
        return None
    return frozenset(model for model in person.roles if model is not None)
