"""Search over REST, and under the paths that Neuronpedia's clients know."""

import numpy as np
import pytest

from app import embedding
from app.api.v1 import search as router


def test_a_search_gives_units_with_the_reason(filled):
    view = filled.get("/api/v1/search", params={"q": "articles"}).json()
    assert {(item["model"], item["index"]) for item in view["items"]} >= {("synthetic", 0)}
    item = view["items"][0]
    assert item["explanation"]["text"] == "The articles the, a and an."
    reason = item["reasons"][0]
    assert reason["field"] == "explanation"
    assert [p["text"] for p in reason["marked"]["pieces"] if p["hit"]] == ["articles"]


def test_pages_of_a_search_are_followed_by_cursor(filled):
    query = {"q": "fires", "limit": 7, "model": "synthetic", "site": "mlp.1", "method": "rules"}
    seen, cursor = [], None
    while True:
        page = filled.get("/api/v1/search", params={**query, **cursor_of(cursor)}).json()
        seen += [(item["site"], item["index"]) for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    whole = filled.get("/api/v1/search", params={**query, "limit": 100}).json()["items"]
    assert len(whole) > 2 * query["limit"]
    assert seen == [(item["site"], item["index"]) for item in whole]


def cursor_of(cursor):
    return {} if cursor is None else {"cursor": cursor}


def test_nothing_found_is_no_error_and_says_what_to_do(filled):
    view = filled.get("/api/v1/search", params={"q": "kraken squid"}).json()
    assert (view["items"], view["next_cursor"]) == ([], None)
    assert view["note"]


@pytest.mark.parametrize(
    "query",
    [{}, {"q": ""}, {"q": "x" * 1001}, {"q": "a", "r_min": 2}, {"q": "a", "r_min": "nan"},
     {"q": "a", "method": "magic"}, {"q": "a", "site": "mlp.0"}, {"q": "a", "sort": "r"}],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused(filled, query):
    assert filled.get("/api/v1/search", params=query).status_code == 422


def test_a_model_that_is_not_there_is_a_404(filled):
    answer = filled.get("/api/v1/search", params={"q": "a", "model": "nobody"})
    assert answer.status_code == 404


@pytest.mark.parametrize("query", ['"', "a\0b", "' OR 1=1 --", "NEAR(", "*:&|!"])
def test_no_text_breaks_a_search(filled, query):
    assert filled.get("/api/v1/search", params={"q": query}).status_code == 200


def test_without_sentence_embeddings_a_search_is_by_words_and_says_so(filled, monkeypatch):
    monkeypatch.setattr(embedding, "find_model", lambda: None)
    embedding.get_encoder.cache_clear()
    assert filled.get("/api/v1/search", params={"q": "fires"}).json()["semantic"] is False
    embedding.get_encoder.cache_clear()


def test_with_them_it_is_by_meaning_too(filled, monkeypatch):
    monkeypatch.setattr(router, "embed", lambda _: np.full(384, 384**-0.5, np.float32))
    assert filled.get("/api/v1/search", params={"q": "fires"}).json()["semantic"] is True


def ask_as_neuronpedia(filled, path, **body):
    answer = filled.post(f"/api/explanation/{path}", json=body)
    assert answer.status_code == 200
    return answer.json()


@pytest.mark.parametrize("slash", ["", "/"])
def test_neuronpedia_s_search_gives_twenty_explanations_a_page(filled, slash):
    first = ask_as_neuronpedia(filled, f"search-all{slash}", query="fires")
    assert first["resultsCount"] == len(first["results"]) == 20
    assert (first["hasMore"], first["nextOffset"]) == (True, 20)
    assert first["request"] == {"query": "fires", "offset": 0}
    more = ask_as_neuronpedia(filled, "search-all", query="fires", offset=20)
    assert not {one["id"] for one in first["results"]} & {one["id"] for one in more["results"]}


def test_neuronpedia_s_explanations_have_source_text_and_scores(filled):
    (found,) = [
        one
        for one in ask_as_neuronpedia(
            filled, "search", modelId="synthetic", layers=["0-mlp"], query="articles"
        )["results"]
        if one["index"] == 0
    ]
    assert found["description"] == "The articles the, a and an."
    assert (found["modelId"], found["layer"], found["source"]) == ("synthetic", "0-mlp", "0-mlp")
    assert {score["split"] for score in found["scores"]} == {"test", "ood:code"}
    assert found["scores"][0]["explanationScoreTypeName"] == "simulation_r"


def test_neuronpedia_s_search_keeps_to_its_model_and_sources(filled):
    model = ask_as_neuronpedia(filled, "search-model", modelId="synthetic-2", query="fires")
    assert {one["modelId"] for one in model["results"]} == {"synthetic-2"}
    body = {"modelId": "synthetic", "query": "fires"}
    sources = ask_as_neuronpedia(filled, "search", layers=["1-mlp", "99-mlp"], **body)
    assert {one["source"] for one in sources["results"]} == {"1-mlp"}
    assert ask_as_neuronpedia(filled, "search", layers=["99-mlp"], **body)["results"] == []


@pytest.mark.parametrize("body", [{}, {"query": "ab"}, {"query": "abc", "offset": -1}])
def test_neuronpedia_s_search_refuses_what_it_cannot_ask(filled, body):
    assert filled.post("/api/explanation/search-all", json=body).status_code == 422
