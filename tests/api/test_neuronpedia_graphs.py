"""Graphs by their unmodified client, over a real connection; and by hand."""

import gzip
import json
import time
from contextlib import ExitStack
from threading import Thread

import neuronpedia
import pytest
import requests
from neuronpedia.np_graph_metadata import NPGraphMetadata
from neuronpedia.requests.base_request import NPRequest

from analysis.protocol.circuits import Circuit, Graph, Node
from app.api import receiving
from app.store import queue
from app.store.engine import open_session
from app.store.queries import circuit_prompt
from app.store.writing_circuits import keep_circuit
from tests.exchange.graphs import TOKENS, document, feature
from tests.store import rows

UPLOAD = {"filename": "capital-texas.json", "contentType": "application/json"}


def four_layers(session):
    model = rows.model()
    model.n_layers, model.facts = 4, {"d_model": 4, "n_heads": 2}
    session.add(model)
    session.flush()
    session.add(rows.site(model.id))


@pytest.fixture
def toy(empty_app, empty):
    with open_session(empty_app.state.engine, commit=True) as session:
        four_layers(session)
    return empty


@pytest.fixture
def _their_client(toy, empty_url, monkeypatch):  # noqa: ARG001 - fills the store
    monkeypatch.setattr(NPRequest, "BASE_URL", f"{empty_url}/api")
    with neuronpedia.api_key("any-key-will-do"):
        yield


def announced(client, content, **more):
    body = UPLOAD | {"contentLength": len(content)} | more
    return client.post("/api/graph/signed-put", json=body).json()


def uploaded(client, content):
    address = announced(client, content)
    headers = {"content-encoding": "gzip"}
    assert client.put(address["url"], content=content, headers=headers).status_code == 200
    return client.post("/api/graph/save-to-db", json={"putRequestId": address["putRequestId"]})


@pytest.mark.usefixtures("_their_client")
def test_their_client_uploads_finds_reads_and_deletes_a_graph(tmp_path):
    path = tmp_path / "graph.json"
    path.write_text(json.dumps(document()))
    made = NPGraphMetadata.upload_file(str(path))
    assert (made.model_id, made.slug, made.prompt) == (
        "toy", "capital-texas", "The capital of Texas",
    )  # fmt: skip
    assert (made.prompt_tokens, made.title_prefix) == (TOKENS, "")
    assert NPGraphMetadata.get("toy", "capital-texas") == made
    assert NPGraphMetadata.list_owned() == [made]
    whole = requests.get(made.json_url, timeout=10).json()
    assert [node["clerp"] for node in whole["nodes"]] == [
        node["clerp"] for node in document()["nodes"]
    ]
    assert NPGraphMetadata.upload(
        json.dumps(whole | {"metadata": whole["metadata"] | {"slug": "again"}})
    ).prompt_tokens == (TOKENS)
    made.delete()
    assert [one.slug for one in NPGraphMetadata.list_owned()] == ["again"]
    with pytest.raises(requests.exceptions.HTTPError, match="404"):
        NPGraphMetadata.get("toy", "capital-texas")


@pytest.mark.usefixtures("_their_client")
def test_their_client_is_told_what_is_wrong_with_a_graph():
    nodes = [feature(ctx_idx=99)]
    with pytest.raises(requests.exceptions.HTTPError, match="node 1, field ctx_idx"):
        NPGraphMetadata.upload(json.dumps(document(nodes=nodes)))
    NPGraphMetadata.upload(json.dumps(document()))
    with pytest.raises(requests.exceptions.HTTPError, match="called 'capital-texas' already"):
        NPGraphMetadata.upload(json.dumps(document()))
    metadata = document()["metadata"] | {"scan": "gemma-2-2b"}
    with pytest.raises(requests.exceptions.HTTPError, match="404"):
        NPGraphMetadata.upload(json.dumps(document(metadata=metadata)))


def a_worker(engine, *, fails, slug):
    """Takes the next job, and keeps a graph of its prompt or says what went wrong."""
    while (
        claim := queue.claim_next(engine, worker_id="w", kinds=["circuit"], lease_seconds=60)
    ) is None:
        time.sleep(0.02)
    if fails:
        queue.finish(engine, claim, "failed", error="the prompt has one token")
        return
    graph = Graph(
        prompt=claim.request["prompt"],
        tokens=("a", "b"),
        n_layers=4,
        nodes=(Node(id="logits", kind="logit", layer=4, position=1),),
    )
    with open_session(engine, commit=True) as session:
        keep_circuit(session, model="toy", circuit=Circuit(graph=graph), actor="local", slug=slug)
    queue.finish(engine, claim, "succeeded", result={"circuit": slug})


