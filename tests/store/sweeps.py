"""A second sweep of a model, which is the one that is shown from then on."""

from collections.abc import Sequence

from sqlalchemy import Engine, Table, insert, select

from app.store.engine import open_session
from app.store.tables import ArtifactTable, ModelTable, RunTable
from app.store.tables.base import Base


def sweep_again(
    engine: Engine, also: Sequence[type[Base]] = (), *, maximum: float | None = None
) -> tuple[int, int]:
    """The numbers of the first and the second; both have the same pools, and the rows of the
    tables `also`, with every maximum set to one number where it is given."""
    with open_session(engine, commit=True) as session:
        model = session.scalars(select(ModelTable)).one()
        first = session.get_one(RunTable, model.current_run_id)
        columns = {
            column.name: getattr(first, column.key)
            for column in RunTable.__table__.columns
            if column.name not in ("id", "job_id")
        }
        second = RunTable(**columns)
        session.add(second)
        session.flush()
        for copied in (ArtifactTable, *also):
            table = copied.__table__
            assert isinstance(table, Table)
            other = {"run_id": second.id}
            if copied is ArtifactTable:
                other |= {"id": None}
            if maximum is not None and "maximum" in table.c:
                other |= {"maximum": maximum}
            of_first = session.execute(select(table).where(table.c.run_id == first.id))
            rows = [dict(row) | other for row in of_first.mappings()]
            if rows:
                session.execute(insert(table), rows)
        model.current_run_id = second.id
        return first.id, second.id
