"""How many questions to a language model a job may need: known before it begins, and told.

Without repairs of answers that are not in the form asked for, and without what the cache knows.
"""

from dataclasses import dataclass
from math import ceil
from typing import Final

from app.store.requests import AssistantOptions

PER_CALL: Final = 5
"""Windows of one question to judges that say yes or no."""
MOST_TOP: Final = 4
"""A unit's strongest windows of a split that are simulated."""


@dataclass(frozen=True)
class Questions:
    """For one unit, at most."""

    once: int
    per_split: int
    """For each split on which it is tested, without the shuffled baseline."""
    shuffled_per_split: int

    def of(self, n_splits: int) -> int:
        """In all."""
        return self.once + n_splits * self.per_split + self.shuffled_of(n_splits)

    def shuffled_of(self, n_splits: int) -> int:
        return n_splits * self.shuffled_per_split

    @property
    def words(self) -> str:
        each = self.per_split + self.shuffled_per_split
        if not each:
            return f"for each unit at most {self.once} questions"
        told = f"for each unit at most {self.once} questions, and {each} for each tested split"
        if not self.shuffled_per_split:
            return told
        return f"{told}, {self.shuffled_per_split} of them for the shuffled baseline"


def questions_of(options: AssistantOptions) -> Questions:
    """Simulations of random windows are shared by all units of a site: of another unit's sentence
    they are known, and only those of the unit's strongest windows are not."""
    verdicts = {
        "detection": ceil(options.windows / PER_CALL),
        "fuzzing": 2 * ceil(options.windows // 2 / PER_CALL),
    }
    judges = set(options.judges)
    judged = sum(n for judge, n in verdicts.items() if judge in judges)
    simulates = "simulation" in judges
    choosing = 0
    if options.candidates > 1:
        first = next(iter(options.judges), "detection")
        choosing = options.candidates * verdicts.get(first, options.windows)
    return Questions(
        once=options.candidates + choosing + (options.windows if simulates else 0),
        per_split=judged + (options.windows + MOST_TOP if simulates else 0),
        shuffled_per_split=(judged + (MOST_TOP if simulates else 0)) if options.shuffled else 0,
    )
