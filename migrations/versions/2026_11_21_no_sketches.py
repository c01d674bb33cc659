"""Embeddings without sketches: whoever compares them makes them from the vectors.

Revision 2026_11_21_no_sketches; after 2026_11_21_imported_files.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_21_no_sketches"
down_revision = "2026_11_21_imported_files"
branch_labels = None
depends_on = None

INDEX = "ix_explanation_vectors_sketch"
TABLE = "explanation_vectors"


def upgrade() -> None:
    op.drop_index(INDEX, table_name=TABLE)
    op.drop_column(TABLE, "sketch")


def downgrade() -> None:
    """Without the vectors: an explain job, or writing a claim, computes them again."""
    op.execute(sa.text(f"DELETE FROM {TABLE}"))  # noqa: S608 - our own name
    kept = {"sqlite_autoincrement": True}
    with op.batch_alter_table(TABLE, recreate="auto", table_kwargs=kept) as batch:
        batch.add_column(sa.Column("sketch", sa.LargeBinary(), nullable=False))
    op.create_index(INDEX, TABLE, ["id", "explanation_id", "site_id", "sketch"])
