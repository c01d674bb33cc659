"""Roles and rights in words."""

from typing import Final

RIGHTS: Final = {
    "see": "read what is known of models",
    "run": "ask loaded models: live text, experiments, proofs",
    "annotate": "explain, judge and comment; keep lists and vectors",
    "review": "settle disagreements, withdraw what others wrote",
    "export": "take data out in bulk",
    "work": "ask workers for jobs, cancel them, import",
    "manage": "say who may do what, delete what others made",
}
ROLES: Final = {
    "viewer": "read",
    "annotator": "read, ask loaded models, explain and judge",
    "reviewer": "do what annotators may, settle disagreements, export",
    "admin": "do what reviewers may, and start jobs and imports",
    "owner": "do everything with it, and say who may do what",
}


def right_words(right: str) -> str:
    return RIGHTS[right]


def role_words(role: str) -> str:
    return ROLES[role]


def lacking(right: str) -> str:
    """Instead of what somebody may not do, and who can change that."""
    return (
        f"Your role does not go so far: it takes the right “{right}” ({RIGHTS[right]}), which "
        "whoever owns the model, or an administrator, can give you."
    )
