"""A second sweep of a model, which is the one that is shown from then on."""

from sqlalchemy import Engine, insert, select

from app.store.engine import open_session
from app.store.tables import ArtifactTable, ModelTable, RunTable


def sweep_again(engine: Engine) -> tuple[int, int]:
    """The numbers of the first and the second; both have the same pools."""
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
        pools = ArtifactTable.__table__
        for row in session.execute(select(pools).where(pools.c.run_id == first.id)).mappings():
            session.execute(insert(ArtifactTable).values({**row, "id": None, "run_id": second.id}))
        model.current_run_id = second.id
        return first.id, second.id