@pytest.fixture
def working(empty_app):
    """Runs a worker beside what is asked."""
    threads = []

    def begin(*, fails=False, slug="mine"):
        engine = empty_app.state.engine
        queue.register_worker(engine, worker_id="w", host="here", process=1)
        threads.append(
            Thread(target=a_worker, args=(engine,), kwargs={"fails": fails, "slug": slug})
        )
        threads[-1].start()

    yield begin
    for thread in threads:
        thread.join()


@pytest.mark.usefixtures("_their_client")
def test_their_client_asks_for_a_graph_of_a_prompt_and_gets_it_once_it_is_found(working):
    working()
    found = NPGraphMetadata.generate("toy", "The capital of Texas is", "mine")
    assert (found.slug, found.prompt) == ("mine", "The capital of Texas is")


def test_a_graph_whose_slug_was_taken_meanwhile_is_told_under_the_one_that_it_has(toy, working):
    working(slug="another")
    asked = {"modelId": "toy", "prompt": "The capital of Texas is", "slug": "mine"}
    found = toy.post("/api/graph/generate", json=asked).json()
    assert found["url"] == "http://testserver/m/toy/circuits/another"


@pytest.mark.usefixtures("_their_client")
def test_their_client_is_told_why_a_graph_cannot_be_found(working):
    with pytest.raises(requests.exceptions.HTTPError, match="503"):
        NPGraphMetadata.generate("toy", "The capital of Texas is", "mine")
    with pytest.raises(requests.exceptions.HTTPError, match="404"):
        NPGraphMetadata.generate("none", "The capital of Texas is", "mine")
    working(fails=True)
    with pytest.raises(requests.exceptions.HTTPError, match="the prompt has one token"):
        NPGraphMetadata.generate("toy", "The", "mine")
    NPGraphMetadata.upload(json.dumps(document()))
    with pytest.raises(requests.exceptions.HTTPError, match=r"400: .*called capital-texas already"):
        NPGraphMetadata.generate("toy", "The capital of Texas is", "capital-texas")


def test_both_slash_forms_answer_without_a_redirect(toy):
    for number, slash in enumerate(("", "/")):
        metadata = document()["metadata"] | {"slug": f"g{number}"}
        content = gzip.compress(json.dumps(document(metadata=metadata)).encode())
        body = UPLOAD | {"contentLength": len(content)}
        address = toy.post(
            f"/api/graph/signed-put{slash}", json=body, follow_redirects=False
        ).json()
        toy.put(address["url"], content=content)
        sent = {"putRequestId": address["putRequestId"]}
        for call, asked in (
            ("save-to-db", sent), ("list-owned", None),
            ("delete", {"modelId": "toy", "slug": f"g{number}"}),
        ):  # fmt: skip
            if call == "delete":
                got = toy.get(f"/api/graph/toy/g{number}{slash}", follow_redirects=False)
                assert got.status_code == 200
            answer = toy.post(f"/api/graph/{call}{slash}", json=asked, follow_redirects=False)
            assert answer.status_code == 200, call
        made = {"modelId": "toy", "prompt": "a", "slug": f"x{number}"}
        refused = toy.post(f"/api/graph/generate{slash}", json=made, follow_redirects=False)
        assert refused.status_code == 503


def test_shapes_are_those_that_clients_know(toy):
    content = gzip.compress(json.dumps(document()).encode())
    address = announced(toy, content)
    assert address.keys() == {"url", "putRequestId"}
    kept = uploaded(toy, content).json()
    assert kept == {
        "message": "The graph was kept.",
        "url": "http://testserver/m/toy/circuits/capital-texas",
        "numNodes": 4,
        "numLinks": 3,
    }
    found = toy.get("/api/graph/toy/capital-texas").json()
    assert found == {
        "id": found["id"],
        "modelId": "toy",
        "slug": "capital-texas",
        "promptTokens": TOKENS,
        "prompt": "The capital of Texas",
        "titlePrefix": "",
        "url": "http://testserver/api/v1/models/toy/circuits/capital-texas/export",
    }
    assert isinstance(found["id"], str)
    assert toy.post("/api/graph/list-owned").json() == [found]


def test_a_graph_that_was_kept_has_the_name_of_the_announced_file(toy):
    uploaded(toy, gzip.compress(json.dumps(document()).encode()))
    (line,) = toy.get("/api/v1/models/toy/circuits").json()["items"]
    assert (line["file"], line["origin"]) == ("capital-texas.json", "imported")


def test_what_was_not_announced_or_not_sent_is_not_kept(toy):
    token = "x" * 24
    assert toy.put(f"/api/graph-uploads/{token}", content=b"{}").status_code == 404
    asked = {"putRequestId": token}
    assert toy.post("/api/graph/save-to-db", json=asked).status_code == 404
    waiting = {"putRequestId": announced(toy, b"{}")["putRequestId"]}
    assert toy.post("/api/graph/save-to-db", json=waiting).status_code == 409


