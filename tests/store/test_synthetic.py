from pathlib import Path

from sqlalchemy import Engine, text

from app.settings import Settings
from app.store.engine import open_engine, open_session
from app.store.migrating import upgrade
from app.store.queries.exemplar import get_exemplars
from app.store.queries.job import list_jobs
from app.store.queries.model import get_model
from app.store.queries.unit import get_unit, list_units
from app.store.synthetic import fill_synthetic
from tests.conftest import Filled


def test_it_has_a_job_of_every_status(filled: Filled):
    with open_session(filled.engine) as session:
        jobs = list_jobs(session, model="synthetic").items
    assert {job.status for job in jobs} == {
        "queued", "running", "succeeded", "failed", "cancelled",
    }  # fmt: skip


def test_equal_arguments_make_equal_rows(tmp_path: Path):
    dumps = []
    for name in ("a", "b"):
        engine = open_engine(Settings(data=tmp_path / name))
        upgrade(engine)
        fill_synthetic(
            engine, data=tmp_path / name, layers=1, neurons=5, heads=1, windows=32, window_length=8
        )
        with engine.connect() as connection:
            rows = connection.execute(text("SELECT * FROM exemplars ORDER BY 1, 2, 3, 4, 5"))
            dumps.append([tuple(row) for row in rows])
    assert dumps[0] == dumps[1]
    assert dumps[0]


def test_a_large_store_has_everything_for_some_units_and_numbers_for_all(
    engine: Engine, settings: Settings
):
    (made,) = fill_synthetic(
        engine, data=settings.data, layers=3, neurons=500, heads=2, windows=32, window_length=16,
        full_exemplars=20,
    )  # fmt: skip
    assert len(made.full) == 20
    full = dict(made.full)
    site = next(site for site in full if site.startswith("mlp"))
    with open_session(engine) as session:
        assert get_model(session, name="synthetic").unit_count == 3 * 502
        unit = get_unit(session, model="synthetic", site=site, index=full[site])
        assert len(unit.exemplar_sets) == 12
        assert unit.output is not None
        plain = next(n for n in range(500) if (site, n) not in made.full)
        unit = get_unit(session, model="synthetic", site=site, index=plain)
        assert unit.exemplar_sets == [("fit", "top")]
        assert len(unit.statistics) == 4
        found = get_exemplars(session, model="synthetic", site=site, index=plain, kind="top")
        assert len(found.items) == 1
        assert len(list_units(session, model="synthetic", site=site, limit=200).items) == 200


def test_a_peak_is_never_past_the_end_of_a_short_window(engine: Engine, settings: Settings):
    fill_synthetic(
        engine, data=settings.data, layers=1, neurons=300, heads=0, windows=32, window_length=16,
        full_exemplars=5,
    )  # fmt: skip
    with open_session(engine) as session:
        items = [
            item
            for n in range(300)
            for item in get_exemplars(
                session, model="synthetic", site="mlp.0", index=n, kind="top"
            ).items
        ]
    assert any(len(item.tokens) < 16 for item in items)
    assert all(0 < item.peak_position < len(item.tokens) for item in items)
    assert all(item.activations[item.peak_position] is not None for item in items)
    assert all(set(item.activations[len(item.tokens) :]) <= {None} for item in items)
