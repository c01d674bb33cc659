"""Exports that wait for approval.

Revision 2026_11_23_exports; after 2026_11_23_comments.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_23_exports"
down_revision = "2026_11_23_comments"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "exports",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=True),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("n_used", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "status IN ('waiting', 'approved', 'refused')", name=op.f("ck_exports_status")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exports")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_exports_actor_id"), "exports", ["actor", "id"], unique=False)
    op.create_index(op.f("ix_exports_status_id"), "exports", ["status", "id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_exports_status_id"), table_name="exports")
    op.drop_index(op.f("ix_exports_actor_id"), table_name="exports")
    op.drop_table("exports")
