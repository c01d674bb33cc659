"""How often the test text was looked at for one claim, in words: who tries often finds by luck."""

from typing import Final

from app.rendering.words import plural
from app.store.views.explanation import BROUGHT, ExplanationView

LUCK: Final = (
    "Whoever saw one of these scores before writing the next has fitted to test: of several the "
    "best is a little too high by luck, and intervals and p do not allow for that."
)


def times_tested(view: ExplanationView) -> str:
    """Nothing where no version was scored on test, or where one alone was and a run made it:
    then nobody has chosen by it."""
    n = view.n_versions_on_test
    others = view.n_others_on_test if view.method in BROUGHT else 0
    if not n or (n == 1 and view.method not in BROUGHT):
        return ""
    told = f"{n:,} {plural(n, 'version')} of this explanation {_were(n)} scored on test"
    if others:
        programs = plural(others, "program")
        told += f", beside {others:,} {programs} that {_were(others)} written or imported"
        told += " for this unit as other explanations"
    return f"{told}. {LUCK}" if n + others > 1 else f"{told}."


def _were(number: int) -> str:
    return "was" if number == 1 else "were"
