"""Experiments, steering vectors, and lists of units.

Revision 2026_11_22_experiments; after 2026_11_21_one_of_each_version.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_22_experiments"
down_revision = "2026_11_21_one_of_each_version"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "experiments",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("model_id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("prompt", sa.String(), nullable=True),
        sa.Column("n_edits", sa.Integer(), nullable=False),
        sa.Column("places", sa.Text(), nullable=False),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.Column("continuations", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('experiment', 'generation', 'edit_sweep')",
            name=op.f("ck_experiments_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["model_id"], ["models.id"], name="fk_experiments_model_id_models", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name="fk_experiments_run_id_runs", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["parent_id"],
            ["experiments.id"],
            name="fk_experiments_parent_id_experiments",
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_experiments"),
        sa.UniqueConstraint("slug", name="uq_experiments_slug"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_experiments_model_id_id", "experiments", ["model_id", "id"])
    op.create_index("ix_experiments_digest", "experiments", ["digest"])
    op.create_index("ix_experiments_run_id", "experiments", ["run_id"])
    op.create_index("ix_experiments_parent_id", "experiments", ["parent_id"])
    op.create_table(
        "vectors",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("model_id", sa.Integer(), nullable=False),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("default_strength", sa.Double(), nullable=True),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("values", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("site LIKE 'resid.%'", name=op.f("ck_vectors_site")),
        sa.ForeignKeyConstraint(
            ["model_id"], ["models.id"], name="fk_vectors_model_id_models", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_vectors"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_vectors_model_id_id", "vectors", ["model_id", "id"])
    op.create_table(
        "unit_lists",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("model_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["model_id"], ["models.id"], name="fk_unit_lists_model_id_models", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_unit_lists"),
        sa.UniqueConstraint("slug", name="uq_unit_lists_slug"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_unit_lists_model_id", "unit_lists", ["model_id"])
    op.create_table(
        "unit_list_entries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("list_id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("unit_index", sa.Integer(), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["list_id"],
            ["unit_lists.id"],
            name="fk_unit_list_entries_list_id_unit_lists",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["sites.id"], name="fk_unit_list_entries_site_id_sites", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_unit_list_entries"),
        sa.UniqueConstraint(
            "list_id",
            "site_id",
            "unit_index",
            name="uq_unit_list_entries_list_id_site_id_unit_index",
        ),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    op.drop_table("unit_list_entries")
    op.drop_table("unit_lists")
    op.drop_table("vectors")
    op.drop_table("experiments")
    op.execute("DELETE FROM runs WHERE kind = 'experiment'")
