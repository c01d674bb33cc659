"""A unit's explanations: listed, read in full, written by hand, edited, withdrawn."""

from threading import Thread

import pytest
from sqlalchemy import Engine

from app.errors import BadRequestError, ConflictError, NotFoundError
from app.settings import Settings
from app.store.claiming import Claim, create_explanation, edit_explanation, withdraw_explanation
from app.store.engine import open_session
from app.store.locating import locate_site
from app.store.queries.explanation import (
    SHORT,
    explanations_of_unit,
    get_explanation,
    list_explanations,
)
from app.store.queries.score import list_score_summaries
from app.store.queries.search import search_explanations
from app.store.synthetic import fill_synthetic
from tests.conftest import Filled
from tests.store.claims import score

PLACE = {"model": "synthetic", "site": "mlp.0"}


@pytest.fixture
def own(engine: Engine, settings: Settings) -> Engine:
    """A small store that a test may change."""
    fill_synthetic(
        engine, data=settings.data, layers=1, neurons=8, heads=2, windows=24, window_length=16,
        exemplars_per_kind=2,
    )  # fmt: skip
    return engine


def create(engine: Engine, index: int = 3, **claim: object):
    with open_session(engine, commit=True) as session:
        said = Claim(**{"text": "Fires at krakens.", **claim})
        return create_explanation(session, **PLACE, index=index, claim=said, actor="me")


def found(engine: Engine, query: str) -> list[int]:
    with open_session(engine) as session:
        return [line.id for line in search_explanations(session, query=query)[0]]


def test_the_short_list_has_what_counts_by_method_then_what_failed(filled: Filled):
    with open_session(filled.engine) as session:
        place = locate_site(session, **PLACE)
        first = explanations_of_unit(session, place, 0)
        failed = explanations_of_unit(session, place, 6)
    assert [line.method for line in first] == ["rules", "hand", "output", "lookup"]
    assert all(line.status == "current" and line.latest for line in first)
    assert (failed[-1].method, failed[-1].status) == ("language_model", "failed")


def test_the_short_list_has_all_scores_of_all_it_shows_however_many_splits_there_are(own: Engine):
    splits = ["test", *(f"ood:{n:02}" for n in range(61))]
    said = [
        create(own, text=f"Claim {n}.", scores=[score(0.4, split=split) for split in splits])
        for n in range(9)
    ]
    with open_session(own) as session:
        lines = explanations_of_unit(session, locate_site(session, **PLACE), 3)
        listed = list_explanations(session, **PLACE, index=3).items
    assert {line.id for line in lines} >= {one.id for one in said}
    assert lines == [line for line in listed if line.status in ("current", "failed")]
    assert [len(line.headlines) for line in lines if line.method == "hand"] == [62] * 9
    assert all(line.headline is not None for line in lines if line.method == "hand")


def test_the_short_list_ends_and_the_whole_list_goes_on(own: Engine):
    for n in range(SHORT):
        create(own, text=f"Claim {n}.")
    with open_session(own) as session:
        lines = explanations_of_unit(session, locate_site(session, **PLACE), 3)
        listed = list_explanations(session, **PLACE, index=3, limit=SHORT + 2).items
    assert lines == listed[:SHORT]
    assert len(listed) > SHORT


def test_a_headline_has_the_interval_the_baselines_and_the_drop_elsewhere(filled: Filled):
    with open_session(filled.engine) as session:
        rules = explanations_of_unit(session, locate_site(session, **PLACE), 0)[0]
    test, elsewhere = rules.headlines
    assert (test.split, elsewhere.split) == ("test", "ood:code")
    assert test.low < test.r < test.high
    assert elsewhere.r == pytest.approx(test.r - 0.15, abs=1e-6)
    assert test.baselines.lookup == pytest.approx(test.r - 0.05, abs=1e-6)
    assert test.baselines.mean is None
    assert (test.n_windows, test.n_documents) == (16, 4)
    assert rules.headline == test


