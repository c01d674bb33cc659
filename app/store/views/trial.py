"""What became of a program that somebody tries: read, said in words, scored; nothing is stored."""

from app.store.views.base import View
from app.store.views.program import ProgramView
from app.store.views.score import HeadlineView, ScoreView


class TrialView(View):
    program: ProgramView
    headlines: list[HeadlineView]
    """Test first, then held-out domains."""
    scores: list[ScoreView]
    untested: str | None
    """Why there are no scores: the sweep kept no pool, or its files were pruned."""
    chosen_on_fit_windows: int
    """So many fit windows stood in for a calibration split; 0: the sweep kept one."""
