"""What a job was asked to ask."""

from dataclasses import dataclass

from analysis.assistants.budget import Prices
from analysis.explain.language_model.records import JudgeName


@dataclass(frozen=True)
class AssistantChoices:
    model: str
    judge_model: str
    judges: tuple[JudgeName, ...]
    candidates: int
    windows: int
    """Per split and judge, and for the choice among candidates."""
    seed: int
    prices: Prices
    shuffled: bool = True
    """Whether another unit's sentence is judged on the same windows."""
