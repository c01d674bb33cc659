"""What people make of explanations.

Revision 2026_11_23_judgements; after 2026_11_23_accounts.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_23_judgements"
down_revision = "2026_11_23_accounts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "judgements",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("explanation_id", sa.Integer(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("specificity", sa.Integer(), nullable=True),
        sa.Column("sensitivity", sa.Integer(), nullable=True),
        sa.Column("several_meanings", sa.Boolean(), nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "verdict IN ('accept', 'edit', 'reject', 'unsure')",
            name=op.f("ck_judgements_verdict"),
        ),
        sa.CheckConstraint("specificity BETWEEN 1 AND 5", name=op.f("ck_judgements_specificity")),
        sa.CheckConstraint("sensitivity BETWEEN 1 AND 5", name=op.f("ck_judgements_sensitivity")),
        sa.ForeignKeyConstraint(
            ["explanation_id"],
            ["explanations.id"],
            name="fk_judgements_explanation_id_explanations",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_judgements"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_judgements_explanation_id", "judgements", ["explanation_id"])
    op.create_index("ix_judgements_actor_id", "judgements", ["actor", "id"])
    op.create_index(
        "ix_judgements_counting",
        "judgements",
        ["explanation_id", "actor"],
        unique=True,
        sqlite_where=sa.text("replaced_at IS NULL"),
        postgresql_where=sa.text("replaced_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("judgements")
