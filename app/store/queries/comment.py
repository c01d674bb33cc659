"""Comments as one person may see them."""

from collections import defaultdict
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, func, or_, select
from sqlalchemy.orm import Session, aliased

from app.errors import ConflictError, NotFoundError
from app.store.paging import check_limit, is_integer, read_cursor, write_cursor
from app.store.queries.blindness import is_blind_for
from app.store.tables import CircuitTable, CommentTable, ExplanationTable, ModelTable, SiteTable
from app.store.topics import Topic
from app.store.views.comment import CommentView, DiscussionView, ThreadView

SORT: Final = "comments"
THREADS: Final = 30
"""That a page shows."""
WITHHELD: Final = (
    "A campaign may yet ask you about this explanation: what others say of it would sway you."
)
Circuit = aliased(CircuitTable)
ROWS: Final = (
    select(
        CommentTable.id, ModelTable.name.label("model"), SiteTable.name.label("site"),
        CommentTable.unit_index.label("index"), CommentTable.explanation_id,
        ExplanationTable.version, Circuit.slug.label("circuit"), CommentTable.parent_id,
        CommentTable.actor, CommentTable.text, CommentTable.mentions, CommentTable.created_at,
        CommentTable.edited_at, CommentTable.withdrawn_at, CommentTable.withdrawn_by,
    )
    .join(ModelTable, ModelTable.id == CommentTable.model_id)
    .outerjoin(SiteTable, SiteTable.id == CommentTable.site_id)
    .outerjoin(ExplanationTable, ExplanationTable.id == CommentTable.explanation_id)
    .outerjoin(Circuit, Circuit.id == CommentTable.circuit_id)
)  # fmt: skip


def discussion_of(
    session: Session,
    topic: Topic,
    *,
    actor: str,
    may_judge: bool,
    limit: int = THREADS,
    cursor: str | None = None,
) -> DiscussionView:
    """The newest threads about it, oldest first, with all of their replies; `may_judge`: whether
    this person has the right to, so that a campaign could ask them."""
    check_limit(limit)
    about = _about(topic)
    n = session.scalars(select(func.count()).select_from(CommentTable).where(about)).one()
    number = topic.explanation_id
    if number is not None and may_judge and is_blind_for(session, number, actor):
        return DiscussionView(n_comments=n, withheld=True, threads=[], next_cursor=None)
    if not n:
        return DiscussionView(n_comments=0, withheld=False, threads=[], next_cursor=None)
    query = ROWS.where(about, CommentTable.parent_id.is_(None)).order_by(CommentTable.id.desc())
    if cursor is not None:
        query = query.where(CommentTable.id < read_cursor(cursor, SORT)[1])
    rows = session.execute(query.limit(limit + 1)).all()
    shown, more = rows[:limit], len(rows) > limit
    replies: dict[int, list[CommentView]] = defaultdict(list)
    under = ROWS.where(CommentTable.parent_id.in_([row.id for row in shown]))
    for row in session.execute(under.order_by(CommentTable.id)):
        replies[row.parent_id].append(CommentView(**_fields(row)))
    return DiscussionView(
        n_comments=n,
        withheld=False,
        threads=[ThreadView(**_fields(row), replies=replies[row.id]) for row in reversed(shown)],
        next_cursor=write_cursor(SORT, None, shown[-1].id) if more else None,
    )


def get_comment(session: Session, *, comment_id: int) -> CommentView:
    """Raises NotFoundError."""
    row = None
    if is_integer(comment_id):
        row = session.execute(ROWS.where(CommentTable.id == comment_id)).one_or_none()
    if row is None:
        raise no_comment(comment_id)
    return CommentView(**_fields(row))


def require_shown(session: Session, view: CommentView, *, actor: str, may_judge: bool) -> None:
    """Raises ConflictError where this person must not read it yet."""
    number = view.explanation_id
    if number is not None and may_judge and is_blind_for(session, number, actor):
        raise ConflictError(WITHHELD, hint="It is shown once you have answered, or skipped it.")


def count_later(session: Session, topic: Topic, thread: int) -> int:
    """Threads about it that began after this one."""
    query = select(func.count()).select_from(CommentTable)
    query = query.where(_about(topic), CommentTable.parent_id.is_(None), CommentTable.id > thread)
    return session.scalars(query).one()


def require_comment(session: Session, comment_id: int) -> Row[*tuple[Any, ...]]:
    """What it is about, and what it replies to. Raises NotFoundError."""
    row: Row[*tuple[Any, ...]] | None = None
    if is_integer(comment_id):
        query = (
            select(
                CommentTable.id, CommentTable.parent_id, CommentTable.model_id,
                CommentTable.site_id, CommentTable.unit_index, CommentTable.explanation_id,
                CommentTable.circuit_id,
                func.coalesce(ExplanationTable.origin_id, ExplanationTable.id).label("origin_id"),
            )
            .outerjoin(ExplanationTable, ExplanationTable.id == CommentTable.explanation_id)
            .where(CommentTable.id == comment_id)
        )  # fmt: skip
        row = session.execute(query).one_or_none()
    if row is None:
        raise no_comment(comment_id)
    return row


def no_comment(comment_id: int | str) -> NotFoundError:
    return NotFoundError(
        f"There is no comment {comment_id}.", hint="Comments stand on the page of their subject."
    )


def _about(topic: Topic) -> ColumnElement[bool]:
    """Of an explanation, what was said of any of its versions."""
    if topic.circuit_id is not None:
        return CommentTable.circuit_id == topic.circuit_id
    if topic.explanation_id is None:
        return (
            (CommentTable.site_id == topic.site_id)
            & (CommentTable.unit_index == topic.unit_index)
            & CommentTable.explanation_id.is_(None)
        )
    Version = aliased(ExplanationTable)
    versions = select(Version.id).where(
        or_(Version.id == topic.origin_id, Version.origin_id == topic.origin_id)
    )
    return CommentTable.explanation_id.in_(versions)


def _fields(row: Row[*tuple[Any, ...]]) -> dict[str, Any]:
    """Of what was withdrawn, not what it said."""
    fields = dict(row._mapping)
    if row.withdrawn_at is not None:
        fields |= {"text": None, "mentions": []}
    return fields
