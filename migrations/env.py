"""Runs migrations on the connection that `app.store.migrating` hands over.

Started by the `alembic` command of a developer, it opens the store of the settings itself.
"""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Connection

from app.settings import get_settings
from app.store.engine import begin, open_engine
from app.store.tables import Base
from app.store.tables.base import Json, Moment, Packed, has_class

TYPES = {Json: "sa.Text()", Moment: "sa.DateTime(timezone=True)", Packed: "sa.LargeBinary()"}


def render_item(kind: str, item: Any, autogen: AutogenContext) -> str | Literal[False]:  # noqa: ANN401, ARG001
    """A migration names plain column types: it must run long after our own types have changed."""
    return TYPES.get(type(item), False) if kind == "type" else False


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,
        render_item=render_item,
        compare_type=True,
        include_name=has_class,
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()


if "connection" in context.config.attributes:
    run(context.config.attributes["connection"])
else:
    with begin(open_engine(get_settings())) as opened:
        run(opened)
