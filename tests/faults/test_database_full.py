import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from app.errors import UnavailableError
from app.settings import Settings
from app.store.checking import check
from app.store.engine import begin, open_engine, open_session
from app.store.migrating import upgrade
from app.store.tables import ExemplarTable
from app.store.writing import ExemplarRow, write_site
from tests.store import rows

BLOB = bytes(4000)

QUOTA = """
import resource, sys
from pathlib import Path
from app.errors import UnavailableError
from app.settings import Settings
from app.store.engine import open_engine
from tests.faults.test_database_full import write_exemplars
engine = open_engine(Settings(data=Path(sys.argv[1])))
with engine.connect(): pass
resource.setrlimit(resource.RLIMIT_FSIZE, (2_900_000, 2_900_000))
try:
    for split in ("fit", "test", "calibration"):
        write_exemplars(engine, split)
        print("wrote", split)
except UnavailableError as error:
    print("refused:", error.detail)
"""


@pytest.fixture
def ready(tmp_path: Path) -> Engine:
    """A store with run 1 and site 1."""
    engine = open_engine(Settings(data=tmp_path))
    upgrade(engine)
    with open_session(engine, commit=True) as session:
        model = rows.model()
        session.add(model)
        session.flush()
        session.add_all([rows.site(model.id), rows.run(model.id)])
    return engine


def write_exemplars(engine: Engine, split: str, units: int = 200) -> None:
    with begin(engine) as connection:
        write_site(
            connection,
            run_id=1,
            site_id=1,
            exemplars=[
                ExemplarRow(unit, split, b"", b"", b"", b"", b"", b"", BLOB)
                for unit in range(units)
            ],
        )


def limit_pages(engine: Engine, pages: int) -> None:
    """For the one connection of the pool: as if the disk ended here."""
    with engine.connect() as connection:
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")


def stored(engine: Engine) -> dict[str, int]:
    with open_session(engine) as session:
        found = session.execute(text("SELECT split, count(*) FROM exemplars GROUP BY split"))
        return {split: n for split, n in found}  # noqa: C416 (a Result is no mapping)


def test_a_full_disk_undoes_the_unfinished_write_and_keeps_the_rest(ready: Engine, tmp_path: Path):
    write_exemplars(ready, "fit")
    with ready.connect() as connection:
        used = int(connection.exec_driver_sql("PRAGMA page_count").scalar_one())
    limit_pages(ready, used + 20)
    with pytest.raises(UnavailableError, match="disk is full") as caught:
        write_exemplars(ready, "test")
    assert "Free some space" in str(caught.value.hint)
    assert "Nothing that was stored before is lost" in caught.value.detail
    assert stored(ready) == {"fit": 200}
    assert check(ready, data=tmp_path) == []
    limit_pages(ready, used + 10_000)  # space was freed: the same write now goes through
    write_exemplars(ready, "test")
    assert stored(ready) == {"fit": 200, "test": 200}


def test_a_quota_on_file_size_undoes_the_unfinished_write_and_keeps_the_rest(
    ready: Engine, tmp_path: Path
):
    done = subprocess.run(
        [sys.executable, "-c", QUOTA, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    lines = done.stdout.splitlines()
    assert lines[0] == "wrote fit"
    assert lines[-1].startswith("refused: ")
    assert "disk" in lines[-1]
    written = [line.split()[1] for line in lines[:-1]]
    assert stored(ready) == dict.fromkeys(written, 200)
    for split in ("fit", "test", "calibration"):
        write_exemplars(ready, split)
    with open_session(ready) as session:
        assert session.query(ExemplarTable).count() == 600


def test_a_full_disk_while_migrating_leaves_no_half_made_tables(tmp_path: Path):
    engine = open_engine(Settings(data=tmp_path))
    limit_pages(engine, 10)
    with pytest.raises(UnavailableError, match="disk is full"):
        upgrade(engine)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM sqlite_master")).scalar() == 0
    limit_pages(engine, 10_000)
    assert upgrade(engine) is not None
