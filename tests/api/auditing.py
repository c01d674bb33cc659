"""Every kind of call that writes or exports, made on a small store with a model's double."""

import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import httpx
from starlette.testclient import TestClient

from app.store.assigning import hand_out
from app.store.campaigning import Plan, create_campaign
from app.store.choice import Choice
from app.store.engine import open_session
from app.store.experimenting import create_experiment
from app.store.listing import create_unit_list
from app.store.queries.job import create_job
from app.store.requests import SweepRequest
from app.store.steering import create_vector
from app.store.tables import ArtifactTable
from app.store.views.account import LOCAL_OWNER
from app.store.writing_tasks import keep_task
from tests.exchange.graphs import document
from tests.pages.playing import ABLATE, TEXT
from tests.store import rows
from tests.store.circuits import imported
from tests.store.experiments import HALVE, conducted

MODEL: Final = "synthetic"
UNIT: Final = f"/m/{MODEL}/mlp.0/5"
EDITS: Final = [{"site": "mlp.0", "index": 3, "operation": "zero"}]
ASKED: Final = {"prompt": {"text": TEXT}, "edits": EDITS}
SWEEP: Final = {"kind": "sweep", "model": MODEL, "corpus": "starter"}
RULING: Final = {"verdict": "accept", "reason": "It is so."}
VECTOR: Final = {"modelId": MODEL, "layerNumber": 0, "hookType": "hook_resid_post"}


def graph() -> dict[str, Any]:
    told = document()
    return told | {"metadata": told["metadata"] | {"scan": MODEL}}


GRAPH: Final = gzip.compress(json.dumps(graph()).encode())


@dataclass(frozen=True)
class Site:
    """A server with what calls are made on; each is new, for some calls delete it."""

    client: TestClient

    @property
    def engine(self) -> Any:
        return self.client.app.state.engine

    def _write(self, work: Callable[..., Any], **given: Any) -> Any:
        with open_session(self.engine, commit=True) as session:
            return work(session, actor=LOCAL_OWNER, **given)

    @property
    def explanation(self) -> int:
        path = f"/api/v1/models/{MODEL}/sites/mlp.0/units/5/explanations"
        return int(self.client.post(path, json={"text": "Cats."}).json()["id"])

    @property
    def judged(self) -> int:
        number = self.explanation
        path = f"/api/v1/explanations/{number}/judgement"
        self.client.put(path, json={"verdict": "accept"})
        return number

    @property
    def experiment(self) -> str:
        made = self.client.post(f"/api/v1/models/{MODEL}/experiments", json=ASKED | {"name": "A"})
        return str(made.json()["slug"])

    @property
    def job(self) -> str:
        request = SweepRequest.model_validate(SWEEP)
        return str(self._write(create_job, request=request).id)

    @property
    def vector(self) -> int:
        given = {"model": MODEL, "site": "resid.0", "label": "up", "values": [0.5] * self.d_model}
        return int(self._write(create_vector, **given).index)

    @property
    def list(self) -> str:
        return str(self._write(create_unit_list, name="A").slug)

    @property
    def filled_list(self) -> str:
        slug = self.list
        self.client.post(f"/api/v1/lists/{slug}/units", json={"units": [self.unit]})
        return slug

    @property
    def task(self) -> str:
        return str(self._write(keep_task, model=MODEL, task=imported()).slug)

    @property
    def circuit(self) -> str:
        kept = self.client.post(f"/api/v1/models/{MODEL}/circuits/import", content=GRAPH)
        return str(kept.json()["slug"])

    @property
    def announced(self) -> dict[str, str]:
        body = {"filename": "a.json", "contentType": "application/json"}
        answer = self.client.post(
            "/api/graph/signed-put", json=body | {"contentLength": len(GRAPH)}
        ).json()
        self.client.put(answer["url"], content=GRAPH, headers={"content-encoding": "gzip"})
        return {"putRequestId": answer["putRequestId"]}

    @property
    def proof(self) -> int:
        found = self.client.get(f"/api/v1/models/{MODEL}/circuits/names/proofs").json()
        return int((found["items"] if isinstance(found, dict) else found)[0]["id"])

    @property
    def run(self) -> int:
        return int(self.client.get(f"/api/v1/models/{MODEL}").json()["current_run_id"])

    @property
    def scripted(self) -> str:
        """An experiment on a model that others can load."""
        with open_session(self.engine, commit=True) as session:
            model = rows.model("gpt")
            model.architecture, model.facts = "gpt2", {"causal": True, "d_head": 6}
            session.add(model)
            session.flush()
            made = conducted(edits=(HALVE,))
            return create_experiment(session, model="gpt", conducted=made, actor="me").slug

    @property
    def artifact(self) -> tuple[int, str]:
        with open_session(self.engine) as session:
            return tuple(session.query(ArtifactTable.run_id, ArtifactTable.sha256).first())

    @property
    def campaign(self) -> str:
        """Its address, of one that was begun."""
        plan = Plan(title="C", choice=Choice(n=4))
        made = self._write(create_campaign, model=MODEL, plan=plan)
        return f"/campaigns/{made.slug}"

    @property
    def assignment(self) -> str:
        """Its address below the model, of what the local owner holds."""
        here = self.campaign
        slug = here.rpartition("/")[2]
        held = self._write(hand_out, model=MODEL, slug=slug).assignment
        return f"{here}/assignments/{held.id}"

    @property
    def judging(self) -> str:
        return self.assignment.replace("/assignments/", "/judge/")

    @property
    def d_model(self) -> int:
        return int(self.client.get(f"/api/v1/models/{MODEL}").json()["facts"]["d_model"])

    @property
    def unit(self) -> dict[str, object]:
        return {"model": MODEL, "site": "mlp.0", "index": 3}


