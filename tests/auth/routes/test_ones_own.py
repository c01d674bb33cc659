"""What somebody made is theirs to change and delete; what others made takes more."""

import shutil
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from app.bench.made_circuits import make_imported
from app.store.claiming import Claim, create_explanation
from app.store.engine import open_session
from app.store.experimenting import create_experiment
from app.store.listing import create_unit_list
from app.store.queries.model import get_model
from app.store.steering import create_vector
from app.store.writing_circuits import keep_circuit
from app.store.writing_tasks import keep_task
from tests.auth.routes.house import MODELS, House
from tests.store.circuits import generated
from tests.store.experiments import conducted

MODEL = MODELS[0]
API = f"/api/v1/models/{MODEL}"
Made = Callable[[Session, str], tuple[str, str, dict[str, Any]]]
"""Of a session and a name: what changes it."""


def experiment(session: Session, actor: str) -> tuple[str, str, dict[str, Any]]:
    slug = create_experiment(
        session, model=MODEL, conducted=conducted(f"{actor} sat"), actor=actor
    ).slug
    return "DELETE", f"/api/v1/experiments/{slug}", {}


def name_of_an_experiment(session: Session, actor: str) -> tuple[str, str, dict[str, Any]]:
    _, path, _ = experiment(session, actor)
    return "PATCH", path, {"json": {"name": "mine"}}


def list_of_a_model(session: Session, actor: str) -> tuple[str, str, dict[str, Any]]:
    slug = create_unit_list(session, name="units", actor=actor, model=MODEL).slug
    return "DELETE", f"/api/v1/lists/{slug}", {}


def list_of_none(session: Session, actor: str) -> tuple[str, str, dict[str, Any]]:
    slug = create_unit_list(session, name="units", actor=actor).slug
    return "DELETE", f"/api/v1/lists/{slug}", {}


def vector(session: Session, actor: str) -> tuple[str, str, dict[str, Any]]:
    values = [1.0] * get_model(session, name=MODEL).facts["d_model"]
    made = create_vector(
        session, model=MODEL, site="resid.0", label="calm", values=values, actor=actor
    )
    return "DELETE", f"{API}/vectors/{made.index}", {}


def vector_as_others_name_it(session: Session, actor: str) -> tuple[str, str, dict[str, Any]]:
    _, path, _ = vector(session, actor)
    index = int(path.rpartition("/")[2])
    body = {"modelId": MODEL, "source": "0-resid", "index": index}
    return "POST", "/api/vector/delete", {"json": body}


def task(session: Session, actor: str) -> tuple[str, str, dict[str, Any]]:
    sha256 = get_model(session, name=MODEL).tokenizer_sha256
    made = generated(seed=7).model_copy(update={"tokenizer_sha256": sha256})
    slug = keep_task(session, model=MODEL, task=made, actor=actor, slug=f"of-{actor}").slug
    return "DELETE", f"{API}/tasks/{slug}", {}


def circuit(session: Session, actor: str) -> tuple[str, str, dict[str, Any]]:
    slug = f"of-{actor}"
    keep_circuit(session, model=MODEL, circuit=make_imported(), actor=actor, slug=slug)
    return "DELETE", f"{API}/circuits/{slug}", {}


def graph(session: Session, actor: str) -> tuple[str, str, dict[str, Any]]:
    circuit(session, actor)
    return "POST", "/api/graph/delete", {"json": {"modelId": MODEL, "slug": f"of-{actor}"}}


def title_of_a_circuit(session: Session, actor: str) -> tuple[str, str, dict[str, Any]]:
    _, path, _ = circuit(session, actor)
    return "PATCH", path, {"json": {"title": "mine"}}


def explanation(session: Session, actor: str) -> tuple[str, str, dict[str, Any]]:
    made = create_explanation(
        session, model=MODEL, site="mlp.0", index=5, claim=Claim("mine"), actor=actor
    )
    return "POST", f"/api/v1/explanations/{made.id}/withdraw", {}


DELETED: tuple[Made, ...] = (
    experiment, list_of_a_model, vector, vector_as_others_name_it, task, circuit, graph,
)  # fmt: skip
CHANGED: tuple[Made, ...] = (explanation, name_of_an_experiment, title_of_a_circuit)


def answered(
    client: TestClient, app: FastAPI, house: House, made: Made, *, maker: str, asks: str
) -> int:
    with open_session(app.state.engine, commit=True) as session:
        method, path, body = made(session, maker)
    return client.request(method, path, headers=house.credentials[asks], **body).status_code


@pytest.fixture(autouse=True)
def as_before(app: FastAPI) -> Any:
    """Each test puts back the file that it began with."""
    file = app.state.settings.data / "store.sqlite"
    kept = file.with_suffix(".kept")
    app.state.engine.dispose()
    shutil.copy(file, kept)
    yield
    app.state.engine.dispose()
    for beside in (file.with_name(file.name + "-wal"), file.with_name(file.name + "-shm")):
        beside.unlink(missing_ok=True)
    shutil.move(kept, file)


@pytest.mark.parametrize("made", [*DELETED, *CHANGED, list_of_none])
def test_an_annotator_changes_and_deletes_their_own(
    client: TestClient, app: FastAPI, house: House, made: Made
) -> None:
    assert answered(client, app, house, made, maker="annotator", asks="annotator") == 200


@pytest.mark.parametrize("made", [*DELETED, *CHANGED])
def test_what_others_made_is_not_an_annotators_to_change(
    client: TestClient, app: FastAPI, house: House, made: Made
) -> None:
    assert answered(client, app, house, made, maker="reviewer", asks="annotator") == 403


@pytest.mark.parametrize("made", CHANGED)
def test_a_reviewer_withdraws_and_renames_what_others_wrote(
    client: TestClient, app: FastAPI, house: House, made: Made
) -> None:
    assert answered(client, app, house, made, maker="annotator", asks="reviewer") == 200


@pytest.mark.parametrize("made", DELETED)
def test_only_who_manages_the_model_deletes_what_others_made(
    client: TestClient, app: FastAPI, house: House, made: Made
) -> None:
    assert answered(client, app, house, made, maker="annotator", asks="admin") == 403
    assert answered(client, app, house, made, maker="viewer", asks="owner") == 200


def test_a_list_of_no_model_is_deleted_by_its_maker_or_who_manages_all(
    client: TestClient, app: FastAPI, house: House
) -> None:
    made = list_of_none
    assert answered(client, app, house, made, maker="annotator", asks="owner") == 404
    assert answered(client, app, house, made, maker="annotator", asks="administrator") == 200


def test_what_a_method_wrote_is_nobodys_own(client: TestClient, house: House) -> None:
    path = f"/api/v1/explanations/{house.subjects[0]['explanation']}/withdraw"
    answer = client.post(path, headers=house.credentials["annotator"])
    assert answer.status_code == 403
    assert "“review”" in answer.json()["hint"]
