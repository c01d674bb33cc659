"""Experiments: kept under a permalink, found again, named, forked, deleted."""

import re
from dataclasses import replace
from threading import Thread

import pytest
from sqlalchemy import Engine, delete, event, func, select

from app.errors import BadRequestError, ConflictError, NotFoundError
from app.store.abridging import abridged
from app.store.checking import check
from app.store.engine import open_session
from app.store.experimenting import (
    Conducted,
    create_experiment,
    delete_experiment,
    describe_experiment,
    fork_experiment,
    set_continuations,
)
from app.store.queries.experiment import (
    find_of_run,
    get_experiment,
    list_experiments,
    require_room,
)
from app.store.queries.run import get_run, list_runs
from app.store.showing import choose_shown
from app.store.tables import ExperimentTable, ModelTable, RunTable
from tests.store import rows
from tests.store.experiments import ABLATE, HALVE, conducted, generated


@pytest.fixture
def toy(engine: Engine) -> Engine:
    with open_session(engine, commit=True) as session:
        session.add_all([rows.model(), rows.model("other")])
    return engine


def create(engine: Engine, what: Conducted | None = None, *, model: str = "toy", **options):
    with open_session(engine, commit=True) as session:
        return create_experiment(
            session, model=model, conducted=what or conducted(), **{"actor": "me", **options}
        )


def listed(engine: Engine, **options) -> list[str]:
    with open_session(engine) as session:
        return [line.slug for line in list_experiments(session, **options).items]


def test_an_experiment_is_read_back_as_it_was_asked_and_answered(toy: Engine):
    made = create(toy, conducted(edits=(HALVE,)), name=" Halves a head ", note="Why not?")
    assert re.fullmatch("[A-Za-z0-9_-]{12}", made.slug)
    with open_session(toy) as session:
        view = get_experiment(session, slug=made.slug)
    assert view == made
    assert (view.model, view.kind, view.name, view.note) == (
        "toy", "experiment", "Halves a head", "Why not?",
    )  # fmt: skip
    assert view.request == conducted(edits=(HALVE,)).request
    assert view.answer == conducted().answer
    assert (view.prompt, view.n_edits, view.places) == ("The cat sat", 1, ["attn.0/1"])
    assert (view.parent, view.continuations, view.forks) == (None, None, [])


def test_its_numbers_belong_to_a_run_that_leads_back_to_it(toy: Engine):
    made = create(toy)
    with open_session(toy) as session:
        run = get_run(session, run_id=made.run_id)
    assert (run.kind, run.method, run.status, run.seed) == (
        "experiment",
        "experiment",
        "finished",
        7,
    )
    assert (run.dtype, run.device, run.code_version) == ("float32", "cpu", "0.1.0")
    assert run.parameters == {"experiment": made.slug, "n_edits": 1}
    assert run.measured == {"queue_ms": 1.5, "model_ms": 20.0, "clean_reused": True}
    assert run.duration_seconds == pytest.approx(0.0215)


def test_runs_of_experiments_are_listed_only_where_they_are_asked_for(toy: Engine):
    made = create(toy)
    with open_session(toy) as session:
        assert list_runs(session).items == []
        found = list_runs(session, kind="experiment", model="toy").items
    assert [run.id for run in found] == [made.run_id]


def test_a_run_of_an_experiment_is_not_shown_as_a_sweep(toy: Engine):
    made = create(toy)
    with open_session(toy, commit=True) as session:
        assert find_of_run(session, run_id=made.run_id) == made.slug
        assert find_of_run(session, run_id=made.run_id + 1) is None
        with pytest.raises(ConflictError, match="an experiment's"):
            choose_shown(session, run_id=made.run_id, actor="me")


def test_the_same_request_of_the_same_actor_keeps_its_permalink(toy: Engine):
    first = create(toy)
    assert create(toy).slug == first.slug
    others = [
        create(toy, actor="you"),
        create(toy, conducted("The dog sat")),
        create(toy, model="other"),
        create(toy, name="Again"),
        create(toy, note="Again"),
        create(toy, parent=first.slug),
    ]
    assert len({first.slug, *(other.slug for other in others)}) == 7
    with open_session(toy) as session:
        assert session.scalar(select(func.count()).select_from(RunTable)) == 7


def test_asked_twice_of_the_same_parent_it_is_one_fork(toy: Engine):
    parent = create(toy, name="Mine")
    fork = create(toy, parent=parent.slug)
    assert create(toy, parent=parent.slug).slug == fork.slug != parent.slug
    assert create(toy).slug not in (fork.slug, parent.slug)


def test_what_was_named_since_is_not_given_to_who_asks_without_a_name(toy: Engine):
    first = create(toy)
    with open_session(toy, commit=True) as session:
        describe_experiment(session, slug=first.slug, actor="me", changes={"name": "Kept"})
    again = create(toy)
    assert again.slug != first.slug
    assert create(toy).slug == again.slug


