"""The shuffled baseline: another unit's sentence in the place of the unit's own, all else as it is.

Same judge, windows and thresholds, and the same tail: the sentence is read as a claim about this
unit. What it reaches is what sentences of the site reach whatever they say.
"""

from dataclasses import dataclass

from analysis.explain.language_model.answers import Answers

NO_OTHER = "no other unit of the job and site has an explanation"
NOT_WANTED = "the job did not ask for it"


@dataclass(frozen=True)
class Other:
    """Whose sentence it is."""

    unit: int
    text: str


@dataclass(frozen=True, eq=False)
class Shuffled:
    other: Other
    answers: Answers
    """About that sentence, on the windows of the unit that it is not about."""
