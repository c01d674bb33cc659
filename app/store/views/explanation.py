"""An explanation as shown: in a unit's short list, in full, and the versions of it."""

from datetime import datetime
from typing import Any, Final, Literal

from app.store.views.base import View
from app.store.views.causal import BadgeView
from app.store.views.held_out import HeldOutView
from app.store.views.score import HeadlineView, ScoreView

Method = Literal["lookup", "rules", "output", "language_model", "hand", "import"]
CLAIMS: Final[tuple[Method, ...]] = ("rules", "hand", "language_model", "import")
"""Methods that say what a unit responds to: not its token lookup, not what it writes."""
BROUGHT: Final[tuple[Method, ...]] = ("hand", "import")
"""What came from outside of a run, written here or imported: whoever brought it may have seen what
other programs score on test."""
Status = Literal["current", "replaced", "withdrawn", "failed"]
WORDS_EDITED: Final = "words_edited"
"""In details: of a version before, the words were edited and the program was kept, so that what is
scored is the program, not these words."""


class ExplanationLine(View):
    """One of a unit's explanations, with r on every split that it was tested on."""

    id: int
    model: str
    site: str
    index: int
    method: Method
    author: str
    """A method with its version, a language model, or who wrote it."""
    status: Status
    version: int
    text: str
    has_program: bool
    words_edited: bool
    """Its words were, and the program of the version before was kept: scores are of the program,
    not of these words."""
    bits: float | None
    """Description length of the program, else of the text."""
    n_rules: int | None
    n_listed: int | None
    run_id: int | None
    """The run that made it; null where a person wrote it or it was imported."""
    sweep_id: int | None
    created_at: datetime
    latest: bool
    """Whether it is current and no later run of the same method explained the unit again on the
    same sweep."""
    headlines: list[HeadlineView]
    """One per split: test first, then the held-out domains by name, then others."""
    badges: list[BadgeView]
    """Of what was tested: predicts, controls, replaces."""

    @property
    def headline(self) -> HeadlineView | None:
        """On the test split."""
        return next((one for one in self.headlines if one.split == "test"), None)


class ClaimLine(View):
    """What a list of units says of each: the best of its current claims."""

    id: int
    index: int
    method: Method
    text: str
    headlines: list[HeadlineView]
    """On the test split, if it was tested there."""
    badges: list[BadgeView]


class VersionLine(View):
    """One step in the history of a claim."""

    id: int
    version: int
    status: Status
    method: Method
    author: str
    text: str
    created_at: datetime
    r: float | None
    """Simulation r on the test split; null where it is undefined or not scored."""


class ExplanationView(ExplanationLine):
    origin_id: int
    """The first version of this claim; its own id in that version."""
    program: str | None
    """In the language of programs; the source of truth where there is one."""
    details: dict[str, Any]
    """How it came about: candidates, prompt, answer, cost, why it failed, where it is from."""
    fires_negatively: bool | None
    """Whether its activations on fit lean to the negative side (gated, skewness below 0). Scores of
    a program that were stored before they told their `tail` are of the other side then. null: not
    known."""
    held_out: HeldOutView | None
    """How near the test documents are to those that it was fitted on; null: made without a
    sweep."""
    scores: list[ScoreView]
    n_versions_on_test: int
    """Versions of this claim, whatever became of them, that were scored on test here. Whoever saw
    the score of one before writing the next has fitted to that text: intervals and p of the best do
    not allow for it."""
    n_others_on_test: int
    """Programs that were written by hand or imported for this unit as other explanations, and
    scored on test here."""
    history: list[VersionLine]
    """The newest versions, 20 at most, the newest first."""
    history_cursor: str | None
    """Where `…/versions` goes on with older ones; null where there are none."""
