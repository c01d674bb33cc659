"""`models list`, `corpora list`, `db check`: what users see of what is stored."""

from sqlalchemy import text

from app.settings import Settings
from app.store.engine import begin, open_engine
from app.store.synthetic import fill_synthetic
from tests.cli.conftest import Run

EVIL = "a\x1b]0;title\x07b\u202ec"
SHOWN = r"a\x1b]0;title\x07b\u202ec"


def test_no_folder_that_was_added_and_no_path_steers_the_terminal(
    run: Run, store: Settings
) -> None:
    engine = open_engine(store)
    fill_synthetic(
        engine, data=store.data, layers=1, neurons=4, heads=2, windows=32, window_length=16
    )
    with begin(engine) as connection:
        connection.execute(text("UPDATE models SET source = :evil"), {"evil": EVIL})
        connection.execute(text("UPDATE corpora SET source = :evil"), {"evil": EVIL})
        connection.execute(text("UPDATE artifacts SET path = :evil WHERE id = 1"), {"evil": EVIL})
    listed = (run("models", "list"), run("corpora", "list"), run("db", "check"))
    for output in (listed[0].stdout, listed[1].stdout, listed[2].stderr):
        assert SHOWN in output
        assert all(line.isprintable() for line in output.splitlines())
