"""Comments, votes, bookmarks, notices; lists of one person's own; the audit log by kind.

Revision 2026_11_23_comments; after 2026_11_23_decisions.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_23_comments"
down_revision = "2026_11_23_decisions"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "comments",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("model_id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=True),
        sa.Column("unit_index", sa.Integer(), nullable=True),
        sa.Column("explanation_id", sa.Integer(), nullable=True),
        sa.Column("circuit_id", sa.Integer(), nullable=True),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("mentions", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_by", sa.String(), nullable=True),
        sa.CheckConstraint(
            "(site_id IS NULL) = (unit_index IS NULL)"
            " AND (site_id IS NULL) = (circuit_id IS NOT NULL)"
            " AND (explanation_id IS NULL OR site_id IS NOT NULL)",
            name=op.f("ck_comments_place"),
        ),
        sa.ForeignKeyConstraint(
            ["circuit_id"],
            ["circuits.id"],
            name="fk_comments_circuit_id_circuits",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["explanation_id"],
            ["explanations.id"],
            name="fk_comments_explanation_id_explanations",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["model_id"], ["models.id"], name="fk_comments_model_id_models", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["parent_id"],
            ["comments.id"],
            name="fk_comments_parent_id_comments",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["sites.id"], name="fk_comments_site_id_sites", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_comments"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_comments_circuit_id_id", "comments", ["circuit_id", "id"])
    op.create_index("ix_comments_explanation_id_id", "comments", ["explanation_id", "id"])
    op.create_index("ix_comments_model_id", "comments", ["model_id"])
    op.create_index("ix_comments_parent_id_id", "comments", ["parent_id", "id"])
    op.create_index(
        "ix_comments_site_id_unit_index_id", "comments", ["site_id", "unit_index", "id"]
    )
    op.create_table(
        "votes",
        sa.Column("explanation_id", sa.Integer(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("value IN (-1, 1)", name=op.f("ck_votes_value")),
        sa.ForeignKeyConstraint(
            ["explanation_id"],
            ["explanations.id"],
            name="fk_votes_explanation_id_explanations",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("explanation_id", "actor", name="pk_votes"),
    )
    op.create_table(
        "bookmarks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("model_id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=True),
        sa.Column("unit_index", sa.Integer(), nullable=True),
        sa.Column("explanation_id", sa.Integer(), nullable=True),
        sa.Column("circuit_id", sa.Integer(), nullable=True),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(site_id IS NULL) = (unit_index IS NULL)"
            " AND (site_id IS NULL) = (circuit_id IS NOT NULL)"
            " AND (explanation_id IS NULL OR site_id IS NOT NULL)",
            name=op.f("ck_bookmarks_place"),
        ),
        sa.ForeignKeyConstraint(
            ["circuit_id"],
            ["circuits.id"],
            name="fk_bookmarks_circuit_id_circuits",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["explanation_id"],
            ["explanations.id"],
            name="fk_bookmarks_explanation_id_explanations",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["model_id"], ["models.id"], name="fk_bookmarks_model_id_models", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["sites.id"], name="fk_bookmarks_site_id_sites", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_bookmarks"),
        sqlite_autoincrement=True,
    )
    unit = sa.text("site_id IS NOT NULL AND explanation_id IS NULL")
    for name, columns, where in (
        ("unit", ["actor", "site_id", "unit_index"], unit),
        ("explanation", ["actor", "explanation_id"], sa.text("explanation_id IS NOT NULL")),
        ("circuit", ["actor", "circuit_id"], sa.text("circuit_id IS NOT NULL")),
    ):
        op.create_index(
            f"ix_bookmarks_{name}",
            "bookmarks",
            columns,
            unique=True,
            sqlite_where=where,
            postgresql_where=where,
        )
    op.create_index("ix_bookmarks_actor_id", "bookmarks", ["actor", "id"])
    op.create_index("ix_bookmarks_circuit_id", "bookmarks", ["circuit_id"])
    op.create_index("ix_bookmarks_explanation_id", "bookmarks", ["explanation_id"])
    op.create_index("ix_bookmarks_model_id", "bookmarks", ["model_id"])
    op.create_index("ix_bookmarks_site_id", "bookmarks", ["site_id"])
    op.create_table(
        "notices",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("model_id", sa.Integer(), nullable=False),
        sa.Column("comment_id", sa.Integer(), nullable=True),
        sa.Column("explanation_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "kind IN ('mention', 'reply', 'comment', 'decision')", name=op.f("ck_notices_kind")
        ),
        sa.ForeignKeyConstraint(
            ["comment_id"],
            ["comments.id"],
            name="fk_notices_comment_id_comments",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["explanation_id"],
            ["explanations.id"],
            name="fk_notices_explanation_id_explanations",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["model_id"], ["models.id"], name="fk_notices_model_id_models", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_notices"),
        sa.UniqueConstraint("comment_id", "recipient", name="uq_notices_comment_id_recipient"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_notices_explanation_id", "notices", ["explanation_id"])
    op.create_index("ix_notices_model_id", "notices", ["model_id"])
    op.create_index("ix_notices_recipient_id", "notices", ["recipient", "id"])
    unread = sa.text("read_at IS NULL")
    op.create_index(
        "ix_notices_unread",
        "notices",
        ["recipient"],
        sqlite_where=unread,
        postgresql_where=unread,
    )
    op.add_column(
        "unit_lists",
        sa.Column("personal", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    # the feed of a model asks for kinds of what was done, and for a person's
    op.create_index("ix_audit_model_action_id", "audit", ["model", "action", "id"])
    op.create_index("ix_audit_model_actor_id", "audit", ["model", "actor", "id"])


def downgrade() -> None:
    op.drop_index("ix_audit_model_actor_id", "audit")
    op.drop_index("ix_audit_model_action_id", "audit")
    with op.batch_alter_table("unit_lists") as table:
        table.drop_column("personal")
    op.drop_table("notices")
    op.drop_table("bookmarks")
    op.drop_table("votes")
    op.drop_table("comments")