def test_a_constant_unit_has_undefined_scores_with_the_reason(filled: Filled):
    with open_session(filled.engine) as session:
        line = explanations_of_unit(session, locate_site(session, **PLACE), 1)[0]
        view = get_explanation(session, explanation_id=line.id)
    assert {one.status for one in view.scores} == {"undefined", "not run"}
    undefined = [one for one in view.scores if one.status == "undefined"]
    assert {one.reason for one in undefined} == {"the activation is the same everywhere"}
    assert all(one.value is None for one in view.scores)


def test_every_score_names_metric_protocol_split_judge_and_run(filled: Filled):
    with open_session(filled.engine) as session:
        line = explanations_of_unit(session, locate_site(session, **PLACE), 5)[1]
        view = get_explanation(session, explanation_id=line.id)
    assert line.method == "language_model"
    scores = {(one.split, one.metric): one for one in view.scores}
    assert len(scores) == len(view.scores) == 20
    detection = scores["test", "detection"]
    assert (detection.value, detection.status) == (pytest.approx(0.71), "ok")
    assert (detection.judge, detection.protocol, detection.n_failed) == (
        "made-up-model", "windows", 2,
    )  # fmt: skip
    assert scores["test", "corpus_r"].status == "not run"
    assert scores["ood:code", "corpus_r"].run_id == view.run_id


def test_the_whole_list_goes_on_to_what_was_replaced_and_withdrawn(filled: Filled):
    with open_session(filled.engine) as session:
        page = list_explanations(session, **PLACE, index=0, limit=3)
        rest = list_explanations(session, **PLACE, index=0, limit=3, cursor=page.next_cursor)
        withdrawn = list_explanations(session, **PLACE, index=4, status="withdrawn")
    assert [line.status for line in page.items + rest.items] == [*["current"] * 4, "replaced"]
    assert rest.next_cursor is None
    assert [line.text for line in withdrawn.items] == ["Fires at every second full moon."]


def test_an_edited_explanation_tells_its_history(filled: Filled):
    with open_session(filled.engine) as session:
        page = list_explanations(session, **PLACE, index=0, method="hand")
        current, replaced = page.items
        view = get_explanation(session, explanation_id=current.id)
        before = get_explanation(session, explanation_id=replaced.id)
    assert [(line.version, line.status) for line in view.history] == [
        (2, "current"), (1, "replaced"),
    ]  # fmt: skip
    assert view.history[0].r == pytest.approx(0.62)
    assert view.history == before.history
    assert (view.origin_id, before.latest, view.latest) == (replaced.id, False, True)


@pytest.mark.parametrize("status", ["no such", "' OR 1=1"])
def test_an_unknown_filter_names_those_that_there_are(filled: Filled, status: str):
    with open_session(filled.engine) as session, pytest.raises(BadRequestError) as caught:
        list_explanations(session, **PLACE, index=0, status=status)
    assert "withdrawn" in str(caught.value.hint)


@pytest.mark.parametrize("number", [0, 10**9, -1, 10**30])
def test_an_explanation_that_is_not_there_is_not_found(filled: Filled, number: int):
    with open_session(filled.engine) as session, pytest.raises(NotFoundError):
        get_explanation(session, explanation_id=number)


def test_a_person_explains_a_unit_and_finds_it_again(own: Engine):
    view = create(own, program='when token in {" kraken"} -> 1\n', bits=20.0, scores=[score(0.4)])
    assert (view.method, view.author, view.version, view.status) == ("hand", "me", 1, "current")
    assert (view.run_id, view.sweep_id) == (None, 2)
    assert found(own, "kraken") == [view.id]
    assert view.headline is not None
    assert view.headline.r == pytest.approx(0.4)


def test_what_says_nothing_is_no_explanation(own: Engine):
    with pytest.raises(BadRequestError, match="needs words"):
        create(own, text="  \n ")


