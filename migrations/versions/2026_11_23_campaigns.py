"""Campaigns, and what is handed out in them.

Revision 2026_11_23_campaigns; after 2026_11_23_judgements.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_23_campaigns"
down_revision = "2026_11_23_judgements"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "campaigns",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("model_id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("n_items", sa.Integer(), nullable=False),
        sa.Column("questions", sa.Text(), nullable=False),
        sa.Column("n_per_item", sa.Integer(), nullable=False),
        sa.Column("lease_seconds", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('open', 'paused', 'ended')", name=op.f("ck_campaigns_status")
        ),
        sa.CheckConstraint("n_per_item >= 1", name=op.f("ck_campaigns_n_per_item")),
        sa.CheckConstraint("lease_seconds >= 1", name=op.f("ck_campaigns_lease_seconds")),
        sa.ForeignKeyConstraint(
            ["model_id"], ["models.id"], name="fk_campaigns_model_id_models", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_campaigns"),
        sa.UniqueConstraint("model_id", "slug", name="uq_campaigns_model_id_slug"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_campaigns_model_id", "campaigns", ["model_id"], unique=False)
    op.create_table(
        "guidelines",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("markdown", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaigns.id"],
            name="fk_guidelines_campaign_id_campaigns",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_guidelines"),
        sa.UniqueConstraint("campaign_id", "version", name="uq_guidelines_campaign_id_version"),
    )
    op.create_table(
        "campaign_items",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("explanation_id", sa.Integer(), nullable=False),
        sa.Column("expected", sa.String(), nullable=True),
        sa.Column("n_free", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "expected IN ('accept', 'edit', 'reject', 'unsure')",
            name=op.f("ck_campaign_items_expected"),
        ),
        sa.CheckConstraint("n_free >= 0", name=op.f("ck_campaign_items_n_free")),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaigns.id"],
            name="fk_campaign_items_campaign_id_campaigns",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["explanation_id"],
            ["explanations.id"],
            name="fk_campaign_items_explanation_id_explanations",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_campaign_items"),
        sa.UniqueConstraint(
            "campaign_id", "explanation_id", name="uq_campaign_items_campaign_id_explanation_id"
        ),
        sa.UniqueConstraint(
            "campaign_id", "position", name="uq_campaign_items_campaign_id_position"
        ),
    )
    op.create_index(
        "ix_campaign_items_explanation_id", "campaign_items", ["explanation_id"], unique=False
    )
    op.create_index(
        "ix_campaign_items_free",
        "campaign_items",
        ["campaign_id", "position"],
        unique=False,
        sqlite_where=sa.text("n_free > 0"),
        postgresql_where=sa.text("n_free > 0"),
    )
    op.create_table(
        "assignments",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("guideline_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("handed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("peeked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seconds", sa.Double(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("draft", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state IN ('leased', 'lapsed', 'judged', 'skipped')", name=op.f("ck_assignments_state")
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaigns.id"],
            name="fk_assignments_campaign_id_campaigns",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["guideline_id"],
            ["guidelines.id"],
            name="fk_assignments_guideline_id_guidelines",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["item_id"],
            ["campaign_items.id"],
            name="fk_assignments_item_id_campaign_items",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_assignments"),
        sa.UniqueConstraint("item_id", "actor", name="uq_assignments_item_id_actor"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_assignments_actor", "assignments", ["actor"], unique=False)
    op.create_index(
        "ix_assignments_campaign_id_actor_id",
        "assignments",
        ["campaign_id", "actor", "id"],
        unique=False,
    )
    op.create_index(
        "ix_assignments_campaign_id_state", "assignments", ["campaign_id", "state"], unique=False
    )
    op.create_index(
        "ix_assignments_held",
        "assignments",
        ["campaign_id", "actor"],
        unique=True,
        sqlite_where=sa.text("state = 'leased'"),
        postgresql_where=sa.text("state = 'leased'"),
    )
    op.create_index(
        "ix_assignments_leased_until",
        "assignments",
        ["campaign_id", "leased_until"],
        unique=False,
        sqlite_where=sa.text("state = 'leased'"),
        postgresql_where=sa.text("state = 'leased'"),
    )
    with op.batch_alter_table("judgements") as batch:
        batch.add_column(sa.Column("assignment_id", sa.Integer(), nullable=True))
        batch.add_column(sa.Column("origin", sa.String(), nullable=True))
        batch.add_column(sa.Column("imported", sa.Text(), nullable=True))
        batch.create_unique_constraint("uq_judgements_assignment_id", ["assignment_id"])
        batch.create_foreign_key(
            "fk_judgements_assignment_id_assignments",
            "assignments",
            ["assignment_id"],
            ["id"],
            ondelete="SET NULL",
        )


def downgrade() -> None:
    with op.batch_alter_table("judgements") as batch:
        batch.drop_constraint("fk_judgements_assignment_id_assignments", type_="foreignkey")
        batch.drop_constraint("uq_judgements_assignment_id", type_="unique")
        batch.drop_column("imported")
        batch.drop_column("origin")
        batch.drop_column("assignment_id")
    op.drop_table("assignments")
    op.drop_table("campaign_items")
    op.drop_table("guidelines")
    op.drop_table("campaigns")
