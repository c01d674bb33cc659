"""What an experiment's page and the playground both show of it: its numbers, and words for them."""

from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import ValidationError
from sqlalchemy.orm import Session

from analysis.protocol.experiments import (
    ExperimentAnswer,
    GeneratedToken,
    PositionEffect,
    TokenText,
)
from analysis.protocol.sweeps import EditSweepAnswer
from app.errors import NotFoundError
from app.store.queries.experiment import get_experiment
from app.store.queries.labels import labels_of
from app.store.queries.model import get_vocabulary
from app.store.reading import texts
from app.store.views.experiment import ExperimentView

SHOWN_ROWS: Final = 50
"""Of a sweep's table."""
Unit = tuple[str, int]


@dataclass(frozen=True)
class Continuation:
    """One of the two or three that were generated from one seed."""

    which: str
    tokens: list[TokenText]
    reason: str | None
    """Why it ended."""


@dataclass(frozen=True)
class Effect:
    """A stored experiment, read; `answer` is None where another version wrote it otherwise."""

    view: ExperimentView
    answer: ExperimentAnswer | None = None
    sweep: EditSweepAnswer | None = None
    at: PositionEffect | None = None
    """The position whose tokens are shown."""
    labels: dict[Unit, str] = field(default_factory=dict)
    target_texts: dict[int, str] = field(default_factory=dict)
    continuations: list[Continuation] = field(default_factory=list)
    generation: dict[str, Any] | None = None
    """How the continuations were asked for."""

    @property
    def tokens(self) -> tuple[TokenText, ...]:
        answer = self.answer or self.sweep
        return () if answer is None else answer.tokens

    @property
    def ran(self) -> dict[str, Any]:
        return self.view.ran

    @property
    def rows(self) -> int:
        return SHOWN_ROWS


def read_effect(session: Session, slug: str, *, position: int | None = None) -> Effect:
    """`position`: whose tokens are shown; None: where KL is largest. Raises NotFoundError."""
    return effect_of(session, get_experiment(session, slug=slug), position=position)


def effect_of(session: Session, view: ExperimentView, *, position: int | None = None) -> Effect:
    told = view.continuations
    generated: dict[str, Any] = {
        "continuations": [] if told is None else _continuations(told),
        "generation": None if told is None else told["request"],
    }
    try:
        if view.kind == "experiment":
            answer = ExperimentAnswer.model_validate_json(view.answer)
            return _of_experiment(session, view, answer, position, generated)
        if view.kind == "edit_sweep":
            sweep = EditSweepAnswer.model_validate_json(view.answer)
            units = [(row.site, row.index) for row in sweep.rows[:SHOWN_ROWS]]
            return Effect(
                view, sweep=sweep, labels=labels_of(session, model=view.model, units=units)
            )
    except ValidationError:  # of another version: told as JSON all the same
        return Effect(view)
    return Effect(view, **generated)


def _of_experiment(
    session: Session,
    view: ExperimentView,
    answer: ExperimentAnswer,
    position: int | None,
    generated: dict[str, Any],
) -> Effect:
    targets = [target.id for target in answer.positions[0].targets] if answer.positions else []
    units = [(unit.site, unit.index) for unit in answer.moved]
    return Effect(
        view,
        answer=answer,
        at=_at(view, answer, position),
        labels=labels_of(session, model=view.model, units=units),
        target_texts=_texts(session, view.model, targets) if targets else {},
        **generated,
    )


def _at(
    view: ExperimentView, answer: ExperimentAnswer, position: int | None
) -> PositionEffect | None:
    if position is None:
        return max(answer.positions, key=lambda one: one.kl, default=None)
    found = next((one for one in answer.positions if one.position == position), None)
    if found is None:
        raise NotFoundError(
            f"Experiment {view.slug} has no position {position}.",
            hint=f"Its prompt has {len(answer.tokens)} tokens, counted from 0.",
        )
    return found


def _texts(session: Session, model: str, ids: list[int]) -> dict[int, str]:
    try:
        return dict(zip(ids, texts(get_vocabulary(session, model=model), ids), strict=True))
    except NotFoundError:  # no sweep has stored the vocabulary yet
        return {}


def _continuations(told: dict[str, Any]) -> list[Continuation]:
    """In the order clean, edited, control."""
    tokens = [GeneratedToken.model_validate(token) for token in told["tokens"]]
    reasons: dict[str, str] = told["end"].get("reasons", {})
    return [
        Continuation(
            which,
            [token.token for token in tokens if token.which == which],
            reasons.get(which),
        )
        for which in ("clean", "edited", "control")
        if which in reasons or any(token.which == which for token in tokens)
    ]
