"""What explanations are worth when the network is edited: predictions, scores, sites, summaries.

Revision 2026_11_22_causal_scores; after 2026_11_22_experiments.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_22_causal_scores"
down_revision = "2026_11_22_experiments"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "predictions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("explanation_id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("content", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["explanation_id"],
            ["explanations.id"],
            name="fk_predictions_explanation_id_explanations",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name="fk_predictions_run_id_runs", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_predictions"),
        sa.UniqueConstraint(
            "explanation_id", "run_id", name="uq_predictions_explanation_id_run_id"
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_predictions_run_id", "predictions", ["run_id"])
    op.create_table(
        "causal_scores",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("explanation_id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("prediction_id", sa.Integer(), nullable=True),
        sa.Column("split", sa.String(), nullable=False),
        sa.Column("score", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("low", sa.Double(), nullable=True),
        sa.Column("high", sa.Double(), nullable=True),
        sa.Column("foil", sa.Double(), nullable=True),
        sa.Column("lookup_cut", sa.Double(), nullable=True),
        sa.Column("difference", sa.Double(), nullable=True),
        sa.Column("difference_low", sa.Double(), nullable=True),
        sa.Column("difference_high", sa.Double(), nullable=True),
        sa.Column("p", sa.Double(), nullable=True),
        sa.Column("foil_unit", sa.Integer(), nullable=True),
        sa.Column("n_windows", sa.Integer(), nullable=False),
        sa.Column("n_documents", sa.Integer(), nullable=False),
        sa.Column("n_positions", sa.BigInteger(), nullable=False),
        sa.Column("measured_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "status IN ('scored', 'undefined', 'failed')", name=op.f("ck_causal_scores_status")
        ),
        sa.CheckConstraint(
            "score IN ('ablation_to_simulation', 'replacement', 'control_precision', "
            "'control_sign')",
            name=op.f("ck_causal_scores_score"),
        ),
        sa.ForeignKeyConstraint(
            ["explanation_id"],
            ["explanations.id"],
            name="fk_causal_scores_explanation_id_explanations",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name="fk_causal_scores_run_id_runs", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["prediction_id"],
            ["predictions.id"],
            name="fk_causal_scores_prediction_id_predictions",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_causal_scores"),
        sa.UniqueConstraint(
            "explanation_id",
            "run_id",
            "split",
            "score",
            name="uq_causal_scores_explanation_id_run_id_split_score",
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_causal_scores_run_id_score", "causal_scores", ["run_id", "score"])
    op.create_index("ix_causal_scores_prediction_id", "causal_scores", ["prediction_id"])
    op.create_table(
        "site_replacements",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("split", sa.String(), nullable=False),
        sa.Column("score", sa.String(), nullable=False),
        sa.Column("n_replaced", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("low", sa.Double(), nullable=True),
        sa.Column("high", sa.Double(), nullable=True),
        sa.Column("foil", sa.Double(), nullable=True),
        sa.Column("difference", sa.Double(), nullable=True),
        sa.Column("difference_low", sa.Double(), nullable=True),
        sa.Column("difference_high", sa.Double(), nullable=True),
        sa.Column("n_windows", sa.Integer(), nullable=False),
        sa.Column("n_documents", sa.Integer(), nullable=False),
        sa.Column("n_positions", sa.BigInteger(), nullable=False),
        sa.Column("measured_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "status IN ('scored', 'undefined', 'failed')", name=op.f("ck_site_replacements_status")
        ),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name="fk_site_replacements_run_id_runs", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["sites.id"], name="fk_site_replacements_site_id_sites", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_id", "site_id", "split", "score", name="pk_site_replacements"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "causal_summaries",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("split", sa.String(), nullable=False),
        sa.Column("badge", sa.String(), nullable=False),
        sa.Column("n_units", sa.Integer(), nullable=False),
        sa.Column("n_earned", sa.Integer(), nullable=False),
        sa.Column("n_refuted", sa.Integer(), nullable=False),
        sa.Column("n_undecided", sa.Integer(), nullable=False),
        sa.Column("n_untested", sa.Integer(), nullable=False),
        sa.Column("n_valued", sa.Integer(), nullable=False),
        sa.Column("mean", sa.Double(), nullable=True),
        sa.Column("median", sa.Double(), nullable=True),
        sa.Column("by_luck", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name="fk_causal_summaries_run_id_runs", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["sites.id"], name="fk_causal_summaries_site_id_sites", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_id", "site_id", "split", "badge", name="pk_causal_summaries"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("causal_summaries")
    op.drop_table("site_replacements")
    op.drop_table("causal_scores")
    op.drop_table("predictions")
    op.execute("DELETE FROM runs WHERE kind = 'evidence'")
