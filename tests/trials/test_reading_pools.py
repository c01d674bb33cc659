"""What a program is tried on, or why there is nothing to try it on."""

from pathlib import Path

import pytest
from sqlalchemy import Engine, delete, select, update

from app.errors import NotFoundError
from app.store.engine import open_session
from app.store.queries.trial import read_trial
from app.store.tables import ArtifactTable, RunTable


@pytest.mark.parametrize(
    ("status", "said"), [("running", "still runs"), ("finished", "kept no pools")]
)
def test_without_pools_it_says_whether_they_will_come(
    small: Engine, tmp_path: Path, status: str, said: str
) -> None:
    with open_session(small, commit=True) as session:
        session.execute(delete(ArtifactTable))
        session.execute(update(RunTable).values(status=status))
    with (
        open_session(small) as session,
        pytest.raises(NotFoundError, match=said),
    ):
        read_trial(session, model="synthetic", site="mlp.0", index=1, data=tmp_path)


def test_a_sweep_that_kept_calibration_windows_is_read_without_them(
    small: Engine, tmp_path: Path
) -> None:
    with open_session(small, commit=True) as session:
        pool = select(ArtifactTable).where(ArtifactTable.split == "test")
        for row in session.scalars(pool).all():
            kept = {column.name: getattr(row, column.name) for column in row.__table__.columns}
            session.add(ArtifactTable(**{**kept, "id": None, "split": "calibration"}))
    with open_session(small) as session:
        place = {"model": "synthetic", "site": "mlp.0", "index": 1, "data": tmp_path}
        assert set(read_trial(session, **place).splits) > {"fit", "calibration", "test"}
        assert set(read_trial(session, **place, only={"fit", "test"}).splits) == {"fit", "test"}
