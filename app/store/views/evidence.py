"""What speaks for and against an explanation that has a program: run on text that it never saw."""

from app.store.views.base import View
from app.store.views.program import ProgramView
from app.store.views.simulation import SimulationView


class EvidenceView(View):
    program: ProgramView | None
    """null: the explanation is mere words."""
    simulation: SimulationView | None
    missing: str | None
    """Why there is no simulation though there is a program."""
