"""What the judges say of one sentence on the windows of one unit: all is asked, nothing scored."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain

from analysis.assistants.asked import Asked
from analysis.assistants.assistant import Assistant
from analysis.explain.language_model.choices import AssistantChoices
from analysis.explain.language_model.detecting import detect
from analysis.explain.language_model.evidence import UnitEvidence
from analysis.explain.language_model.fuzzing import fuzz
from analysis.explain.language_model.options import JudgeOptions
from analysis.explain.language_model.records import JudgeName, Simulated, Verdicts
from analysis.explain.language_model.simulating import simulate
from analysis.score.division import CALIBRATION

MOST_TOP = 4


@dataclass(frozen=True, eq=False)
class SplitAnswers:
    random: Simulated | None
    """Of `UnitEvidence.at_random`; None: simulations were not asked for."""
    top: Simulated | None
    """Of `UnitEvidence.top_excerpts`, where there are any."""
    verdicts: Mapping[JudgeName, Verdicts]
    """On `UnitEvidence.cases`; of nobody where nothing fires there."""

    @property
    def asked(self) -> dict[JudgeName, tuple[Asked, ...]]:
        simulated = [one.asked for one in (self.random, self.top) if one is not None]
        told: dict[JudgeName, tuple[Asked, ...]] = {}
        if simulated:
            told["simulation"] = tuple(chain.from_iterable(simulated))
        return told | {name: one.asked for name, one in self.verdicts.items()}

    @property
    def asked_anew(self) -> dict[JudgeName, tuple[Asked, ...]]:
        """Of another unit's sentence: without what its own unit was asked before, on the random
        windows that the two share."""
        simulated = () if self.random is None else self.random.asked
        known = {id(one) for one in simulated if one.cached}
        told = {
            name: tuple(one for one in asked if id(one) not in known)
            for name, asked in self.asked.items()
        }
        return {name: asked for name, asked in told.items() if asked}

    @property
    def n_failed(self) -> int:
        judged = (self.random, self.top, *self.verdicts.values())
        return sum(one.n_failed for one in judged if one is not None)

    @property
    def n_expected(self) -> int:
        return sum(one.n_expected for one in (self.random, self.top) if one is not None)


@dataclass(frozen=True, eq=False)
class Answers:
    line: Simulated | None
    """Of random windows of calibration, to turn levels into activations."""
    splits: Mapping[str, SplitAnswers]

    @property
    def asked(self) -> list[Asked]:
        line = () if self.line is None else self.line.asked
        splits = (split.asked.values() for split in self.splits.values())
        return [*line, *chain.from_iterable(chain.from_iterable(splits))]

    @property
    def asked_anew(self) -> list[Asked]:
        line = () if self.line is None else self.line.asked
        splits = (split.asked_anew.values() for split in self.splits.values())
        return [
            *(one for one in line if not one.cached),
            *chain.from_iterable(chain.from_iterable(splits)),
        ]


def ask_judges(
    assistant: Assistant, text: str, unit: UnitEvidence, choices: AssistantChoices
) -> Answers:
    """Raises BudgetSpent, and whatever the assistant's `check` raises."""
    options = judge_options(unit, choices)
    if not choices.judges:
        return Answers(None, {})
    line = None
    if "simulation" in choices.judges:
        shown = unit.at_random(CALIBRATION, choices.windows)
        line = simulate(assistant, text, shown.excerpts, options)
    return Answers(
        line,
        {split: _on(assistant, text, unit, choices, split) for split in unit.texts.tested},
    )


def judge_options(unit: UnitEvidence, choices: AssistantChoices) -> JudgeOptions:
    return JudgeOptions(choices.judge_model, threshold=unit.threshold, seed=choices.seed)


def _on(
    assistant: Assistant, text: str, unit: UnitEvidence, choices: AssistantChoices, split: str
) -> SplitAnswers:
    options = judge_options(unit, choices)
    random = top = None
    if "simulation" in choices.judges:
        shown = unit.at_random(split, choices.windows)
        random = simulate(assistant, text, shown.excerpts, options)
        _, strongest = unit.top_excerpts(split, MOST_TOP)
        top = simulate(assistant, text, strongest, options) if strongest else None
    ask = {"detection": detect, "fuzzing": fuzz}
    verdicts: dict[JudgeName, Verdicts] = {}
    wanted: list[JudgeName] = [name for name in choices.judges if name != "simulation"]
    if wanted:
        cases = unit.cases(split, choices.windows)
        if unit.target(split, cases).fires.any():
            for name in wanted:
                verdicts[name] = ask[name](assistant, text, cases.excerpts, options)
    return SplitAnswers(random, top, verdicts)
