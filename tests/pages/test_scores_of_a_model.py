"""Someone asks how well the explanations of a whole model predict."""

import re

import pytest
from starlette.testclient import TestClient

from app.rendering.score_layers import (
    layers_of,
    left_out,
    methods_by_bits,
    r_by_bits,
    totals_of,
)
from app.store.views.score import ScorePoint, ScoreSummaryView

PAGE = "/m/synthetic/scores"


def summary(site: str, method: str, split: str, **more: object) -> ScoreSummaryView:
    fields: dict[str, object] = {
        "model": "m", "site": site, "kind": "mlp", "layer": int(site[4:]), "run_id": 1,
        "method": method, "split": split, "n_units_of_site": 100,
        "n_units_of_kind": 1000, "lookup_mean_r": None, "n_units": 10, "n_scored": 8,
        "n_undefined": 1, "n_failed": 1, "n_better": 6, "mean_r": 0.5,
        "quantiles": [n / 100 for n in range(101)], "points": [],
    }  # fmt: skip
    return ScoreSummaryView.model_validate({**fields, **more})


def test_means_are_over_units_and_not_over_layers() -> None:
    """Over all units explained: where there is no r, or no layer has one, it counts as 0."""
    some = [
        summary("mlp.0", "rules", "test", n_scored=1, mean_r=0.2),
        summary("mlp.1", "rules", "test", n_scored=3, mean_r=0.6),
        summary("mlp.2", "rules", "test", n_scored=0, mean_r=None, quantiles=[]),
    ]
    (total,) = totals_of(some, "mlp")
    assert total.mean_r == pytest.approx((10 * 0.2 + 10 * 0.6) / 30)
    assert (total.n_units, total.n_units_of_kind, total.n_scored) == (30, 1000, 4)
    assert (total.n_undefined, total.n_failed) == (3, 3)


def test_layers_are_rows_with_their_lookup_and_their_domains() -> None:
    some = [
        summary(site, method, split)
        for site in ("mlp.0", "mlp.1")
        for method in ("rules", "lookup")
        for split in ("test", "ood:code", "calibration")
    ]
    rows = layers_of(some, "mlp")
    assert [row.main.site for row in rows] == ["mlp.1", "mlp.0"]
    assert {row.reference.method for row in rows if row.reference} == {"lookup"}
    assert [[one.split for one in row.elsewhere] for row in rows] == [["ood:code"]] * 2
    assert layers_of(some, "attn") == []


def test_a_lookup_of_other_units_is_no_reference() -> None:
    rules = summary("mlp.0", "rules", "test")
    for other in ({"run_id": 2}, {"n_units": 100}):
        (row,) = layers_of([rules, summary("mlp.0", "lookup", "test", **other)], "mlp")
        assert row.reference is None


def test_the_lookup_beside_a_total_is_of_the_same_units_in_every_layer_or_not_there() -> None:
    some = [
        summary("mlp.0", "rules", "test", n_units=10, lookup_mean_r=0.3),
        summary("mlp.1", "rules", "test", n_units=30, lookup_mean_r=0.5),
    ]
    (total,) = totals_of(some, "mlp")
    assert total.lookup_mean_r == pytest.approx((10 * 0.3 + 30 * 0.5) / 40)
    (total,) = totals_of([*some, summary("mlp.2", "rules", "test")], "mlp")
    assert total.lookup_mean_r is None


def test_units_without_length_or_r_are_no_dots() -> None:
    points = [
        ScorePoint(index=0, bits=100.0, r=0.5),
        ScorePoint(index=1, bits=None, r=0.5),
        ScorePoint(index=2, bits=100.0, r=None),
        ScorePoint(index=3, bits=0.0, r=0.1),
    ]
    drawing = r_by_bits([summary("mlp.0", "rules", "test", points=points)], "mlp")
    dots = re.search(r'class="dots dots-rules" d="([^"]*)"', drawing)
    assert dots is not None
    assert dots[1].count("M") == 1
    assert "undefined" in r_by_bits([summary("mlp.0", "rules", "test")], "mlp")


