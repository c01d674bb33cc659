"""Someone looks at what circuits are found on."""

from dataclasses import asdict

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from analysis.solving.competence import Competence, Estimate
from app.store.circuit_request import GENERATORS
from app.store.engine import open_session
from app.store.tables import ModelTable
from app.store.writing_circuits import keep_circuit, keep_proof
from app.store.writing_tasks import keep_task
from tests.store import rows
from tests.store.circuits import generated, imported, proof, without_units

EVIL = "<script>alert(1)</script>"
CANNOT = Competence(
    verdict="cannot do", reason="Right in 3 of 48 prompts.", n_prompts=48, n_right=3,
    accuracy=Estimate(0.06, 0.02, 0.17), chance=0.5, one_answer=0.25, median_rank=17.0,
    clean=Estimate(-1.25, -1.5, -1.0), counterfactual=Estimate(0.5, None, None),
    gap=Estimate(-1.75, None, None),
)  # fmt: skip
TASKS = "/m/synthetic/tasks"


@pytest.fixture
def kept(own_pages: TestClient) -> TestClient:
    """A client of a store with a task that was measured, and one by somebody who means ill."""
    with open_session(own_pages.app.state.engine, commit=True) as session:  # type: ignore[attr-defined]
        task = generated(60).model_copy(update={"tokenizer_sha256": None})
        keep_task(
            session, model="synthetic", task=task, actor="me", slug="measured",
            competence=asdict(CANNOT), run_id=1,
        )  # fmt: skip
        keep_task(session, model="synthetic", task=imported(EVIL), actor=EVIL, slug="evil")
        circuit = without_units()
        keep_circuit(
            session, model="synthetic", circuit=circuit, actor="me", task="evil", slug="of-it",
            title=f"Title {EVIL}",
        )  # fmt: skip
        keep_proof(session, model="synthetic", slug="of-it", proof=proof())
    return own_pages


def test_tasks_are_listed_with_whether_the_model_can_do_them(kept: TestClient) -> None:
    page = kept.get(TASKS).text
    assert f'href="{TASKS}/measured"' in page
    for words in ("cannot do it", "not measured", "logit difference", "thanks.jsonl"):
        assert words in page, words


def test_a_task_that_the_model_cannot_do_is_said_to_be_so_with_the_numbers(
    kept: TestClient,
) -> None:
    page = kept.get(f"{TASKS}/measured").text
    for words in ("The model cannot do this.", "Right in 3 of 48 prompts.", "−1.25", "17",
                  'href="/runs/1"', "made by <strong>pronouns</strong>, seed 0"):  # fmt: skip
        assert words in page, words


def test_pairs_are_shown_fifty_at_a_time(kept: TestClient) -> None:
    first = kept.get(f"{TASKS}/measured").text
    assert first.count("Tom thanked</td>") == 50
    assert f'href="{TASKS}/measured?page=2"' in first
    second = kept.get(f"{TASKS}/measured?page=2").text
    assert second.count("Tom thanked</td>") == 10
    assert 'value="60"' in second
    assert kept.get(f"{TASKS}/measured?page=9").text.count("Tom thanked</td>") == 10
    assert kept.get(f"{TASKS}/measured?page=0").status_code == 422


def test_a_task_leads_to_its_circuits_its_export_and_the_command(kept: TestClient) -> None:
    page = kept.get(f"{TASKS}/evil").text
    assert 'href="/m/synthetic/circuits/of-it"' in page
    assert "faithfulness" in page
    assert "patchclamp circuit synthetic evil --wait" in page
    export = "/api/v1/models/synthetic/tasks/evil/export"
    assert f'href="{export}"' in page
    assert kept.get(export).status_code == 200
    assert "Not measured yet" in page


def test_nothing_that_somebody_wrote_becomes_markup(kept: TestClient) -> None:
    for path in ("", "/evil", "/measured"):
        assert EVIL not in kept.get(TASKS + path).text


def test_a_model_without_tasks_says_how_to_get_one(own_pages: TestClient) -> None:
    page = own_pages.get(TASKS).text
    assert "patchclamp tasks import FILE --model synthetic" in page
    assert all(f"<code>{kind}</code>" in page for kind in GENERATORS)
    assert 'href="/m/synthetic/circuits">the form</a>' in page


def test_a_task_that_is_not_there_is_not_found(kept: TestClient) -> None:
    assert kept.get(f"{TASKS}/none").status_code == 404
    assert kept.get("/m/none/tasks").status_code == 404


def test_a_run_leads_to_the_circuit_that_it_found(kept: TestClient) -> None:
    with open_session(kept.app.state.engine, commit=True) as session:  # type: ignore[attr-defined]
        model_id = session.scalars(
            select(ModelTable.id).where(ModelTable.name == "synthetic")
        ).one()
        session.add(run := rows.run(model_id, "circuit"))
        session.flush()
        number = run.id
    page = kept.get(f"/runs/{number}").text
    assert 'href="/m/synthetic/circuits"' in page
    assert f"run={number}" not in page  # it is no sweep, which pages could show
    with open_session(kept.app.state.engine, commit=True) as session:  # type: ignore[attr-defined]
        keep_circuit(
            session, model="synthetic", circuit=without_units(), actor="me", run_id=number,
            slug="found",
        )  # fmt: skip
    page = kept.get(f"/runs/{number}").text
    assert 'href="/m/synthetic/circuits/found">See the circuit</a>' in page
