"""Exports that wait for approval.

Revision 2026_11_23_exports; after 2026_11_23_comments.
"""

revision = "2026_11_23_exports"
down_revision = "2026_11_23_comments"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Filled in with its tables."""


def downgrade() -> None:
    """Nothing yet."""
