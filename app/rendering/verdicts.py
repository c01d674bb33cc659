"""How many rules of a program are what they claim, in a sentence, each verdict by itself."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from app.rendering.words import plural
from app.store.views.program import RuleTestView

ORDER: Final = (
    "borne out", "weaker than claimed", "stronger than claimed", "not decided", "never held",
    "refuted",
)  # fmt: skip


def verdicts(tests: Sequence[RuleTestView]) -> str:
    """How many rules are borne out, refuted and so on, in words."""
    counts = Counter[str](test.verdict for test in tests)
    said = ", ".join(f"{counts[verdict]} {verdict}" for verdict in ORDER if counts[verdict])
    return f"Of {len(tests)} {plural(len(tests), 'rule')}: {said}." if tests else ""
