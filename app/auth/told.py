"""Who may do what, in words: the part of docs/team.md that is made of rights and needs.

python -m app.auth.told
"""

import sys
from collections.abc import Iterator
from typing import Final, get_args

from app.auth.need import Need, Reach, Subject, Who
from app.auth.needs import AREAS, NEEDS
from app.auth.rights import RIGHTS, Right
from app.store.views.account import Role

HEADING: Final = "## Who may do what"
END: Final = "<!-- end of what `python -m app.auth.told` writes -->"
WORDS: Final[dict[Right, str]] = {
    Right.SEE: "read what is known of the model",
    Right.RUN: "ask the loaded model: live text, playground, experiments, continuations, proofs",
    Right.ANNOTATE: "explain, and try explanations; keep lists, vectors and tasks; change and "
    "delete one's own",
    Right.REVIEW: "withdraw explanations that others wrote, rename what others made",
    Right.EXPORT: "take data out in bulk: tables, arrays, graphs, tasks, scripts",
    Right.WORK: "ask workers for jobs, cancel them, import, choose the sweep that is shown",
    Right.MANAGE: "say who may do what with the model, delete what others made",
}


def document() -> str:
    """Markdown, from its heading to its end."""
    return "\n".join(
        [
            HEADING,
            "",
            "A role is given with one model, or with every model, also those that are yet to come; "
            "the one with the model itself counts. Administrators of the server may do "
            "everything. A token has of its account's rights those that it was given, and is "
            "never an administrator's.",
            "",
            *_rights(),
            "",
            "Each route needs one right with the model that the request is about, whether its "
            "address, its body or what it names says which that is. Whoever does not see that "
            "model is answered as if there were none; whoever sees it and lacks the right gets "
            "403, which names it. Where two rights stand, the first is for one's own, the second "
            "for what others made. Compatible routes need the same with a slash at their end. "
            "What takes the right to export, and what says so, a sealed server lets out only where "
            "an administrator has approved it.",
            "",
            *_routes(),
            "",
            END,
            "",
        ]
    )


def _rights() -> Iterator[str]:
    roles: tuple[Role, ...] = tuple(reversed(get_args(Role)))
    yield f"| right | may | {' | '.join(roles)} |"
    yield f"|---|---|{'---|' * len(roles)}"
    for right in Right:
        have = " | ".join("yes" if right in RIGHTS[role] else "" for role in roles)
        yield f"| {right} | {WORDS[right]} | {have} |"


def _routes() -> Iterator[str]:
    yield "| route | needs |"
    yield "|---|---|"
    for route, need in NEEDS.items():
        yield f"| `{route}` | {_need(need)} |"
    for area, need in AREAS.items():
        yield f"| `{area}` and below | {_need(need)} |"


def _need(need: Need) -> str:
    if need.keeps:
        return f"{need.right}; of a token, to annotate"
    if isinstance(need.right, Who):
        return need.right.value
    words: str = need.right if need.others is None else f"{need.right}, {need.others}"
    if need.by_login:
        words += ", signed in; no token"
    if need.whole:
        words += ", approved where sealed"
    if isinstance(need.of, Reach):
        return f"{words}, with {need.of.value}"
    if isinstance(need.of, Subject) and need.of.kind == "corpus":
        return f"{words}, of a model with a run over it"
    return words


if __name__ == "__main__":
    sys.stdout.write(document())
