"""Circuits as files over REST: imported, exported, and what is refused."""

import gzip
import json

import pytest

from app import security
from app.api.v1 import circuit_files
from app.store.engine import open_session
from tests.api.test_neuronpedia_graphs import four_layers
from tests.exchange.graphs import document, feature, link

IMPORT = "/api/v1/models/toy/circuits/import"


@pytest.fixture
def toy(empty_app, empty):
    with open_session(empty_app.state.engine, commit=True) as session:
        four_layers(session)
    return empty


def sent(client, content=None, **query):
    body = json.dumps(document()).encode() if content is None else content
    return client.post(IMPORT, content=body, params=query)


def test_a_graph_is_imported_and_read_where_the_answer_says(toy):
    links = [*document()["links"], link("gone", "1_253_2", 1.0)]
    answer = sent(toy, json.dumps(document(links=links)).encode(), file="texas.json")
    assert answer.status_code == 201
    told = answer.json()
    assert (told["slug"], told["origin"], told["file"]) == (
        "capital-texas",
        "imported",
        "texas.json",
    )
    assert (told["n_nodes"], told["n_links"]) == (4, 3)
    assert told["warnings"] == [
        "Links to or from nodes that the file does not have: 1, such as 'gone'; they are left out."
    ]
    found = toy.get(answer.headers["location"]).json()
    assert found["circuit"]["graph"]["nodes"][1]["label"] == "capital cities"
    assert found["circuit"]["warnings"] == told["warnings"]


def test_a_compressed_body_is_read_with_and_without_a_word_about_it(toy):
    packed = gzip.compress(json.dumps(document()).encode())
    assert sent(toy, packed, slug="one").status_code == 201
    told = toy.post(
        IMPORT, content=packed, params={"slug": "two"}, headers={"content-encoding": "gzip"}
    )
    assert told.status_code == 201


def test_slug_title_and_their_name_are_as_they_are_given(toy):
    metadata = document()["metadata"] | {"scan": "gemma-2-2b"}
    content = json.dumps(document(metadata=metadata)).encode()
    refused = sent(toy, content)
    assert refused.status_code == 422
    assert "a graph of 'gemma-2-2b', not of toy" in refused.json()["detail"]
    told = sent(toy, content, their_name="gemma-2-2b", slug="mine", title="Austin").json()
    assert (told["slug"], told["title"]) == ("mine", "Austin")


def test_a_slug_that_is_taken_is_in_conflict(toy):
    assert sent(toy).status_code == 201
    answer = sent(toy)
    assert answer.status_code == 409
    assert "slug" in answer.json()["hint"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "expected an object"),
        (b"\xff\xfe", "no UTF-8"),
        (b"{}", "field metadata: expected an object, found nothing"),
        (json.dumps(document(nodes=[feature(clerp=1)])).encode(), "node 1, field clerp"),
        (json.dumps(document(links=[link("a", "b", float("nan"))])).encode(), "link 1, field weig"),
        (b'{"metadata":' + b"[" * 100_000, "nested too deeply"),
    ],
)
def test_what_is_wrong_is_a_problem_with_the_place_and_a_hint(toy, content, said):
    answer = sent(toy, content, file="mine.json")
    assert answer.status_code == 422
    problem = answer.json()
    assert problem["detail"].startswith("mine.json, ")
    assert said in problem["detail"]
    assert problem["hint"]
    assert len(answer.content) < 2000
    assert toy.get("/api/v1/models/toy/circuits").json()["items"] == []


def test_more_than_a_megabyte_is_taken_here_and_not_elsewhere(toy, empty_app):
    nodes = [feature(1, number) for number in range(4000)]
    content = json.dumps(document(nodes=nodes, links=[])).encode()
    assert len(content) > security.BODY_LIMIT
    assert sent(toy, content).status_code == 201
    assert toy.post("/api/v1/models/toy/tasks", content=content).status_code == 413
    left = empty_app.state.settings.data / "uploads"
    assert list(left.iterdir()) == []


def test_a_file_over_the_limit_is_refused_whether_it_says_its_size_or_not(toy, monkeypatch):
    monkeypatch.setattr(security, "FILE_LIMIT", 1000)
    assert sent(toy).status_code == 413
    chunks = (b" " * 500 for _ in range(3))
    answer = toy.post(IMPORT, content=chunks)
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"


def test_only_a_few_files_are_read_at_once(toy, empty_app):
    places = empty_app.state.readings
    with places.taken(), places.taken():
        answer = sent(toy)
    assert answer.status_code == 429
    assert "retry-after" in answer.headers
    assert sent(toy).status_code == 201


def test_a_model_that_is_missing_is_missing(toy):
    answer = toy.post("/api/v1/models/none/circuits/import", content=json.dumps(document()))
    assert answer.status_code == 404


def test_what_was_imported_is_exported_as_the_same_file(toy):
    sent(toy)
    answer = toy.get("/api/v1/models/toy/circuits/capital-texas/export")
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-disposition"] == (
        'attachment; filename="toy-capital-texas.attribution-graph.json"'
    )
    theirs = document()
    again = answer.json()
    assert again["metadata"].items() >= theirs["metadata"].items()
    assert again["links"] == theirs["links"]
    assert [node["node_id"] for node in again["nodes"]] == [
        node["node_id"] for node in theirs["nodes"]
    ]
    assert sent(toy, answer.content, slug="again").status_code == 201


def test_it_is_exported_for_eap_ig_where_there_are_units(toy):
    nodes = [feature(0, feature_type="neuron", feature=3), *document()["nodes"]]
    links = [link(nodes[0], document()["nodes"][3], 2.0)]
    sent(toy, json.dumps(document(nodes=nodes, links=links)).encode())
    sent(toy, slug="features")
    path = "/api/v1/models/toy/circuits/{}/export?format=eap-ig"
    answer = toy.get(path.format("capital-texas"))
    assert 'filename="toy-capital-texas.eap-ig.json"' in answer.headers["content-disposition"]
    whole = answer.json()
    assert whole["edges"] == {"m0->logits": {"score": 2.0, "in_graph": True}}
    assert toy.get(path.format("features")).status_code == 409
    assert toy.get(path.format("none")).status_code == 404
    wrong = toy.get("/api/v1/models/toy/circuits/features/export?format=gexf")
    assert wrong.status_code == 422


def test_the_answer_of_an_import_is_a_line_of_the_list_and_its_warnings(toy):
    told = sent(toy).json()
    (line,) = toy.get("/api/v1/models/toy/circuits").json()["items"]
    assert told == line | {"warnings": []}
    assert set(told) == set(circuit_files.ImportedCircuit.model_fields)
