"""Tasks, the circuits that are found on them, and their proofs.

Revision 2026_11_22_circuits; after 2026_11_22_causal_scores.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_22_circuits"
down_revision = "2026_11_22_causal_scores"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "tasks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("model_id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("metric", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("n_pairs", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("tokenizer_sha256", sa.String(), nullable=True),
        sa.Column("competence", sa.Text(), nullable=True),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "metric IN ('logit_difference', 'log_probability', 'kl', 'own_tokens')",
            name=op.f("ck_tasks_metric"),
        ),
        sa.CheckConstraint("n_pairs > 0", name=op.f("ck_tasks_n_pairs")),
        sa.ForeignKeyConstraint(
            ["model_id"], ["models.id"], name="fk_tasks_model_id_models", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name="fk_tasks_run_id_runs", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_tasks"),
        sa.UniqueConstraint("model_id", "slug", name="uq_tasks_model_id_slug"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_tasks_model_id_id", "tasks", ["model_id", "id"])
    op.create_index("ix_tasks_model_id_digest", "tasks", ["model_id", "digest"])
    op.create_index("ix_tasks_run_id", "tasks", ["run_id"])
    op.create_table(
        "circuits",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("model_id", sa.Integer(), nullable=False),
        sa.Column("task_id", sa.Integer(), nullable=True),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("file", sa.String(), nullable=True),
        sa.Column("file_sha256", sa.String(), nullable=True),
        sa.Column("method", sa.String(), nullable=True),
        sa.Column("ablation", sa.String(), nullable=True),
        sa.Column("n_nodes", sa.Integer(), nullable=False),
        sa.Column("n_links", sa.Integer(), nullable=False),
        sa.Column("n_units", sa.Integer(), nullable=False),
        sa.Column("n_prompts", sa.Integer(), nullable=True),
        sa.Column("proved_on", sa.String(), nullable=True),
        sa.Column("faithfulness", sa.Double(), nullable=True),
        sa.Column("random", sa.Double(), nullable=True),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("origin IN ('found', 'imported')", name=op.f("ck_circuits_origin")),
        sa.CheckConstraint(
            "ablation IN ('resample', 'mean', 'zero')", name=op.f("ck_circuits_ablation")
        ),
        sa.CheckConstraint(
            "proved_on IN ('finding', 'held_out')", name=op.f("ck_circuits_proved_on")
        ),
        sa.ForeignKeyConstraint(
            ["model_id"], ["models.id"], name="fk_circuits_model_id_models", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["task_id"], ["tasks.id"], name="fk_circuits_task_id_tasks", ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name="fk_circuits_run_id_runs", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_circuits"),
        sa.UniqueConstraint("model_id", "slug", name="uq_circuits_model_id_slug"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_circuits_model_id_id", "circuits", ["model_id", "id"])
    op.create_index("ix_circuits_task_id", "circuits", ["task_id"])
    op.create_index("ix_circuits_run_id", "circuits", ["run_id"])
    op.create_table(
        "circuit_units",
        sa.Column("circuit_id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("unit_index", sa.Integer(), nullable=False),
        sa.Column("effect", sa.Double(), nullable=True),
        sa.Column("exact", sa.Double(), nullable=True),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["circuit_id"],
            ["circuits.id"],
            name="fk_circuit_units_circuit_id_circuits",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["sites.id"], name="fk_circuit_units_site_id_sites", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("circuit_id", "site_id", "unit_index", name="pk_circuit_units"),
    )
    op.create_index(
        "ix_circuit_units_site_id_unit_index", "circuit_units", ["site_id", "unit_index"]
    )
    op.create_table(
        "proofs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("circuit_id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("ablation", sa.String(), nullable=False),
        sa.Column("prompts", sa.String(), nullable=False),
        sa.Column("faithfulness", sa.Double(), nullable=False),
        sa.Column("random", sa.Double(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "ablation IN ('resample', 'mean', 'zero')", name=op.f("ck_proofs_ablation")
        ),
        sa.CheckConstraint("prompts IN ('finding', 'held_out')", name=op.f("ck_proofs_prompts")),
        sa.ForeignKeyConstraint(
            ["circuit_id"],
            ["circuits.id"],
            name="fk_proofs_circuit_id_circuits",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name="fk_proofs_run_id_runs", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_proofs"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_proofs_circuit_id_id", "proofs", ["circuit_id", "id"])
    op.create_index("ix_proofs_run_id", "proofs", ["run_id"])


def downgrade() -> None:
    op.drop_table("proofs")
    op.drop_table("circuit_units")
    op.drop_table("circuits")
    op.drop_table("tasks")
    op.execute("DELETE FROM runs WHERE kind = 'circuit'")
