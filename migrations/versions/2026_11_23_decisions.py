"""How disagreements were settled.

Revision 2026_11_23_decisions; after 2026_11_23_campaigns.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_23_decisions"
down_revision = "2026_11_23_campaigns"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "decisions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("explanation_id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=True),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("merged_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "verdict IN ('accept', 'edit', 'reject', 'unsure')", name=op.f("ck_decisions_verdict")
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaigns.id"],
            name="fk_decisions_campaign_id_campaigns",
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["explanation_id"],
            ["explanations.id"],
            name="fk_decisions_explanation_id_explanations",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["merged_id"],
            ["explanations.id"],
            name="fk_decisions_merged_id_explanations",
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_decisions"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_decisions_campaign_id", "decisions", ["campaign_id"], unique=False)
    op.create_index(
        "ix_decisions_counting",
        "decisions",
        ["explanation_id"],
        unique=True,
        sqlite_where=sa.text("replaced_at IS NULL"),
        postgresql_where=sa.text("replaced_at IS NULL"),
    )
    op.create_index("ix_decisions_explanation_id", "decisions", ["explanation_id"], unique=False)
    op.create_index("ix_decisions_merged_id", "decisions", ["merged_id"], unique=False)


def downgrade() -> None:
    op.drop_table("decisions")
