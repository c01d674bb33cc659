"""What a program is tried on, or why there is nothing to try it on."""

from pathlib import Path

import pytest
from sqlalchemy import Engine, delete, update

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