def test_an_explanation_of_a_unit_that_is_not_there_is_refused(own: Engine):
    with pytest.raises(NotFoundError, match="no unit 99"):
        create(own, index=99)


def test_an_edit_replaces_what_it_edits_also_in_search(own: Engine):
    first = create(own)
    with open_session(own, commit=True) as session:
        claim = Claim("Fires at squids.", scores=[score(0.2)])
        second = edit_explanation(session, explanation_id=first.id, claim=claim, actor="you")
    assert (second.version, second.origin_id, second.author) == (2, first.id, "you")
    assert found(own, "krakens") == []
    assert found(own, "squids") == [second.id]


def test_a_run_s_explanation_can_be_edited_and_keeps_its_method_in_the_history(own: Engine):
    with open_session(own, commit=True) as session:
        rules = list_explanations(session, **PLACE, index=3, method="rules").items[0]
        edited = edit_explanation(
            session, explanation_id=rules.id, claim=Claim("Better words."), actor="me"
        )
    assert edited.details["edited_method"] == "rules"
    assert [line.method for line in edited.history] == ["hand", "rules"]


def test_only_what_counts_can_be_edited_or_withdrawn(own: Engine):
    first = create(own)
    with open_session(own, commit=True) as session:
        view = withdraw_explanation(
            session, explanation_id=first.id, actor="me", reason="No kraken was seen."
        )
    assert (view.status, view.details["withdrawn_because"]) == ("withdrawn", "No kraken was seen.")
    assert found(own, "krakens") == []
    for change in (
        lambda s: withdraw_explanation(s, explanation_id=first.id, actor="me"),
        lambda s: edit_explanation(s, explanation_id=first.id, claim=Claim("x"), actor="me"),
    ):
        with open_session(own, commit=True) as session, pytest.raises(ConflictError):
            change(session)


@pytest.mark.parametrize("second", ["edit", "withdraw"])
def test_of_two_changes_at_the_same_moment_one_is_made_and_the_other_told_so(
    own: Engine, second: str
):
    """The second begins while the first has not committed."""
    first = create(own)
    told: list[str] = []

    def change() -> None:
        try:
            with open_session(own, commit=True) as session:
                if second == "edit":
                    claim = Claim("Fires at squids.")
                    edit_explanation(session, explanation_id=first.id, claim=claim, actor="you")
                else:
                    withdraw_explanation(session, explanation_id=first.id, actor="you")
        except ConflictError as error:
            told.append(error.detail)

    other = Thread(target=change)
    with open_session(own, commit=True) as session:
        edit_explanation(session, explanation_id=first.id, claim=Claim("Whales."), actor="me")
        other.start()
        other.join(1)
        assert other.is_alive()
    other.join(30)
    assert len(told) == 1
    assert "was replaced" in told[0]
    with open_session(own) as session:
        history = get_explanation(session, explanation_id=first.id).history
    assert [(line.version, line.status) for line in history] == [(2, "current"), (1, "replaced")]


def test_summaries_give_the_distribution_of_each_site_with_denominators(filled: Filled):
    with open_session(filled.engine) as session:
        views = list_score_summaries(session, model="synthetic", method="rules", split="test")
        heads = list_score_summaries(session, model="synthetic", kind="attn", split="test")
    assert [view.site for view in views] == ["attn.0", "mlp.0", "attn.1", "mlp.1"]
    mlp = views[1]
    assert (mlp.n_units, mlp.n_scored, mlp.n_undefined, mlp.n_units_of_site) == (16, 15, 1, 16)
    assert len(mlp.quantiles) == 101
    assert mlp.quantiles[0] <= mlp.mean_r <= mlp.quantiles[-1]
    assert len(mlp.points) == 15
    assert {view.kind for view in heads} == {"attn"}
    assert {view.method for view in heads} == {"rules", "lookup"}
