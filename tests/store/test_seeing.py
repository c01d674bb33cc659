"""Lists and searches are limited to models while they are asked for; and whose something is."""

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.store.accounts.subjects import NOTHING, STANDINGS, maker_of
from app.store.engine import open_session
from app.store.listing import Named, add_units, create_unit_list
from app.store.queries.circuit_prompt import prompts_of
from app.store.queries.corpus import list_corpora
from app.store.queries.job import create_job, list_jobs
from app.store.queries.model import list_models
from app.store.queries.run import list_runs
from app.store.queries.search import search, search_explanations
from app.store.queries.unit_list import Reader, get_unit_list, list_unit_lists
from app.store.queries.vector import vectors_of
from app.store.requests import SweepRequest
from app.store.steering import create_vector
from app.store.synthetic import fill_synthetic

ONE, OTHER = "synthetic", "synthetic-2"
ONLY_ONE = frozenset({ONE})
NOBODYS: frozenset[str] = frozenset()
KINDS = ("circuit", "task", "vector")


@pytest.fixture
def two(engine: Engine, tmp_path) -> Engine:
    fill_synthetic(
        engine, data=tmp_path, models=2, layers=1, neurons=8, heads=2, windows=24,
        window_length=16, exemplars_per_kind=2,
    )  # fmt: skip
    with open_session(engine, commit=True) as session:
        for model in (ONE, OTHER):
            create_job(session, request=SweepRequest(model=model, corpus="starter"), actor="me")
            width = list_models(session)[0].facts["d_model"]
            create_vector(
                session, model=model, site="resid.0", label="a", values=[1.0] * width, actor="me"
            )
    return engine


def names(session: Session, models: frozenset[str] | None) -> list[set[str | None]]:
    return [
        {one.name for one in list_models(session, models=models)},
        {one.model for one in list_runs(session, models=models).items},
        {one.model for one in list_jobs(session, models=models).items},
        {one.model for one in vectors_of(session, actor="me", models=models)},
        {one.model for one in search(session, query="tokens", models=models, limit=100).items},
        {
            one.model
            for one in search_explanations(session, query="tokens", models=models, limit=100)[0]
        },
    ]


@pytest.mark.parametrize("models", [None, ONLY_ONE, NOBODYS])
def test_only_what_is_of_these_models_is_found(two: Engine, models: frozenset[str] | None):
    with open_session(two) as session:
        assert names(session, models) == [{ONE, OTHER} if models is None else set(models)] * 6


@pytest.mark.parametrize(("models", "n"), [(None, 1), (ONLY_ONE, 1), (NOBODYS, 0)])
def test_a_corpus_is_found_by_a_model_that_read_it(two: Engine, models, n: int):
    with open_session(two) as session:
        assert len(list_corpora(session, models=models)) == n
        assert prompts_of(session, actor="me", models=models) == []


def test_nothing_is_said_of_words_that_only_hidden_models_have(two: Engine):
    with open_session(two) as session:
        told = search(session, query="tokens", models=NOBODYS)
        nowhere = search(session, query="nosuchword", models=NOBODYS)
    assert told.note == nowhere.note
    assert [one.n for one in told.considered] == [one.n for one in nowhere.considered]


@pytest.mark.parametrize(
    ("reader", "seen"),
    [
        (None, {"one": 1, "both": 2, "other": 1, "empty": 0}),
        (Reader("ada", ONLY_ONE), {"one": 1, "both": 1}),
        (Reader("me", ONLY_ONE), {"one": 1, "both": 1, "other": 0, "empty": 0}),
        (Reader("me", NOBODYS), {}),
    ],
)
def test_a_reader_sees_lists_by_their_units_and_their_own(two: Engine, reader, seen):
    with open_session(two, commit=True) as session:
        for name, models in (
            ("one", [ONE]), ("both", [ONE, OTHER]), ("other", [OTHER]), ("empty", []),
        ):  # fmt: skip
            only = ONE if name == "one" else None
            made = create_unit_list(session, name=name, actor="me", model=only)
            units = [Named(model, "mlp.0", 1) for model in models]
            add_units(session, slug=made.slug, units=units, actor="me")
        found = list_unit_lists(session, reader=reader).items
        entries = {
            line.name: len(get_unit_list(session, slug=line.slug, reader=reader).entries)
            for line in found
        }
    assert {line.name: line.n_entries for line in found} == seen
    assert entries == seen


def test_whose_it_is_and_who_made_it(two: Engine):
    with open_session(two) as session:
        job = list_jobs(session, model=OTHER).items[0].id
        run = list_runs(session, models={OTHER}).items[0].id
        vector = vectors_of(session, actor="me", models={OTHER})[0].index
        job_of, run_of = STANDINGS["job"](session, job), STANDINGS["run"](session, f"{run}.0")
        corpus = STANDINGS["corpus"](session, "starter")
        makers = [
            maker_of(session, "vector", model=model, name=str(vector)) for model in (OTHER, ONE)
        ]
    assert job_of is not None
    assert (job_of.models, job_of.maker) == ((OTHER,), "me")
    assert run_of is not None
    assert run_of.models == (OTHER,)
    assert corpus is not None
    assert (set(corpus.models), corpus.shared) == ({ONE, OTHER}, True)
    assert makers == ["me", None]


@pytest.mark.parametrize("name", ["", "0", "-1", "9" * 30, "a\0", "\ud800", "x" * 2000, "1e3"])
def test_odd_names_are_of_nothing(engine: Engine, name: str):
    with open_session(engine) as session:
        found = [find(session, name) for find in STANDINGS.values()]
        made = [maker_of(session, kind, model=name, name=name) for kind in KINDS]
    assert [*found, *made] == [None] * (len(STANDINGS) + len(KINDS))
    assert {nothing(name).status for nothing in NOTHING.values()} == {404}