def test_two_who_ask_the_same_at_once_get_one_permalink(toy: Engine):
    slugs: list[str] = []
    threads = [Thread(target=lambda: slugs.append(create(toy).slug)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(slugs) == 4
    assert len(set(slugs)) == 1


def test_lists_are_newest_first_and_page_by_cursor(toy: Engine):
    made = [create(toy, conducted(f"text {n}")).slug for n in range(5)]
    with open_session(toy) as session:
        first = list_experiments(session, model="toy", limit=3)
        rest = list_experiments(session, model="toy", limit=3, cursor=first.next_cursor)
    assert [line.slug for line in first.items + rest.items] == made[::-1]
    assert rest.next_cursor is None


def test_lists_are_filtered_by_model_actor_kind_name_and_text(toy: Engine):
    plain = create(toy).slug
    named = create(toy, name="100 % Cats", note="of 100").slug
    foreign = create(toy, model="other", actor="you", note="dogs_and cats").slug
    assert listed(toy, model="toy") == [named, plain]
    assert listed(toy, actor="you") == [foreign]
    assert listed(toy, named=True) == [named]
    assert listed(toy, text="cats") == [foreign, named]
    assert listed(toy, text="0 %") == [named]
    assert listed(toy, text="dogs_a") == [foreign]
    assert listed(toy, text="dogsxa") == []
    assert listed(toy, text="a\0b") == []
    assert listed(toy, kind="generation") == []


def test_a_list_reads_lines_and_no_requests(toy: Engine):
    create(toy, conducted("The cat \0sat " * 50, edits=(HALVE, ABLATE, HALVE)))
    statements: list[str] = []
    event.listen(toy, "before_cursor_execute", lambda *given: statements.append(given[2]))
    with open_session(toy) as session:
        (line,) = list_experiments(session, model="toy").items
    assert len(line.prompt) == 200
    assert line.prompt.startswith("The cat \ufffdsat")
    assert (line.n_edits, line.places) == (3, ["attn.0/1", "mlp.0/3"])
    (listing,) = (one for one in statements if "experiments" in one)
    for large in ("request", "answer", "continuations"):
        assert f"experiments.{large}" not in listing


def test_a_list_says_what_is_edited_and_of_a_conversation_the_last_message(toy: Engine):
    turns = [{"role": "user", "content": "Hello"}, {"role": "user", "content": "Bye"}]
    asked = {
        "prompt": {"turns": turns},
        "edits": [{"site": f"resid.{n}", "index": None} for n in range(10)],
    }
    create(toy, replace(conducted(), request=asked))
    create(toy, replace(conducted(), request={"prompt": {"tokens": [1, 2]}}))
    with open_session(toy) as session:
        ids, chat = list_experiments(session).items
    assert (ids.prompt, ids.n_edits, ids.places) == (None, 0, [])
    assert (chat.prompt, chat.n_edits) == ("Bye", 10)
    assert chat.places == [f"resid.{n}" for n in range(8)]


def test_of_a_sweep_a_list_says_which_sites():
    assert abridged({"sites": ["mlp.1"], "operation": "zero"})["places"] == ["mlp.1"]
    assert abridged({"sites": None, "operation": "zero"})["places"] == []


def test_when_as_many_are_stored_as_may_be_there_is_no_room_until_one_is_deleted(toy: Engine):
    with open_session(toy) as session:
        require_room(session, most=1)
    slugs = [create(toy, conducted(f"text {n}")).slug for n in range(4)]
    with open_session(toy, commit=True) as session:
        delete_experiment(session, slug=slugs[1], actor="me")
        require_room(session, most=4)  # one more than there are, though as many ids were given
        with pytest.raises(ConflictError, match="3 experiments are stored") as told:
            require_room(session, most=3)
        assert "Delete some" in told.value.hint
        assert "PATCHCLAMP_MOST_EXPERIMENTS" in told.value.hint
        delete_experiment(session, slug=slugs[0], actor="me")
        require_room(session, most=3)


def test_a_name_and_a_note_are_changed_and_taken_away(toy: Engine):
    slug = create(toy, name="First").slug
    with open_session(toy, commit=True) as session:
        changes = {"name": "Second\0", "note": " so "}
        view = describe_experiment(session, slug=slug, actor="me", changes=changes)
        assert (view.name, view.note) == ("Second\ufffd", "so")
        assert view.updated_at > view.created_at
        view = describe_experiment(session, slug=slug, actor="me", changes={"name": " "})
        assert (view.name, view.note) == (None, "so")
        view = describe_experiment(session, slug=slug, actor="me", changes={"note": None})
        assert (view.name, view.note) == (None, None)


def test_a_fork_has_the_numbers_of_the_same_run_and_names_its_parent(toy: Engine):
    parent = create(toy, name="Mine")
    with open_session(toy, commit=True) as session:
        fork = fork_experiment(session, slug=parent.slug, actor="you", name="Yours")
        assert get_experiment(session, slug=parent.slug).forks == [fork.slug]
    assert (fork.parent, fork.actor, fork.name) == (parent.slug, "you", "Yours")
    assert (fork.run_id, fork.request, fork.answer) == (
        parent.run_id, parent.request, parent.answer,
    )  # fmt: skip


def test_a_fork_of_another_models_experiment_is_refused(toy: Engine):
    parent = create(toy)
    with pytest.raises(BadRequestError, match="another model"):
        create(toy, model="other", parent=parent.slug)


def test_forks_outlive_what_they_were_forked_from(toy: Engine):
    parent = create(toy)
    with open_session(toy, commit=True) as session:
        fork = fork_experiment(session, slug=parent.slug, actor="me")
    with open_session(toy, commit=True) as session:
        delete_experiment(session, slug=parent.slug, actor="me")
    with open_session(toy, commit=True) as session:
        kept = get_experiment(session, slug=fork.slug)
        assert (kept.parent, kept.answer) == (None, parent.answer)
        assert find_of_run(session, run_id=kept.run_id) == fork.slug
        assert get_run(session, run_id=kept.run_id).kind == "experiment"
        delete_experiment(session, slug=fork.slug, actor="me")
    with open_session(toy) as session:
        assert session.scalars(select(RunTable.id)).all() == []
        assert session.scalars(select(ExperimentTable.id)).all() == []


def test_continuations_are_kept_with_it_once_they_have_ended(toy: Engine):
    slug = create(toy).slug
    request, tokens, end = generated()
    streamed = {
        "request": request.model_dump(mode="json", exclude={"model"}),
        "tokens": [token.model_dump(mode="json") for token in tokens],
        "end": end.model_dump(mode="json"),
    }
    with open_session(toy, commit=True) as session:
        set_continuations(session, slug=slug, **streamed)
    with open_session(toy) as session:
        assert get_experiment(session, slug=slug).continuations == streamed


def test_a_generation_alone_is_an_experiment_too(toy: Engine):
    request, tokens, end = generated()
    what = Conducted(
        "generation",
        request.model_dump(mode="json", exclude={"model"}),
        end.model_dump_json().encode(),
        end.ran.model_dump(mode="json"),
        {"tokens": [token.model_dump(mode="json") for token in tokens]},
    )
    made = create(toy, what)
    told = made.model_dump(mode="json")["answer"]
    assert told["reasons"] == {"clean": "length", "edited": "end"}
    assert listed(toy, kind="generation") == [made.slug]


@pytest.mark.parametrize("slug", ["", "x" * 12, "../../etc/pw", "a" * 5000, "ab\0defghijkl"])
def test_an_experiment_that_is_not_there_is_not_found(toy: Engine, slug: str):
    with open_session(toy, commit=True) as session:
        for ask in (
            lambda: get_experiment(session, slug=slug),
            lambda: fork_experiment(session, slug=slug, actor="me"),
            lambda: delete_experiment(session, slug=slug, actor="me"),
            lambda: describe_experiment(session, slug=slug, actor="me", changes={"name": "x"}),
            lambda: set_continuations(session, slug=slug, request={}, tokens=[], end={}),
        ):
            with pytest.raises(NotFoundError):
                ask()


@pytest.mark.parametrize(
    "options", [{"kind": "walk"}, {"limit": 201}, {"cursor": "x"}, {"text": "x" * 201}]
)
def test_a_list_that_cannot_be_meant_is_refused(toy: Engine, options):
    with open_session(toy) as session, pytest.raises(BadRequestError):
        list_experiments(session, **options)


def test_what_cannot_be_kept_is_refused(toy: Engine):
    with pytest.raises(NotFoundError):
        create(toy, model="none")
    with pytest.raises(BadRequestError, match="201 characters"):
        create(toy, name="x" * 201)
    with pytest.raises(BadRequestError, match="20,001 characters"):
        create(toy, note="x" * 20_001)
    with pytest.raises(BadRequestError, match="kind of experiment"):
        create(toy, Conducted("walk", {}, b"{}", {}))


def test_experiments_go_with_their_model_and_a_check_finds_nothing_wrong(toy: Engine, settings):
    create(toy)
    assert check(toy, data=settings.data) == []
    with open_session(toy, commit=True) as session:
        session.execute(delete(ModelTable).where(ModelTable.name == "toy"))
    assert listed(toy) == []
    assert check(toy, data=settings.data) == []
