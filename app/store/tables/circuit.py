"""Circuits: graphs of nodes that make a model do one thing, their units, and their proofs."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.store.tables.base import Base, Moment, Packed


class CircuitTable(Base):
    __tablename__ = "circuits"
    __table_args__ = (
        UniqueConstraint("model_id", "slug"),
        CheckConstraint("origin IN ('found', 'imported')", name="origin"),
        CheckConstraint("ablation IN ('resample', 'mean', 'zero')", name="ablation"),
        CheckConstraint("proved_on IN ('finding', 'held_out')", name="proved_on"),
        Index(None, "model_id", "id"),
        # the id of a deleted row is never given again: cursors name circuits by it
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    model_id: Mapped[int] = mapped_column(ForeignKey("models.id", ondelete="CASCADE"))
    task_id: Mapped[int | None] = mapped_column(
        ForeignKey("tasks.id", ondelete="SET NULL"), index=True
    )
    """NULL: it was made elsewhere."""
    run_id: Mapped[int | None] = mapped_column(
        ForeignKey("runs.id", ondelete="CASCADE"), index=True
    )
    """That found it; NULL: it was made elsewhere."""
    slug: Mapped[str]
    """What it is called in addresses, beside its model."""
    title: Mapped[str]
    origin: Mapped[str]
    """found: by us; imported: from a file."""
    file: Mapped[str | None]
    """Of an imported one: the file's name."""
    file_sha256: Mapped[str | None]
    method: Mapped[str | None]
    ablation: Mapped[str | None]
    n_nodes: Mapped[int]
    n_links: Mapped[int]
    n_units: Mapped[int]
    """Neurons and heads of its graph, each counted once."""
    n_prompts: Mapped[int | None]
    """Pairs that it was found on."""
    proved_on: Mapped[str | None]
    """Which proof the next two are of: the newest on held-out prompts by the ablation that it was
    found with, or what comes nearest to that; NULL: none."""
    faithfulness: Mapped[float | None]
    random: Mapped[float | None]
    """Faithfulness of as many random units."""
    actor: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(Moment)
    content: Mapped[bytes] = mapped_column(Packed)
    """`packing.pack_text` of the `analysis.protocol.circuits.Circuit` as JSON."""


class CircuitUnitTable(Base):
    """A neuron or head that takes part in a circuit: its graph has at least one node of it."""

    __tablename__ = "circuit_units"
    __table_args__ = (Index(None, "site_id", "unit_index"),)

    circuit_id: Mapped[int] = mapped_column(
        ForeignKey("circuits.id", ondelete="CASCADE"), primary_key=True
    )
    site_id: Mapped[int] = mapped_column(
        ForeignKey("sites.id", ondelete="CASCADE"), primary_key=True
    )
    unit_index: Mapped[int] = mapped_column(primary_key=True)
    effect: Mapped[float | None]
    """Estimated; of several nodes, their sum."""
    exact: Mapped[float | None]
    """Measured; NULL also where it was not measured of each of its nodes."""
    rank: Mapped[int]
    """1: the circuit's strongest unit."""


class ProofTable(Base):
    """One time that a circuit was held to account."""

    __tablename__ = "proofs"
    __table_args__ = (
        CheckConstraint("ablation IN ('resample', 'mean', 'zero')", name="ablation"),
        CheckConstraint("prompts IN ('finding', 'held_out')", name="prompts"),
        Index(None, "circuit_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    circuit_id: Mapped[int] = mapped_column(ForeignKey("circuits.id", ondelete="CASCADE"))
    run_id: Mapped[int | None] = mapped_column(
        ForeignKey("runs.id", ondelete="CASCADE"), index=True
    )
    ablation: Mapped[str]
    prompts: Mapped[str]
    """finding: those that it was found on; held_out: others."""
    faithfulness: Mapped[float]
    random: Mapped[float]
    """Faithfulness of as many random units."""
    created_at: Mapped[datetime] = mapped_column(Moment)
    content: Mapped[bytes] = mapped_column(Packed)
    """`packing.pack_text` of the `analysis.protocol.circuits.Proof` as JSON."""
