"""What a held-out prompt has that no prompt for finding has: what a proof on it asks for."""

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.protocol.proofs import Novelty
from analysis.tasks.splitting import words_of
from analysis.tasks.task import Pair


@dataclass(frozen=True)
class Known:
    """By the pairs for finding."""

    templates: frozenset[str]
    answers: frozenset[int]
    """Right ones and wrong ones."""
    words: frozenset[str]

    def new_in(self, pair: Pair) -> tuple[Novelty, ...]:
        """An answer is new where none of the right ones was named before, neither as right nor as
        wrong, nor as a word; a word where one is."""
        right = {token.id for token in pair.right}
        said = {token.text.strip().casefold() for token in pair.right}
        found: dict[Novelty, bool] = {
            "template": bool(pair.template) and pair.template not in self.templates,
            "answer": bool(right) and not right & self.answers and not said & self.words,
            "word": not words_of(pair) <= self.words,
        }
        return tuple(what for what, is_new in found.items() if is_new)


def known_by(finding: Sequence[Pair]) -> Known:
    return Known(
        templates=frozenset(pair.template for pair in finding),
        answers=frozenset(token.id for pair in finding for token in (*pair.right, *pair.wrong)),
        words=frozenset(word for pair in finding for word in words_of(pair)),
    )
