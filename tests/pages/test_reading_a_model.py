"""Someone looks at a model: facts, map, random neurons."""

import re

import pytest
from starlette.testclient import TestClient

from app.rendering.facts import activation_function
from app.rendering.words import source


def test_the_map_has_a_row_per_layer_for_neurons_and_heads(pages: TestClient) -> None:
    page = pages.get("/m/synthetic").text
    assert page.count("data-network") == 2
    for layer in range(3):
        assert f'aria-label="Site mlp.{layer}"' in page
        assert f'aria-label="Site attn.{layer}"' in page


def test_the_map_opens_on_what_tells_units_apart(pages: TestClient) -> None:
    gated, relu = (pages.get(f"/m/synthetic{end}").text for end in ("", "-2"))
    assert "Map of neurons by layer and kurtosis" in gated
    assert "Map of neurons by layer and density" in relu
    assert "Map of heads by layer and mean" in gated


def test_a_chosen_statistic_is_that_of_both_maps(pages: TestClient) -> None:
    page = pages.get("/m/synthetic?statistic=density").text
    assert "Map of neurons by layer and density" in page
    assert "Map of heads by layer and density" in page


def told(page: str) -> tuple[dict[str, str], str]:
    """The facts by their labels, in the page's order, and the fold behind them."""
    section = page[page.index('id="facts-title"') :].partition("</section>")[0]
    front, fold = section.split("<details", 1)
    pairs = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", front)
    return {re.sub(r"<.*?>", "", key): re.sub(r"<.*?>", "", value) for key, value in pairs}, fold


def test_facts_stand_in_words_units_and_a_readers_order(pages: TestClient) -> None:
    facts, _ = told(pages.get("/m/synthetic").text)
    assert facts == {
        "architecture": "plain transformer",
        "parameters": "95,232",
        "layers": "3",
        "hidden size": "64 numbers per token",
        "neurons per layer": "80",
        "heads per layer": "3 of width 16",
        "activation function": "SiLU, gated",
        "normalisation": "RMS norm",
        "vocabulary": "430 tokens",
        "context length": "128 tokens",
        "a token sees": "itself and what is before it",
        "a text begins with": "BOS, token 0",
        "computed in": "float32",
        "units recorded": "249 of 249",
    }
    assert list(facts)[:4] == ["architecture", "parameters", "layers", "hidden size"]


def test_hashes_and_source_of_a_model_are_folded(pages: TestClient) -> None:
    page = pages.get("/m/synthetic").text
    view = pages.get("/api/v1/models/synthetic").json()
    facts, fold = told(page)
    for key in ("weights_sha256", "tokenizer_sha256"):
        assert view[key] in fold
        assert page.count(view[key]) == 1
    assert "Provenance" in fold
    assert view["facts"]["activation_function"] in fold
    assert not any("torch" in value or "sha" in key for key, value in facts.items())


@pytest.mark.parametrize(
    ("qualified", "name"),
    [
        ("torch.nn.functional.relu", "ReLU"),
        ("transformers.activations.SiLUActivation", "SiLU"),
        ("transformers.activations.NewGELUActivation", "GELU (tanh approximation)"),
        ("torch.nn.functional.gelu(approximate='tanh')", "GELU (tanh approximation)"),
        ("transformers.activations.GELUActivation: torch.nn.functional.gelu", "GELU"),
        ("somewhere.Bent", "Bent"),
    ],
)
def test_an_activation_function_has_its_usual_name(qualified: str, name: str) -> None:
    assert activation_function(qualified) == name


def test_a_source_is_shown_without_the_path_on_this_machine() -> None:
    assert source("/srv/models/Tiny.Q4_1.gguf", "gguf") == "gguf: Tiny.Q4_1.gguf"
    assert source("/srv/models/tiny/", "folder") == "folder: tiny"
    assert source("EleutherAI/pythia-70m", "hub") == "hub: EleutherAI/pythia-70m"


def test_a_cell_of_the_map_leads_to_exactly_its_units(pages: TestClient) -> None:
    page = pages.get("/m/synthetic?statistic=maximum").text
    cells = re.findall(r'<a href="([^"]+)" tabindex="-1" aria-label="mlp\.1: (\d+) neurons', page)
    assert cells
    address, n_units = cells[len(cells) // 2]
    rows = pages.get(address.replace("&amp;", "&")).text
    inside = re.findall(r'<th scope="row"><a href="/m/synthetic/mlp\.1/\d+', rows)
    assert len(inside) >= min(50, int(n_units))


def test_the_map_is_also_a_table(pages: TestClient) -> None:
    page = pages.get("/m/synthetic").text
    assert "MLP neurons as a table" in page
    assert "95 % below" in page


def test_the_same_seed_draws_the_same_neurons_and_the_page_says_so(pages: TestClient) -> None:
    def drawn(seed: int) -> list[str]:
        page = pages.get(f"/m/synthetic?seed={seed}").text
        assert "drawn at random, not picked" in page
        assert f"seed {seed}" in page
        return re.findall(r'<li class="card">\s*<h3><a href="([^"]+)"', page)

    assert len(drawn(5)) == 8
    assert drawn(5) == drawn(5)
    assert drawn(5) != drawn(6)


def test_each_random_card_shows_a_top_and_a_random_window(pages: TestClient) -> None:
    page = pages.get("/m/synthetic?seed=1").text
    assert page.count('<span class="label-of">top</span>') == 8
    assert page.count('<span class="label-of">random</span>') == 8


def test_choosing_a_statistic_swaps_only_the_map(pages: TestClient) -> None:
    headers = {"hx-request": "true", "hx-target": "section#map"}
    answer = pages.get("/m/synthetic?statistic=kurtosis", headers=headers)
    assert answer.text.lstrip().startswith('<section id="map"')
    assert "<html" not in answer.text
    assert "HX-Target" in answer.headers["vary"]


def test_an_unknown_statistic_and_an_unknown_model_are_said_on_a_page(pages: TestClient) -> None:
    assert pages.get("/m/synthetic?statistic=wealth").status_code == 422
    answer = pages.get("/m/nothing")
    assert answer.status_code == 404
    assert "<h1>Not found</h1>" in answer.text


def test_a_random_unit_is_decided_by_the_seed_in_the_address(pages: TestClient) -> None:
    first = pages.get("/m/synthetic/random", follow_redirects=False)
    assert re.fullmatch(r"/m/synthetic/random\?seed=\d+", first.headers["location"])
    once = pages.get("/m/synthetic/random?seed=9", follow_redirects=False).headers["location"]
    again = pages.get("/m/synthetic/random?seed=9", follow_redirects=False).headers["location"]
    assert once == again
    assert re.fullmatch(r"/m/synthetic/(mlp|attn)\.\d/\d+", once)