def test_how_many_units_are_no_dots_is_said_by_method() -> None:
    some = [
        summary("mlp.0", "rules", "test", n_units=1000, n_scored=900),
        summary("mlp.1", "rules", "test", n_units=1000, n_scored=0),
        summary("mlp.0", "rules", "ood:code", n_scored=0),
        summary("mlp.0", "language_model", "test", n_units=10, n_scored=8),
    ]
    assert left_out(some, "mlp") == (
        "Without an r, and left out: 1,100 of 2,000 units explained by rules, 2 of 10 units"
        " explained by language models."
    )
    assert left_out(some, "attn") == ""


def test_captions_say_what_counts_as_0_and_what_is_left_out(pages: TestClient) -> None:
    page = pages.get(PAGE).text
    assert "of all units explained: those that failed, or whose r is undefined, count as 0" in page
    assert "Without an r, and left out: 3 of 240 units explained by rules." in page


def test_the_page_has_denominators_and_what_is_not_scored(pages: TestClient) -> None:
    page = pages.get(PAGE).text
    neurons = page[page.index("MLP neurons") : page.index("Attention heads")]
    row = re.search(r'<th scope="row">rules</th><td>test</td>(.*?)</tr>', neurons, re.DOTALL)
    assert row is not None
    numbers = re.findall(r'<data value="(\d+)">', row[1])
    assert numbers[:4] == ["240", "240", "237", "3"]  # a constant neuron in each of three layers
    assert re.search(
        r'<th scope="row">rules</th><td>code</td>.*?class="drop loud"', neurons, re.DOTALL
    )


def test_layers_are_drawn_and_stand_in_a_table(pages: TestClient) -> None:
    page = pages.get(PAGE).text
    assert page.count('<rect class="box"') == 6
    assert page.count('class="r-by-bits"') == 2
    words = re.search(r'aria-label="(Simulation r of rules over neurons[^"]*)"', page)
    assert words is not None
    assert "layer 0: median" in words[1]
    assert re.search(r'<th scope="row"><a href="/m/synthetic/mlp.2">', page)


def test_the_models_page_leads_there_and_loads_it_when_it_is_seen(pages: TestClient) -> None:
    page = pages.get("/m/synthetic").text
    assert f'hx-get="{PAGE}" hx-trigger="intersect once"' in page
    assert f'<a href="{PAGE}">' in page
    headers = {"hx-request": "true", "hx-target": "section#scores"}
    fragment = pages.get(PAGE, headers=headers).text
    assert fragment.lstrip().startswith('<section id="scores"')


def test_a_model_that_is_not_swept_or_not_there_is_said_so(pages: TestClient) -> None:
    assert pages.get("/m/nobody/scores").status_code == 404
    assert pages.get(f"{PAGE}?run=9999").status_code == 404


def test_the_legend_names_only_methods_that_have_dots(pages: TestClient) -> None:
    dot, no_length = ScorePoint(index=0, bits=100.0, r=0.5), ScorePoint(index=1, bits=None, r=0.5)
    some = [
        summary("mlp.0", "rules", "test", points=[dot]),
        summary("mlp.0", "language_model", "test", points=[no_length]),
    ]
    assert methods_by_bits(some, "mlp") == [("rules", "rules")]
    assert methods_by_bits(some, "attn") == []
    page = pages.get(PAGE).text
    for figure in page.split("<figure")[1:]:
        legend = figure.partition("drawn at random:")[2].partition("</figcaption>")[0]
        if legend:
            named = {name.replace("-", "_") for name in re.findall(r'class="key-([\w-]+)"', legend)}
            drawn = set(re.findall(r'class="dots dots-(\w+)" d="M', figure))
            assert named == drawn != set()