Call = Callable[[Site], httpx.Response]
V1: Final = "/api/v1"
OF: Final = f"{V1}/models/{{model}}"
M: Final = f"{V1}/models/{MODEL}"


def post(path: str, **body: Any) -> Callable[[Site], httpx.Response]:
    return lambda on: on.client.post(path, **body)


def resumed(on: Site) -> httpx.Response:
    here = f"{M}{on.campaign}"
    on.client.post(f"{here}/pause")
    return on.client.post(f"{here}/resume")


CALLS: Final[dict[str, tuple[str, Call]]] = {
    f"POST {OF}/sites/{{site}}/units/{{index}}/explanations": (
        "explanation.created",
        post(f"{M}/sites/mlp.0/units/5/explanations", json={"text": "Cats."}),
    ),
    f"POST {V1}/explanations/{{explanation_id}}/versions": (
        "explanation.edited",
        lambda on: on.client.post(
            f"{V1}/explanations/{on.explanation}/versions", json={"text": "Dogs."}
        ),
    ),
    f"POST {V1}/explanations/{{explanation_id}}/withdraw": (
        "explanation.withdrawn",
        lambda on: on.client.post(f"{V1}/explanations/{on.explanation}/withdraw"),
    ),
    f"POST {V1}/explanations/{{explanation_id}}/decisions": (
        "explanation.decided",
        lambda on: on.client.post(f"{V1}/explanations/{on.explanation}/decisions", json=RULING),
    ),
    "POST /m/{model}/disagreements/{number}": (
        "explanation.decided",
        lambda on: on.client.post(f"/m/{MODEL}/disagreements/{on.judged}", data=RULING),
    ),
    f"POST {V1}/runs/{{run_id}}/show": (
        "run.shown",
        lambda on: on.client.post(f"{V1}/runs/{on.run}/show"),
    ),
    f"GET {OF}/statistics": ("export.statistics", lambda on: on.client.get(f"{M}/statistics")),
    f"GET {OF}/judgements.{{form}}": (
        "export.judgements",
        lambda on: on.client.get(f"{M}/judgements.csv"),
    ),
    "POST /m/{model}/judgements/import": (
        "judgements.imported",
        lambda on: on.client.post(
            f"/m/{MODEL}/judgements/import",
            data={"origin": "their-lab"},
            files={"file": ("j.csv", f"annotator,verdict,explanation\njo,edit,{on.explanation}\n")},
        ),
    ),
    f"POST {OF}/judgements/import": (
        "judgements.imported",
        lambda on: on.client.post(
            f"{M}/judgements/import",
            params={"origin": "their-lab"},
            json={"annotator": "jo", "verdict": "accept", "explanation": on.explanation},
        ),
    ),
    f"GET {OF}/explanations.{{form}}": (
        "export.explanations",
        lambda on: on.client.get(f"{M}/explanations.jsonl"),
    ),
    f"GET {V1}/runs/{{run_id}}/artifacts/{{sha256}}": (
        "export.artifact",
        lambda on: on.client.get("{}/runs/{}/artifacts/{}".format(V1, *on.artifact)),
    ),
    f"POST {V1}/jobs": ("job.created", post(f"{V1}/jobs", json=SWEEP)),
    f"POST {V1}/jobs/{{job_id}}/cancel": (
        "job.cancelled",
        lambda on: on.client.post(f"{V1}/jobs/{on.job}/cancel"),
    ),
    f"GET {V1}/experiments/{{slug}}/script": (
        "export.script",
        lambda on: on.client.get(f"{V1}/experiments/{on.scripted}/script"),
    ),
    f"PATCH {V1}/experiments/{{slug}}": (
        "experiment.described",
        lambda on: on.client.patch(f"{V1}/experiments/{on.experiment}", json={"name": "B"}),
    ),
    f"POST {V1}/experiments/{{slug}}/fork": (
        "experiment.forked",
        lambda on: on.client.post(f"{V1}/experiments/{on.experiment}/fork"),
    ),
    f"DELETE {V1}/experiments/{{slug}}": (
        "experiment.deleted",
        lambda on: on.client.delete(f"{V1}/experiments/{on.experiment}"),
    ),
    f"POST {OF}/experiments": ("experiment.created", post(f"{M}/experiments", json=ASKED)),
    f"POST {OF}/generations": (
        "experiment.created",
        post(f"{M}/generations", json=ASKED | {"n_tokens": 2}),
    ),
    f"POST {V1}/experiments/{{slug}}/continuations": (
        "experiment.continued",
        lambda on: on.client.post(
            f"{V1}/experiments/{on.experiment}/continuations", json={"n_tokens": 2}
        ),
    ),
    f"POST {OF}/edit-sweeps": (
        "experiment.created",
        post(f"{M}/edit-sweeps", json={"prompt": {"text": TEXT}, "sites": ["mlp.0"]}),
    ),
    f"POST {OF}/vectors": (
        "vector.created",
        lambda on: on.client.post(
            f"{M}/vectors",
            json={"site": "resid.0", "label": "up", "values": [0.5] * on.d_model},
        ),
    ),
    f"DELETE {OF}/vectors/{{index}}": (
        "vector.deleted",
        lambda on: on.client.delete(f"{M}/vectors/{on.vector}"),
    ),
    f"POST {V1}/lists": ("list.created", post(f"{V1}/lists", json={"name": "A"})),
    f"POST {V1}/lists/{{slug}}/units": (
        "list.units_added",
        lambda on: on.client.post(f"{V1}/lists/{on.list}/units", json={"units": [on.unit]}),
    ),
    f"DELETE {V1}/lists/{{slug}}/units/{{model}}/{{site}}/{{index}}": (
        "list.unit_removed",
        lambda on: on.client.delete(f"{V1}/lists/{on.filled_list}/units/{MODEL}/mlp.0/3"),
    ),
    f"DELETE {V1}/lists/{{slug}}": (
        "list.deleted",
        lambda on: on.client.delete(f"{V1}/lists/{on.list}"),
    ),
    f"POST {OF}/tasks": (
        "task.created",
        lambda on: on.client.post(
            f"{M}/tasks",
            json={"task": imported("By hand").model_dump(mode="json")},
        ),
    ),
    f"GET {OF}/tasks/{{slug}}/export": (
        "export.task",
        lambda on: on.client.get(f"{M}/tasks/{on.task}/export"),
    ),
    f"DELETE {OF}/tasks/{{slug}}": (
        "task.deleted",
        lambda on: on.client.delete(f"{M}/tasks/{on.task}"),
    ),
    f"PATCH {OF}/circuits/{{slug}}": (
        "circuit.renamed",
        lambda on: on.client.patch(f"{M}/circuits/{on.circuit}", json={"title": "B"}),
    ),
    f"DELETE {OF}/circuits/{{slug}}": (
        "circuit.deleted",
        lambda on: on.client.delete(f"{M}/circuits/{on.circuit}"),
    ),
    f"POST {OF}/circuits/import": (
        "circuit.created",
        post(f"{M}/circuits/import", content=GRAPH),
    ),
    f"GET {OF}/circuits/{{slug}}/export": (
        "export.circuit",
        lambda on: on.client.get(f"{M}/circuits/names/export"),
    ),
    f"GET {OF}/circuits/{{slug}}/proofs/{{proof_id}}/rows": (
        "export.proof_rows",
        lambda on: on.client.get(f"{M}/circuits/names/proofs/{on.proof}/rows"),
    ),
    "POST /api/vector/new": (
        "vector.created",
        lambda on: on.client.post(
            "/api/vector/new",
            json=VECTOR | {"vector": [0.5] * on.d_model, "vectorLabel": "calm"},
        ),
    ),
    "POST /api/vector/delete": (
        "vector.deleted",
        lambda on: on.client.post(
            "/api/vector/delete",
            json={"modelId": MODEL, "source": "0-resid", "index": str(on.vector)},
        ),
    ),
    "POST /api/list/new": ("list.created", post("/api/list/new", json={"name": "A"})),
    "POST /api/list/add-features": (
        "list.units_added",
        lambda on: on.client.post(
            "/api/list/add-features",
            json={
                "listId": on.list,
                "featuresToAdd": [{"modelId": MODEL, "layer": "0-mlp", "index": "3"}],
            },
        ),
    ),
    "POST /api/graph/delete": (
        "circuit.deleted",
        lambda on: on.client.post("/api/graph/delete", json={"modelId": MODEL, "slug": on.circuit}),
    ),
    "POST /api/graph/save-to-db": (
        "circuit.created",
        lambda on: on.client.post("/api/graph/save-to-db", json=on.announced),
    ),
    "POST /jobs": (
        "job.created",
        post("/jobs", data={"model": MODEL, "corpus": "starter"}),
    ),
    "POST /jobs/{job_id}/cancel": (
        "job.cancelled",
        lambda on: on.client.post(f"/jobs/{on.job}/cancel"),
    ),
    "POST /runs/{run_id}/show": (
        "run.shown",
        lambda on: on.client.post(f"/runs/{on.run}/show"),
    ),
    "POST /m/{model}/circuits": (
        "job.created",
        post(f"/m/{MODEL}/circuits", data={"task": "pronouns"}),
    ),
    "POST /m/{model}/playground": (
        "experiment.created",
        post(f"/m/{MODEL}/playground", data={"text": TEXT} | ABLATE),
    ),
    "POST /experiments/{slug}/continue": (
        "experiment.continued",
        lambda on: on.client.post(f"/experiments/{on.experiment}/continue", data={"n_tokens": 2}),
    ),
    "POST /experiments/{slug}/words": (
        "experiment.described",
        lambda on: on.client.post(f"/experiments/{on.experiment}/words", data={"name": "B"}),
    ),
    "POST /experiments/{slug}/delete": (
        "experiment.deleted",
        lambda on: on.client.post(f"/experiments/{on.experiment}/delete"),
    ),
    "POST /m/{model}/playground/sweep": (
        "experiment.created",
        post(f"/m/{MODEL}/playground/sweep", data={"text": TEXT, "site": "mlp.0"}),
    ),
    "POST /m/{model}/{site}/{index}/explanations": (
        "explanation.created",
        post(f"{UNIT}/explanations", data={"text": "Cats."}),
    ),
    "POST /m/{model}/{site}/{index}/explanations/{number}/withdraw": (
        "explanation.withdrawn",
        lambda on: on.client.post(f"{UNIT}/explanations/{on.explanation}/withdraw"),
    ),
    f"POST {OF}/campaigns": (
        "campaign.created",
        post(f"{M}/campaigns", json={"title": "C", "choice": {"n": 3}}),
    ),
    **{
        f"POST {OF}/campaigns/{{slug}}/{verb}": (
            f"campaign.{action}",
            lambda on, verb=verb: on.client.post(f"{M}{on.campaign}/{verb}"),
        )
        for verb, action in (("pause", "paused"), ("end", "ended"), ("next", "handed_out"))
    },
    f"POST {OF}/campaigns/{{slug}}/resume": ("campaign.resumed", resumed),
    f"POST {OF}/campaigns/{{slug}}/guidelines": (
        "campaign.guidelines_written",
        lambda on: on.client.post(f"{M}{on.campaign}/guidelines", json={"markdown": "Look."}),
    ),
    f"POST {OF}/campaigns/{{slug}}/assignments/{{assignment_id}}/submit": (
        "campaign.handed_out",
        lambda on: on.client.post(f"{M}{on.assignment}/submit", json={"verdict": "accept"}),
    ),
    f"POST {OF}/campaigns/{{slug}}/assignments/{{assignment_id}}/skip": (
        "campaign.handed_out",
        lambda on: on.client.post(f"{M}{on.assignment}/skip", json={"reason": "Why not."}),
    ),
    "POST /m/{model}/campaigns": (
        "campaign.created",
        post(f"/m/{MODEL}/campaigns", data={"title": "C", "n": "3"}),
    ),
    "POST /m/{model}/campaigns/{slug}/status": (
        "campaign.paused",
        lambda on: on.client.post(f"/m/{MODEL}{on.campaign}/status", data={"status": "paused"}),
    ),
    "POST /m/{model}/campaigns/{slug}/guidelines": (
        "campaign.guidelines_written",
        lambda on: on.client.post(
            f"/m/{MODEL}{on.campaign}/guidelines", data={"markdown": "Look."}
        ),
    ),
    "POST /m/{model}/campaigns/{slug}/judge": (
        "campaign.handed_out",
        lambda on: on.client.post(f"/m/{MODEL}{on.campaign}/judge"),
    ),
    "POST /m/{model}/campaigns/{slug}/judge/{assignment_id}": (
        "campaign.handed_out",
        lambda on: on.client.post(f"/m/{MODEL}{on.judging}", data={"verdict": "accept"}),
    ),
    "POST /m/{model}/campaigns/{slug}/judge/{assignment_id}/skip": (
        "campaign.handed_out",
        lambda on: on.client.post(f"/m/{MODEL}{on.judging}/skip", data={"reason": "Why."}),
    ),
}
"""By method and path: the action that it leaves, and one such call that succeeds."""
