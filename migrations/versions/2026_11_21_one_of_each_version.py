"""A version of a claim is there once: two edits at the same moment can no longer both follow it.

Revision 2026_11_21_one_of_each_version; after 2026_11_21_no_sketches.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_21_one_of_each_version"
down_revision = "2026_11_21_no_sketches"
branch_labels = None
depends_on = None

INDEX = "ix_explanations_origin_id_version"
TABLE = "explanations"
TWICE = """
    SELECT origin_id FROM explanations WHERE origin_id IS NOT NULL
    GROUP BY origin_id, version HAVING count(*) > 1
"""


def upgrade() -> None:
    op.drop_index(INDEX, table_name=TABLE)
    count_anew()
    op.create_index(INDEX, TABLE, ["origin_id", "version"], unique=True)


def count_anew() -> None:
    """Of claims that have a version twice, all but the first, in their order."""
    connection = op.get_bind()
    rows = connection.execute(
        sa.text(
            f"SELECT id, origin_id FROM explanations WHERE origin_id IN ({TWICE}) "  # noqa: S608 - our own names
            "ORDER BY origin_id, version, id"
        )
    ).all()
    versions: dict[int, int] = {}
    for number, origin_id in rows:
        versions[origin_id] = versions.get(origin_id, 1) + 1
        connection.execute(
            sa.text("UPDATE explanations SET version = :version WHERE id = :id"),
            {"version": versions[origin_id], "id": number},
        )


def downgrade() -> None:
    op.drop_index(INDEX, table_name=TABLE)
    op.create_index(INDEX, TABLE, ["origin_id", "version"])
