import pytest

from app.errors import BadRequestError, NotFoundError
from app.store.engine import open_session
from app.store.queries.run import get_run, list_artifacts, list_runs
from tests.conftest import Filled


def test_a_run_tells_where_its_numbers_come_from(filled: Filled):
    with open_session(filled.engine) as session:
        run = get_run(session, run_id=2)
    assert (run.kind, run.model, run.corpus, run.status) == (
        "sweep", "synthetic", "starter", "finished",
    )  # fmt: skip
    assert run.window_counts is not None
    assert sum(run.window_counts.values()) == 64
    assert run.duration_seconds == 42
    assert run.documents_sha256
    assert run.parameters["histogram"]["bins"] == 128


def test_runs_beside_a_sweep_name_it(filled: Filled):
    with open_session(filled.engine) as session:
        assert {get_run(session, run_id=n).of_run_id for n in (3, 4, 5)} == {2}


def test_runs_come_newest_first_and_page_by_cursor(filled: Filled):
    with open_session(filled.engine) as session:
        first = list_runs(session, limit=5)
        rest = list_runs(session, limit=6, cursor=first.next_cursor)
        sweeps = list_runs(session, model="synthetic", kind="sweep")
    assert [run.id for run in first.items + rest.items] == [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]
    assert rest.next_cursor is None
    assert [run.id for run in sweeps.items] == [2, 1]


@pytest.mark.parametrize("run_id", [0, 99, -1, 10**30])
def test_a_run_that_is_not_there_is_not_found(filled: Filled, run_id: int):
    with open_session(filled.engine) as session:
        for query in (get_run, list_artifacts):
            with pytest.raises(NotFoundError):
                query(session, run_id=run_id)


@pytest.mark.parametrize("options", [{"kind": "walk"}, {"limit": 201}, {"cursor": "x"}])
def test_what_cannot_be_meant_is_refused(filled: Filled, options):
    with open_session(filled.engine) as session, pytest.raises(BadRequestError):
        list_runs(session, **options)


def test_runs_of_a_model_that_is_not_there_are_not_found(filled: Filled):
    with open_session(filled.engine) as session, pytest.raises(NotFoundError):
        list_runs(session, model="none")


def test_artifacts_say_what_the_files_hold(filled: Filled):
    with open_session(filled.engine) as session:
        artifacts = list_artifacts(session, run_id=2)
    assert len(artifacts) == 12
    assert {artifact.site for artifact in artifacts} == {"attn.0", "mlp.0", "attn.1", "mlp.1"}
    for artifact in artifacts:
        units, windows, length = artifact.shape
        assert artifact.n_bytes == units * windows * length * 2