def test_another_size_than_announced_is_refused(toy):
    address = announced(toy, b"{}")
    answer = toy.put(address["url"], content=b"{...}")
    assert answer.status_code == 422
    assert "More bytes were sent than the 2 that were announced" in answer.json()["detail"]
    answer = toy.put(address["url"], content=b"{")
    assert answer.status_code == 422
    assert "1 bytes were sent, and 2 were announced" in answer.json()["detail"]


def test_nothing_is_received_for_an_address_that_was_not_answered(toy, empty_app):
    address = announced(toy, b"{}")
    with ExitStack() as full:
        for _ in range(receiving.MOST_AT_ONCE):
            full.enter_context(empty_app.state.receptions.taken())
        assert toy.put(f"/api/graph-uploads/{'x' * 24}", content=b"{}").status_code == 404
        assert toy.put(address["url"], content=b"{}").status_code == 429
        answer = toy.post("/api/v1/models/toy/circuits/import", content=b"{}")
        assert answer.status_code == 429
    assert toy.put(address["url"], content=b"{}").status_code == 200


def test_more_announcements_than_may_wait_are_told_when_to_try_again(toy):
    body = UPLOAD | {"contentLength": 2}
    answers = [toy.post("/api/graph/signed-put", json=body) for _ in range(9)]
    assert [answer.status_code for answer in answers] == [200] * 8 + [429]
    assert 0 < int(answers[-1].headers["retry-after"]) <= 600
    assert toy.put(answers[0].json()["url"], content=b"{}").status_code == 200


def test_a_prompt_with_its_tokens_is_of_bounded_size(toy):
    tokens = ["é" * 10_000] * 51
    for n_characters, status in ((979_949, 200), (979_950, 422)):
        metadata = document()["metadata"] | {"prompt": "x" * n_characters, "prompt_tokens": tokens}
        answer = uploaded(toy, gzip.compress(json.dumps(document(metadata=metadata)).encode()))
        assert answer.status_code == status
    assert "more than 2,000,000 bytes of prompt and tokens" in answer.json()["detail"]


def test_the_list_of_graphs_ends_where_their_prompts_are_too_much(toy, monkeypatch):
    for slug in ("first", "second", "third"):
        metadata = document()["metadata"] | {"slug": slug, "prompt": "x" * 1000}
        uploaded(toy, gzip.compress(json.dumps(document(metadata=metadata)).encode()))

    def listed():
        return [one["slug"] for one in toy.post("/api/graph/list-owned").json()]

    assert listed() == ["third", "second", "first"]
    monkeypatch.setattr(circuit_prompt, "MOST_TOLD", 2100)
    assert listed() == ["third", "second"]
    monkeypatch.setattr(circuit_prompt, "MOST_TOLD", 10)
    assert listed() == ["third"]


def test_only_a_few_read_the_list_of_graphs_at_once(toy, empty_app):
    with ExitStack() as full:
        for _ in range(empty_app.state.settings.most_downloads):
            full.enter_context(empty_app.state.downloads.taken())
        assert toy.post("/api/graph/list-owned").status_code == 429
    assert toy.post("/api/graph/list-owned").status_code == 200


def test_a_prompt_that_no_job_can_have_is_refused(toy):
    for prompt in ("a\x00b", "\x00"):
        asked = {"modelId": "toy", "slug": "mine", "prompt": prompt}
        answer = toy.post("/api/graph/generate", json=asked)
        assert answer.status_code == 422
        assert answer.json()["errors"]


def test_a_slug_that_no_circuit_can_have_is_refused_when_it_is_kept(toy):
    metadata = document()["metadata"] | {"slug": "../../etc"}
    answer = uploaded(toy, gzip.compress(json.dumps(document(metadata=metadata)).encode()))
    assert answer.status_code == 422
    assert "cannot be called '../../etc'" in answer.json()["detail"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"contentLength": 0}, {"contentLength": 2**40}, {"contentLength": True},
        {"filename": ""}, {"filename": None},
    ],
)  # fmt: skip
def test_what_is_no_announcement_is_refused(toy, wrong):
    body = UPLOAD | {"contentLength": 10} | wrong
    assert toy.post("/api/graph/signed-put", json=body).status_code == 422


def test_a_prompt_is_read_whole_however_long_it_is(toy, empty_app):
    prompt = "née 🙂 " * 60_000
    graph = Graph(
        prompt=prompt, tokens=("née", " 🙂"), n_layers=4,
        nodes=(Node(id="a", kind="feature", layer=1, position=0),),
    )  # fmt: skip
    assert len(prompt.encode()) > 2 * circuit_prompt.BEGINNING
    with open_session(empty_app.state.engine, commit=True) as session:
        keep_circuit(session, model="toy", circuit=Circuit(graph=graph), actor="me", slug="long")
    found = toy.get("/api/graph/toy/long").json()
    assert (found["prompt"], found["promptTokens"]) == (prompt, ["née", " 🙂"])
