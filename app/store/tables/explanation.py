"""Claims about units, and what became of them when they were tested."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.store.tables.base import Base, Json, Moment, Packed


class TokenSpaceTable(Base):
    """Where a model's tokens lie to each other: what `near` in programs means."""

    __tablename__ = "token_spaces"

    model_id: Mapped[int] = mapped_column(
        ForeignKey("models.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    n_dims: Mapped[int]
    method: Mapped[str]
    """How the vectors come from the model's embedding, in words."""
    vectors: Mapped[bytes] = mapped_column(Packed)
    """int8 [vocab, n_dims]: directions of unit length, times 127."""


class ExplanationTable(Base):
    """One version of one claim about one unit. Versions are never changed, only followed."""

    __tablename__ = "explanations"
    __table_args__ = (
        CheckConstraint("status IN ('current', 'replaced', 'withdrawn', 'failed')", name="status"),
        CheckConstraint(
            "method IN ('lookup', 'rules', 'output', 'language_model', 'hand', 'import')",
            name="method",
        ),
        Index(None, "site_id", "unit_index"),
        Index(None, "run_id", "method"),
        Index(None, "origin_id", "version", unique=True),
        # the id of a deleted row is never given again: vectors and cursors name explanations by it
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    model_id: Mapped[int] = mapped_column(ForeignKey("models.id", ondelete="CASCADE"))
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id", ondelete="CASCADE"))
    unit_index: Mapped[int]
    sweep_id: Mapped[int | None] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"))
    """The sweep whose windows it was made from and is tested on; NULL for imports without one."""
    run_id: Mapped[int | None] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"))
    """The run that made it; NULL where a person wrote it or it was made elsewhere."""
    method: Mapped[str]
    author: Mapped[str]
    """A method with its version, a language model, or who wrote it."""
    status: Mapped[str]
    origin_id: Mapped[int | None]
    """The first version of this claim; NULL in that version itself."""
    version: Mapped[int]
    bits: Mapped[float | None]
    """Description length of the program, else of the text."""
    n_rules: Mapped[int | None]
    n_listed: Mapped[int | None]
    """Tokens and texts listed in the program."""
    created_at: Mapped[datetime] = mapped_column(Moment)
    search_key: Mapped[int | None] = mapped_column(BigInteger)
    """Its row in the search index, which lies in the order of these keys: `app.store.search.keys`.
    NULL where it is not to be found: replaced, withdrawn, failed."""
    text: Mapped[str]
    """In words. Of a program: written from it. Long columns come last: SQLite goes over what is
    before a column to read it."""
    details: Mapped[dict[str, Any]] = mapped_column(Json)
    """How it came about: candidates on calibration, prompt, raw answer, tokens and cost, why it
    failed, what file and line it was imported from, who withdrew it."""
    program: Mapped[str | None]
    """In the language of programs (docs/programs.md); the source of truth where there is one."""


class ScoreTable(Base):
    """All scores of one explanation on one split by one judge."""

    __tablename__ = "scores"
    __table_args__ = (
        CheckConstraint("status IN ('scored', 'undefined', 'failed')", name="status"),
        UniqueConstraint("explanation_id", "split", "judge"),
        Index(None, "run_id", "split", "judge"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    explanation_id: Mapped[int] = mapped_column(ForeignKey("explanations.id", ondelete="CASCADE"))
    run_id: Mapped[int | None] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"))
    """The run that scored it; NULL: it came with an import."""
    split: Mapped[str]
    judge: Mapped[str]
    """'program', or the language model that judged."""
    status: Mapped[str]
    reason: Mapped[str | None]
    """Why it is undefined or failed."""
    n_windows: Mapped[int]
    n_documents: Mapped[int]
    n_positions: Mapped[int] = mapped_column(BigInteger)
    n_failed: Mapped[int]
    """Answers of the judge that could not be read; they are counted, not scored."""
    r: Mapped[float | None]
    """Simulation r by protocol corpus: `values` has it too, but tables are sorted by it."""
    p: Mapped[float | None]
    """Of r being no better than the shuffled baseline, by the document bootstrap, one-sided."""
    values: Mapped[bytes] = mapped_column(Packed)
    """float32 [metric, column] in the order of `app.store.packing.METRICS` and `COLUMNS`, written
    by `pack_scores`: NaN where undefined, -inf as the value of what was not asked. Then, in rows
    that are not older, why metrics are undefined and on how many cases they stand."""


class ExplanationVectorTable(Base):
    """Where an explanation's text lies among all texts, for search by meaning.

    Ids rise in the order of writing: whoever keeps them in memory reads on from the last.
    """

    __tablename__ = "explanation_vectors"
    __table_args__ = (
        UniqueConstraint("explanation_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    explanation_id: Mapped[int] = mapped_column(ForeignKey("explanations.id", ondelete="CASCADE"))
    site_id: Mapped[int]
    """Of the explanation."""
    vector: Mapped[bytes] = mapped_column(Packed)
    """float16 [n_dims], of unit length."""


class ScoreSummaryTable(Base):
    """How the scores of one method are distributed over the units of a site that were explained."""

    __tablename__ = "score_summaries"
    __table_args__ = ({"sqlite_with_rowid": False},)

    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    method: Mapped[str] = mapped_column(primary_key=True)
    split: Mapped[str] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(
        ForeignKey("sites.id", ondelete="CASCADE"), primary_key=True
    )
    n_units: Mapped[int]
    """Explained until now, in random order: a uniform sample of the site."""
    n_scored: Mapped[int]
    n_undefined: Mapped[int]
    n_failed: Mapped[int]
    n_better: Mapped[int]
    """Better than shuffled at a false discovery rate of 5 % over all units of the run."""
    mean_r: Mapped[float | None]
    """Over all units explained: without a program, or undefined, counts as 0."""
    quantiles: Mapped[bytes] = mapped_column(Packed)
    """float32 [101]: percentiles of r over the same units, with the same 0 as in the mean; empty
    where nothing is scored."""
    points: Mapped[bytes] = mapped_column(Packed)
    """float32 [n, 3] of at most 64 units, chosen at random: index, bits, r."""


class ImportedFileTable(Base):
    """How far a file of explanations was imported, written together with what was."""

    __tablename__ = "imported_files"
    __table_args__ = (UniqueConstraint("model_id", "format", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    model_id: Mapped[int] = mapped_column(ForeignKey("models.id", ondelete="CASCADE"))
    format: Mapped[str]
    name: Mapped[str]
    """Its path below the folder that was imported, or the file's name alone."""
    position: Mapped[int] = mapped_column(BigInteger)
    """Rows that are done."""
    digest: Mapped[str]
    """Of what was read of the file until there: another file under the same name has another."""
    n_imported: Mapped[int] = mapped_column(BigInteger)
    n_duplicates: Mapped[int] = mapped_column(BigInteger)
    updated_at: Mapped[datetime] = mapped_column(Moment)
