import numpy as np
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError

from app.store.engine import begin, open_session
from app.store.tables import (
    ExemplarTable,
    OutputSideTable,
    RelatedUnitTable,
    UnitHistogramTable,
    UnitStatisticsTable,
)
from app.store.writing import (
    ExemplarRow,
    HistogramRow,
    OutputSideRow,
    PatternRow,
    RelatedRow,
    StatisticsRow,
    SummaryRow,
    write_output_sides,
    write_related,
    write_site,
)
from tests.store import rows

RUN, SITE = 1, 1


@pytest.fixture
def ready(engine: Engine) -> Engine:
    """A store with run 1 and sites 1 and 2."""
    with open_session(engine, commit=True) as session:
        model = rows.model()
        session.add(model)
        session.flush()
        session.add_all([rows.site(model.id), rows.site(model.id, "mlp.1"), rows.run(model.id)])
    return engine


def statistics(split: str, unit: int, mean: float | None = 0.1) -> StatisticsRow:
    return StatisticsRow(split, unit, 2, 2**40, 0, mean, 1.0, 0.0, 3.0, -1.0, 1.0, 0.5, 0.1)


def histograms(split: str, *units: int, content: bytes = b"h") -> list[HistogramRow]:
    return [HistogramRow(split, unit, content) for unit in units]


def exemplars(unit: int, split: str, activations: bytes = b"\0\1") -> ExemplarRow:
    return ExemplarRow(unit, split, b"g", b"e", b"c", b"w", b"p", b"q", activations)


def dump(engine: Engine) -> list[tuple[object, ...]]:
    with engine.connect() as connection:
        return [
            tuple(bytes(v) if isinstance(v, memoryview) else v for v in row)
            for name in ("unit_statistics", "unit_histograms", "exemplars",
                         "attention_patterns", "site_summaries")
            for row in connection.execute(text(f"SELECT * FROM {name} ORDER BY 1, 2, 3, 4, 5"))  # noqa: S608
        ]  # fmt: skip


def write_everything(engine: Engine, split: str, mean: float) -> None:
    with begin(engine) as connection:
        write_site(
            connection,
            run_id=RUN,
            site_id=SITE,
            statistics=[statistics(split, unit, mean) for unit in range(3)],
            histograms=histograms(split, 0, 1, 2),
            exemplars=[exemplars(unit, split) for unit in range(3)],
            patterns=[PatternRow(0, split, "top", 4, b"s", b"w")],
            summaries=[SummaryRow(split, "mean", 3, 0, 0, 0, b"e", b"c", b"q")],
        )


def test_writing_twice_leaves_the_same_rows(ready: Engine):
    write_everything(ready, "fit", 0.25)
    once = dump(ready)
    assert len(once) == 11
    write_everything(ready, "fit", 0.25)
    assert dump(ready) == once


def test_new_rows_replace_those_of_their_split_only(ready: Engine):
    write_everything(ready, "fit", 0.25)
    write_everything(ready, "test", 0.5)
    with begin(ready) as connection:
        write_site(
            connection, run_id=RUN, site_id=SITE, statistics=[statistics("fit", 7, 0.75)],
            histograms=histograms("fit", 7, content=b"new"),
        )  # fmt: skip
    with open_session(ready) as session:
        found = session.query(UnitStatisticsTable).order_by("split", "unit_index").all()
        kept = session.query(UnitHistogramTable).order_by("split", "unit_index").all()
    assert [(row.split, row.unit_index, row.mean) for row in found] == [
        ("fit", 7, 0.75), ("test", 0, 0.5), ("test", 1, 0.5), ("test", 2, 0.5),
    ]  # fmt: skip
    assert found[0].n_positions == 2**40
    assert [(row.split, row.unit_index, row.histogram) for row in kept] == [
        ("fit", 7, b"new"), ("test", 0, b"h"), ("test", 1, b"h"), ("test", 2, b"h"),
    ]  # fmt: skip


def test_other_sites_and_kinds_of_rows_stay(ready: Engine):
    write_everything(ready, "fit", 0.25)
    with begin(ready) as connection:
        for site_id, mean in ((2, None), (SITE, 0.1)):
            write_site(
                connection, run_id=RUN, site_id=site_id, statistics=[statistics("fit", 0, mean)],
                histograms=histograms("fit", 0),
            )  # fmt: skip
    with open_session(ready) as session:
        assert session.query(UnitStatisticsTable).count() == 2
        assert session.query(ExemplarTable).count() == 3
        assert session.query(UnitStatisticsTable).filter_by(site_id=2).one().mean is None


def test_a_failure_leaves_what_was_there(ready: Engine):
    write_everything(ready, "fit", 0.25)
    before = dump(ready)
    twice = [statistics("fit", 0), statistics("fit", 0)]
    with pytest.raises(IntegrityError), begin(ready) as connection:
        write_site(
            connection, run_id=RUN, site_id=SITE, statistics=twice,
            histograms=histograms("fit", 0, 1),
        )  # fmt: skip
    assert dump(ready) == before


def test_numpy_numbers_are_refused_before_they_become_bytes(ready: Engine):
    row = statistics("fit", 0)._replace(mean=np.float32(1))
    with pytest.raises(TypeError, match=r"StatisticsRow\.mean"), begin(ready) as connection:
        write_site(
            connection, run_id=RUN, site_id=SITE, statistics=[row], histograms=histograms("fit", 0)
        )


def test_a_row_of_the_wrong_length_is_refused(ready: Engine):
    with pytest.raises(ValueError, match="13 values"), begin(ready) as connection:
        write_site(
            connection, run_id=RUN, site_id=SITE, statistics=[("fit", 0)],
            histograms=histograms("fit", 0),
        )  # fmt: skip


def test_statistics_without_their_histograms_are_refused(ready: Engine):
    with (
        pytest.raises(ValueError, match="statistics, 0 hist"),
        begin(ready) as connection,
    ):
        write_site(connection, run_id=RUN, site_id=SITE, statistics=[statistics("fit", 0)])


def test_output_sides_and_relatives_are_replaced_too(ready: Engine):
    for norm in (1.0, 2.0):
        with begin(ready) as connection:
            write_output_sides(
                connection, run_id=RUN, site_id=SITE, rows=[OutputSideRow(0, norm, b"", b"", b"")]
            )
            write_related(
                connection, run_id=RUN, site_id=SITE,
                rows=[RelatedRow(0, "output", b"s", b"i", bytes([int(norm)]), None)],
            )  # fmt: skip
    with begin(ready) as connection:
        write_related(
            connection,
            run_id=RUN,
            site_id=SITE,
            rows=[RelatedRow(0, "activity", b"s", b"i", b"v", None)],
        )
    with open_session(ready) as session:
        assert session.query(OutputSideTable).one().norm == 2
        assert [row.method for row in session.query(RelatedUnitTable).order_by("method")] == [
            "activity",
            "output",
        ]
