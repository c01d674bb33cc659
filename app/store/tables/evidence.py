"""Explanations held to what happens: scores of runs in which the network was edited."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.store.tables.base import Base, Json, Moment


class PredictionTable(Base):
    """What is said to happen when a unit is moved: committed before it is moved, never changed."""

    __tablename__ = "predictions"
    __table_args__ = (
        UniqueConstraint("explanation_id", "run_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    explanation_id: Mapped[int] = mapped_column(ForeignKey("explanations.id", ondelete="CASCADE"))
    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), index=True)
    sha256: Mapped[str]
    """Of `content`, as UTF-8."""
    created_at: Mapped[datetime] = mapped_column(Moment)
    content: Mapped[str]
    """Canonical JSON (sorted keys, no blanks): unit, tokens that move, k, value, source."""


class CausalScoreTable(Base):
    """One causal score of one explanation in one run; the newest run's count."""

    __tablename__ = "causal_scores"
    __table_args__ = (
        CheckConstraint("status IN ('scored', 'undefined', 'failed')", name="status"),
        CheckConstraint(
            "score IN ('ablation_to_simulation', 'replacement', 'control_precision', "
            "'control_sign')",
            name="score",
        ),
        UniqueConstraint("explanation_id", "run_id", "split", "score"),
        Index(None, "run_id", "score"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    explanation_id: Mapped[int] = mapped_column(ForeignKey("explanations.id", ondelete="CASCADE"))
    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"))
    prediction_id: Mapped[int | None] = mapped_column(
        ForeignKey("predictions.id", ondelete="CASCADE"), index=True
    )
    """Of control: what was said before."""
    split: Mapped[str]
    score: Mapped[str]
    status: Mapped[str]
    reason: Mapped[str | None]
    """Why there is no value, or no interval."""
    value: Mapped[float | None]
    low: Mapped[float | None]
    high: Mapped[float | None]
    foil: Mapped[float | None]
    """The same of another unit's explanation; of control, mean over random units moved likewise."""
    lookup_cut: Mapped[float | None]
    difference: Mapped[float | None]
    """Value less foil, with its own interval: both are measured on the same documents."""
    difference_low: Mapped[float | None]
    difference_high: Mapped[float | None]
    p: Mapped[float | None]
    """Of control: the share of the random units and this one that do as well."""
    foil_unit: Mapped[int | None]
    """Index of the other unit, of the same site; of control there are many, in `details`."""
    n_windows: Mapped[int]
    n_documents: Mapped[int]
    n_positions: Mapped[int] = mapped_column(BigInteger)
    """At which the output was looked at."""
    measured_at: Mapped[datetime] = mapped_column(Moment)
    """When the runs that it comes from began."""
    details: Mapped[dict[str, Any]] = mapped_column(Json)
    """Of replacement, what the mean costs; of control, how each named token moved."""


class SiteReplacementTable(Base):
    """All explained units of a site replaced at once."""

    __tablename__ = "site_replacements"
    __table_args__ = (
        CheckConstraint("status IN ('scored', 'undefined', 'failed')", name="status"),
        {"sqlite_with_rowid": False},
    )

    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    site_id: Mapped[int] = mapped_column(
        ForeignKey("sites.id", ondelete="CASCADE"), primary_key=True
    )
    split: Mapped[str] = mapped_column(primary_key=True)
    score: Mapped[str] = mapped_column(primary_key=True)
    n_replaced: Mapped[int]
    """Units of the site that have a program."""
    status: Mapped[str]
    reason: Mapped[str | None]
    value: Mapped[float | None]
    low: Mapped[float | None]
    high: Mapped[float | None]
    foil: Mapped[float | None]
    difference: Mapped[float | None]
    difference_low: Mapped[float | None]
    difference_high: Mapped[float | None]
    n_windows: Mapped[int]
    n_documents: Mapped[int]
    n_positions: Mapped[int] = mapped_column(BigInteger)
    measured_at: Mapped[datetime] = mapped_column(Moment)


class CausalSummaryTable(Base):
    """How many of a site's randomly chosen units earned a badge."""

    __tablename__ = "causal_summaries"
    __table_args__ = ({"sqlite_with_rowid": False},)

    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    site_id: Mapped[int] = mapped_column(
        ForeignKey("sites.id", ondelete="CASCADE"), primary_key=True
    )
    split: Mapped[str] = mapped_column(primary_key=True)
    badge: Mapped[str] = mapped_column(primary_key=True)
    """predicts, controls, replaces"""
    n_units: Mapped[int]
    """Chosen at random and done until now: the four counts below make it up."""
    n_earned: Mapped[int]
    n_refuted: Mapped[int]
    n_undecided: Mapped[int]
    n_untested: Mapped[int]
    """Without an explanation that could be tested: none was found, or it makes no such claim."""
    n_valued: Mapped[int]
    mean: Mapped[float | None]
    """Of the score behind the badge, over the units that have a value: r, ablation to simulation,
    precision at 10."""
    median: Mapped[float | None]
    by_luck: Mapped[float]
    """So many units at most would be expected to earn it if no explanation were of its unit."""
