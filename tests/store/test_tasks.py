"""Tasks: kept under a slug that people can read, told what a model makes of them, deleted."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, delete

from analysis.tasks.generating import GENERATORS as MADE
from analysis.tasks.task import Task
from app.errors import BadRequestError, ConflictError, NotFoundError
from app.store import writing_tasks
from app.store.circuit_request import GENERATORS
from app.store.engine import open_session
from app.store.queries.task import get_task, list_tasks
from app.store.tables import ModelTable, RunTable
from app.store.writing_circuits import keep_circuit
from app.store.writing_tasks import delete_task, keep_task, set_competence
from tests.store import rows
from tests.store.circuits import ODD_SLUGS, found, generated, imported

CAN = {"verdict": "can do", "reason": "Right in 2 of 2.", "accuracy": {"value": 1.0}}


@pytest.fixture
def toy(engine: Engine) -> Engine:
    with open_session(engine, commit=True) as session:
        for name in ("toy", "other"):
            model = rows.model(name)
            model.tokenizer_sha256 = "0" * 64
            session.add(model)
            session.flush()
            session.add_all([rows.site(model.id), rows.site(model.id, "attn.0", 2)])
            session.add(rows.run(model.id, "circuit"))
    return engine


def keep(engine: Engine, task=None, *, model: str = "toy", **options):
    with open_session(engine, commit=True) as session:
        return keep_task(session, model=model, task=task or generated(), actor="me", **options)


def test_a_task_is_read_back_as_it_was_given(toy: Engine):
    made = keep(toy, competence=CAN, run_id=1)
    with open_session(toy) as session:
        view = get_task(session, model="toy", slug=made.slug)
    assert view == made
    assert Task.model_validate_json(view.task) == generated()
    assert (view.slug, view.name, view.metric, view.source, view.n_pairs, view.n_circuits) == (
        "pronouns-2", "pronouns", "logit_difference", "pronouns", 2, 0,
    )  # fmt: skip
    assert (view.digest, view.tokenizer_sha256) == (generated().digest, "0" * 64)
    assert (view.competence, view.run_id, view.actor) == (CAN, 1, "me")


def test_a_task_of_a_file_is_called_after_its_name(toy: Engine):
    made = keep(toy, imported())
    assert (made.slug, made.source, made.metric) == ("who-thanked-whom", "thanks.jsonl", "kl")


def test_the_same_task_is_not_kept_twice_unless_it_gets_a_slug_of_its_own(toy: Engine):
    first, again = keep(toy), keep(toy)
    assert (first.slug, again.slug) == ("pronouns-2", "pronouns-2")
    assert keep(toy, slug="mine").slug == "mine"
    assert keep(toy, model="other").model == "other"


def test_a_second_task_of_the_same_name_gets_a_number(toy: Engine):
    keep(toy, imported())
    assert keep(toy, imported(n=3)).slug == "who-thanked-whom-2"
    assert keep(toy, imported(n=4)).slug == "who-thanked-whom-3"


def test_a_name_without_any_letter_makes_a_slug_all_the_same(toy: Engine):
    assert keep(toy, imported("¿谁?")).slug == "task"


def test_a_slug_that_is_taken_is_refused_with_what_to_do(toy: Engine):
    keep(toy, slug="mine")
    with pytest.raises(ConflictError, match="task that is called 'mine' already") as refused:
        keep(toy, generated(3), slug="mine")
    assert "Give another slug" in (refused.value.hint or "")
    assert keep(toy, model="other", slug="mine").slug == "mine"


@pytest.mark.parametrize("slug", ODD_SLUGS)
def test_a_slug_with_odd_characters_is_refused_and_not_found(toy: Engine, slug: str):
    with pytest.raises(BadRequestError, match="cannot be called"):
        keep(toy, slug=slug)
    with open_session(toy) as session, pytest.raises(NotFoundError):
        get_task(session, model="toy", slug=slug)


@pytest.mark.parametrize("slug", GENERATORS)
def test_no_task_is_called_as_a_kind_of_task_is(toy: Engine, slug: str):
    with pytest.raises(BadRequestError, match="stands for something else"):
        keep(toy, slug=slug)
    assert keep(toy, imported(slug)).slug == f"{slug}-2"


def test_the_kinds_that_no_task_is_called_as_are_those_that_are_made():
    assert set(GENERATORS) == set(MADE)


def test_a_task_of_another_tokenizer_is_refused(toy: Engine):
    other = generated().model_copy(update={"tokenizer_sha256": "1" * 64})
    with pytest.raises(BadRequestError, match="made for another tokenizer than that of toy"):
        keep(toy, other)


def test_a_task_that_is_too_large_is_refused(toy: Engine, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(writing_tasks, "LARGEST_CONTENT", 100)
    with pytest.raises(BadRequestError, match="no more than 0 MiB are kept"):
        keep(toy)


def test_who_keep_the_same_task_at_once_get_one_and_of_one_name_get_several(toy: Engine):
    with ThreadPoolExecutor(6) as threads:
        same = list(threads.map(lambda _: keep(toy).slug, range(6)))
        named = list(threads.map(lambda n: keep(toy, imported(n=n)).slug, range(2, 8)))
    assert set(same) == {"pronouns-2"}
    base = "who-thanked-whom"
    assert set(named) == {base, *(f"{base}-{number}" for number in range(2, 7))}


def test_of_those_who_want_one_slug_at_once_one_gets_it(toy: Engine):
    def attempt(n: int) -> str:
        try:
            return keep(toy, imported(n=n), slug="mine").slug
        except ConflictError:
            return "taken"

    with ThreadPoolExecutor(6) as threads:
        got = list(threads.map(attempt, range(2, 8)))
    assert sorted(got) == ["mine", *["taken"] * 5]


def test_competence_is_measured_anew(toy: Engine):
    keep(toy, competence={"verdict": "cannot do"})
    assert keep(toy).competence == {"verdict": "cannot do"}
    assert keep(toy, competence=CAN, run_id=1).competence == CAN
    with open_session(toy, commit=True) as session:
        view = set_competence(session, model="toy", slug="pronouns-2", competence={}, run_id=None)
    assert (view.competence, view.run_id) == ({}, None)


def test_tasks_are_listed_by_model_newest_first(toy: Engine):
    made = [keep(toy, generated(n)).slug for n in range(1, 6)]
    keep(toy, model="other")
    with open_session(toy) as session:
        first = list_tasks(session, model="toy", limit=3)
        rest = list_tasks(session, model="toy", limit=3, cursor=first.next_cursor)
    assert [line.slug for line in first.items + rest.items] == made[::-1]
    assert rest.next_cursor is None


def test_a_deleted_task_is_gone(toy: Engine):
    made = keep(toy)
    with open_session(toy, commit=True) as session:
        delete_task(session, model="toy", slug=made.slug, actor="me")
    with open_session(toy) as session, pytest.raises(NotFoundError, match="no task 'pronouns-2'"):
        get_task(session, model="toy", slug=made.slug)
    with open_session(toy, commit=True) as session, pytest.raises(NotFoundError):
        delete_task(session, model="toy", slug=made.slug, actor="me")


def test_a_task_that_circuits_name_is_not_deleted(toy: Engine):
    made = keep(toy)
    for _ in range(7):
        with open_session(toy, commit=True) as session:
            keep_circuit(session, model="toy", circuit=found(), actor="me", task=made.slug)
    with open_session(toy, commit=True) as session, pytest.raises(ConflictError) as refused:
        delete_task(session, model="toy", slug=made.slug, actor="me")
    assert "pronouns-2-5 and others" in refused.value.detail
    assert "Delete the circuits first" in (refused.value.hint or "")
    with open_session(toy) as session:
        assert get_task(session, model="toy", slug=made.slug).n_circuits == 7


def test_a_task_outlives_the_run_that_measured_it(toy: Engine):
    made = keep(toy, competence=CAN, run_id=1)
    with open_session(toy, commit=True) as session:
        session.execute(delete(RunTable).where(RunTable.id == 1))
    with open_session(toy) as session:
        assert get_task(session, model="toy", slug=made.slug).run_id is None


def test_tasks_go_with_their_model(toy: Engine):
    made = keep(toy)
    with open_session(toy, commit=True) as session:
        session.execute(delete(ModelTable).where(ModelTable.name == "toy"))
    with open_session(toy) as session, pytest.raises(NotFoundError, match="no model 'toy'"):
        get_task(session, model="toy", slug=made.slug)
