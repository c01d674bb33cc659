"""What became of a program that somebody tries: read, said in words, scored on calibration.

Nothing is stored, and no test document has a part in it: whoever tries ten programs and keeps the
best has chosen on the text that they were tried on.
"""

from typing import Literal

from app.store.views.base import View
from app.store.views.program import ProgramView
from app.store.views.score import HeadlineView, ScoreView
from app.store.views.simulation import SimulationView


class TrialView(View):
    program: ProgramView
    split: Literal["calibration"]
    """What it was tried on; test and held-out domains are scored when it is saved."""
    headlines: list[HeadlineView]
    """Of that split alone; empty where it could not be scored."""
    scores: list[ScoreView]
    """How it predicts random windows: r, both R², absolute deviation. Not detection and fuzzing,
    whose thresholds are chosen on this very split."""
    simulation: SimulationView | None
    """Real beside simulated activations on that split; null where it could not be scored."""
    untested: str | None
    """Why there are no scores: the sweep kept no pool, or its files were pruned."""
    chosen_on_fit_windows: int
    """So many fit windows, the last ones, stood in for a calibration split and are what is shown;
    0: the sweep kept one."""
