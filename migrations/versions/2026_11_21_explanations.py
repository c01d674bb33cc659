"""Explanations, their scores, and the search over them.

Revision 2026_11_21_explanations; after 2026_11_21_first_tables.

The index of search is made for each database by its own means: FTS5 tables on SQLite, `tsvector`
with GIN on PostgreSQL. Its tables are called search_…; no class stands for them.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_21_explanations"
down_revision = "2026_11_21_first_tables"
branch_labels = None
depends_on = None

# (table of the index, table of what it finds, columns that hold words)
INDEXED = (
    ("search_explanations", "explanations", ("words", "program")),
    ("search_units", "unit_tokens", ("peaks", "outputs")),
)


def upgrade() -> None:
    op.create_table(
        "token_spaces",
        sa.Column("model_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("n_dims", sa.Integer(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("vectors", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["model_id"], ["models.id"], name="fk_token_spaces_model_id_models", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("model_id", name="pk_token_spaces"),
    )
    op.create_table(
        "explanations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("model_id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("unit_index", sa.Integer(), nullable=False),
        sa.Column("sweep_id", sa.Integer(), nullable=True),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("origin_id", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("bits", sa.Double(), nullable=True),
        sa.Column("n_rules", sa.Integer(), nullable=True),
        sa.Column("n_listed", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("search_key", sa.BigInteger(), nullable=True),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("program", sa.String(), nullable=True),
        sa.CheckConstraint(
            "status IN ('current', 'replaced', 'withdrawn', 'failed')",
            name=op.f("ck_explanations_status"),
        ),
        sa.CheckConstraint(
            "method IN ('lookup', 'rules', 'output', 'language_model', 'hand', 'import')",
            name=op.f("ck_explanations_method"),
        ),
        sa.ForeignKeyConstraint(
            ["model_id"], ["models.id"], name="fk_explanations_model_id_models", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["sites.id"], name="fk_explanations_site_id_sites", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["sweep_id"], ["runs.id"], name="fk_explanations_sweep_id_runs", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name="fk_explanations_run_id_runs", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_explanations"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_explanations_site_id_unit_index", "explanations", ["site_id", "unit_index"])
    op.create_index("ix_explanations_run_id_method", "explanations", ["run_id", "method"])
    op.create_index("ix_explanations_origin_id_version", "explanations", ["origin_id", "version"])
    op.create_table(
        "scores",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("explanation_id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("split", sa.String(), nullable=False),
        sa.Column("judge", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("n_windows", sa.Integer(), nullable=False),
        sa.Column("n_documents", sa.Integer(), nullable=False),
        sa.Column("n_positions", sa.BigInteger(), nullable=False),
        sa.Column("n_failed", sa.Integer(), nullable=False),
        sa.Column("r", sa.Double(), nullable=True),
        sa.Column("p", sa.Double(), nullable=True),
        sa.Column("values", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "status IN ('scored', 'undefined', 'failed')", name=op.f("ck_scores_status")
        ),
        sa.ForeignKeyConstraint(
            ["explanation_id"],
            ["explanations.id"],
            name="fk_scores_explanation_id_explanations",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name="fk_scores_run_id_runs", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_scores"),
        sa.UniqueConstraint(
            "explanation_id", "split", "judge", name="uq_scores_explanation_id_split_judge"
        ),
    )
    op.create_index("ix_scores_run_id_split_judge", "scores", ["run_id", "split", "judge"])
    op.create_table(
        "score_summaries",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("split", sa.String(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("n_units", sa.Integer(), nullable=False),
        sa.Column("n_scored", sa.Integer(), nullable=False),
        sa.Column("n_undefined", sa.Integer(), nullable=False),
        sa.Column("n_failed", sa.Integer(), nullable=False),
        sa.Column("n_better", sa.Integer(), nullable=False),
        sa.Column("mean_r", sa.Double(), nullable=True),
        sa.Column("quantiles", sa.LargeBinary(), nullable=False),
        sa.Column("points", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name="fk_score_summaries_run_id_runs", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["sites.id"], name="fk_score_summaries_site_id_sites", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_id", "method", "split", "site_id", name="pk_score_summaries"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "explanation_vectors",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("explanation_id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("sketch", sa.LargeBinary(), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["explanation_id"],
            ["explanations.id"],
            name="fk_explanation_vectors_explanation_id_explanations",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_explanation_vectors"),
        sa.UniqueConstraint("explanation_id", name="uq_explanation_vectors_explanation_id"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_explanation_vectors_sketch",
        "explanation_vectors",
        ["id", "explanation_id", "site_id", "sketch"],
    )
    op.create_table(
        "unit_tokens",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("unit_index", sa.Integer(), nullable=False),
        sa.Column("search_key", sa.BigInteger(), nullable=False),
        sa.Column("peaks", sa.Text(), nullable=False),
        sa.Column("promoted", sa.Text(), nullable=False),
        sa.Column("suppressed", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name="fk_unit_tokens_run_id_runs", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["sites.id"], name="fk_unit_tokens_site_id_sites", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_unit_tokens"),
        sa.UniqueConstraint(
            "run_id", "site_id", "unit_index", name="uq_unit_tokens_run_id_site_id_unit_index"
        ),
        sqlite_autoincrement=True,
    )
    make = _make_fts5 if op.get_bind().dialect.name == "sqlite" else _make_tsvector
    for index, table, columns in INDEXED:
        make(index, table, columns)


def downgrade() -> None:
    for index, table, _ in INDEXED:
        if op.get_bind().dialect.name == "sqlite":
            op.execute(f"DROP TRIGGER {index}_forget")
        op.execute(f"DROP TABLE {index}")
        if table == "unit_tokens":
            op.drop_table(table)
    op.drop_index("ix_explanation_vectors_sketch", table_name="explanation_vectors")
    op.drop_table("explanation_vectors")
    op.drop_table("score_summaries")
    op.drop_index("ix_scores_run_id_split_judge", table_name="scores")
    op.drop_table("scores")
    for columns in ("origin_id_version", "run_id_method", "site_id_unit_index"):
        op.drop_index(f"ix_explanations_{columns}", table_name="explanations")
    op.drop_table("explanations")
    op.drop_table("token_spaces")


def _make_fts5(index: str, table: str, columns: tuple[str, ...]) -> None:
    """Words come cut and folded by us, separated by spaces; facets are what results are filtered
    by. A deleted row takes its words along, also where a cascade deletes it."""
    op.execute(
        f"CREATE VIRTUAL TABLE {index} USING fts5({', '.join(columns)}, facets, columnsize=0, "
        "tokenize=\"ascii tokenchars '_'\")"
    )
    forget = f"DELETE FROM {index} WHERE rowid = old.search_key"  # noqa: S608 - our own names
    op.execute(
        f"CREATE TRIGGER {index}_forget AFTER DELETE ON {table} WHEN old.search_key IS NOT NULL "
        f"BEGIN {forget}; END"
    )


def _make_tsvector(index: str, table: str, columns: tuple[str, ...]) -> None:  # noqa: ARG001
    """The same, all in one vector; facets begin with @, which no word of a text does."""
    op.execute(
        f"CREATE TABLE {index} (key bigint CONSTRAINT pk_{index} PRIMARY KEY, "
        f"of_id integer NOT NULL CONSTRAINT fk_{index}_of_id REFERENCES {table} (id) "
        "ON DELETE CASCADE, words tsvector NOT NULL)"
    )
    op.execute(f"CREATE INDEX ix_{index}_of_id ON {index} (of_id)")
    op.execute(f"CREATE INDEX ix_{index}_words ON {index} USING gin (words)")
