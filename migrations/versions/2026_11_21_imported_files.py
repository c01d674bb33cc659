"""How far files of explanations were imported.

Revision 2026_11_21_imported_files; after 2026_11_21_explanations.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_21_imported_files"
down_revision = "2026_11_21_explanations"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "imported_files",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("model_id", sa.Integer(), nullable=False),
        sa.Column("format", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("n_imported", sa.BigInteger(), nullable=False),
        sa.Column("n_duplicates", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_imported_files"),
        sa.ForeignKeyConstraint(
            ["model_id"],
            ["models.id"],
            name="fk_imported_files_model_id_models",
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint(
            "model_id", "format", "name", name="uq_imported_files_model_id_format_name"
        ),
    )


def downgrade() -> None:
    op.drop_table("imported_files")
