"""A subject model, its sites and its vocabulary."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.store.tables.base import Base, Json, Moment, Packed


class ModelTable(Base):
    __tablename__ = "models"
    __table_args__ = (
        CheckConstraint("source_kind IN ('hub', 'folder', 'gguf', 'plain')", name="source_kind"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    """Slug in URLs: lower case letters, digits, dot, dash, underscore."""
    title: Mapped[str]
    source: Mapped[str]
    """What the user gave: hub id or path."""
    source_kind: Mapped[str]
    folder: Mapped[str | None]
    """Where its weights are loaded from, if not from the hub; relative: under PATCHCLAMP_DATA."""
    architecture: Mapped[str]
    facts: Mapped[dict[str, Any]] = mapped_column(Json)
    """d_model, d_mlp, n_heads, d_head, n_ctx, gated, activation_function, norm, causal, …"""
    n_layers: Mapped[int]
    n_parameters: Mapped[int] = mapped_column(BigInteger)
    weights_sha256: Mapped[str]
    tokenizer_sha256: Mapped[str]
    current_run_id: Mapped[int | None] = mapped_column(
        ForeignKey("runs.id", ondelete="SET NULL", use_alter=True)
    )
    """The sweep whose numbers pages show unless another is asked for."""
    created_at: Mapped[datetime] = mapped_column(Moment)


class VocabularyTable(Base):
    __tablename__ = "vocabularies"

    model_id: Mapped[int] = mapped_column(
        ForeignKey("models.id", ondelete="CASCADE"), primary_key=True
    )
    n_tokens: Mapped[int]
    bos_token_id: Mapped[int | None]
    tokens: Mapped[bytes] = mapped_column(Packed)
    """zlib of a JSON list: the text of every token id; bytes that are no UTF-8 as ⟨E2⟩."""
    output_tokens: Mapped[bytes | None] = mapped_column(Packed)
    """The same for the columns of the unembedding, where they are not the vocabulary."""


class SiteTable(Base):
    __tablename__ = "sites"
    __table_args__ = (
        UniqueConstraint("model_id", "name"),
        CheckConstraint("kind IN ('mlp', 'attn')", name="kind"),
        CheckConstraint("n_units > 0", name="n_units"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    model_id: Mapped[int] = mapped_column(ForeignKey("models.id", ondelete="CASCADE"))
    name: Mapped[str]
    """`mlp.7` or `attn.7`."""
    kind: Mapped[str]
    layer: Mapped[int]
    n_units: Mapped[int]
