"""Someone types a unit in the header, or comes with an address in Neuronpedia's manner."""

import pytest
from starlette.testclient import TestClient


@pytest.mark.parametrize(
    ("typed", "path"),
    [
        ("mlp.1/7", "/m/synthetic-2/mlp.1/7"),
        (" attn.0/2 ", "/m/synthetic-2/attn.0/2"),
        ("1-mlp/7", "/m/synthetic-2/mlp.1/7"),
        ("1/7", "/m/synthetic-2/mlp.1/7"),
        ("synthetic/01/7/", "/m/synthetic/mlp.1/7"),
        ("mlp.2", "/m/synthetic-2/mlp.2"),
        ("synthetic/mlp.1/7", "/m/synthetic/mlp.1/7"),
        ("synthetic", "/m/synthetic"),
    ],
)
def test_what_is_typed_leads_to_its_page(pages: TestClient, typed: str, path: str) -> None:
    answer = pages.get(
        "/jump", params={"to": typed, "model": "synthetic-2"}, follow_redirects=False
    )
    assert answer.status_code == 303
    assert answer.headers["location"] == path


@pytest.mark.parametrize(
    "typed", ["", "the best one", "12", "12/", "1/2/3/4", "//evil.example/mlp.1/2", "mlp.1/../../x"]
)
def test_what_names_nothing_is_refused_with_an_example(pages: TestClient, typed: str) -> None:
    answer = pages.get("/jump", params={"to": typed}, follow_redirects=False)
    assert answer.status_code == 422
    assert "mlp.12/345" in answer.text


def test_without_a_model_the_first_one_is_meant(pages: TestClient) -> None:
    answer = pages.get("/jump", params={"to": "mlp.0/3"}, follow_redirects=False)
    assert answer.headers["location"] == "/m/synthetic/mlp.0/3"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("/synthetic/1-mlp/7", "/m/synthetic/mlp.1/7"),
        ("/synthetic/02-attn/1", "/m/synthetic/attn.2/1"),
        ("/synthetic/graph?slug=capital-texas", "/m/synthetic/circuits/capital-texas"),
        ("/synthetic/graph?slug=..%2F%3Fx", "/m/synthetic/circuits/..%2F%3Fx"),
        ("/synthetic/graph", "/m/synthetic/circuits"),
    ],
)
def test_addresses_in_neuronpedias_manner_redirect(pages: TestClient, old: str, new: str) -> None:
    answer = pages.get(old, follow_redirects=False)
    assert answer.status_code == 308
    assert answer.headers["location"] == new


def test_other_addresses_of_three_parts_are_not_taken_for_units(pages: TestClient) -> None:
    assert pages.get("/synthetic/1-sae/7").status_code == 404
    assert pages.get("/synthetic/mlp/7").status_code == 404
    assert pages.get("/synthetic/1-mlp/x").status_code == 404
