"""What people say to each other.

Revision 2026_11_23_comments; after 2026_11_23_decisions.
"""

revision = "2026_11_23_comments"
down_revision = "2026_11_23_decisions"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Filled in with its tables."""


def downgrade() -> None:
    """Nothing yet."""
