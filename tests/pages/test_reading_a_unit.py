"""Someone looks at a neuron or a head."""

import re

from starlette.testclient import TestClient

UNIT = "/m/synthetic/mlp.1/7"
HEAD = "/m/synthetic/attn.1/0"


def lists(page: str) -> dict[str, int]:
    """Exemplars per list on the page."""
    parts = re.split(r'<section class="list list-(\w+)"', page)[1:]
    return {
        kind: html.count('class="exemplar"')
        for kind, html in zip(parts[::2], parts[1::2], strict=True)
    }


def test_one_page_has_both_tails_then_the_intervals_then_random_windows(pages: TestClient) -> None:
    found = lists(pages.get(UNIT).text)
    assert found == {"top": 6, "bottom": 6, "interval": 10, "random": 4}
    assert list(found) == ["top", "bottom", "interval", "random"]


def test_each_interval_of_the_overview_says_its_share(pages: TestClient) -> None:
    page = pages.get(UNIT).text
    shares = re.findall(r"<h4>.*?contains ([\d.]+)", page)
    assert len(shares) == 5
    assert 95 < sum(map(float, shares)) < 105


def test_a_list_that_is_cut_leads_to_all_of_it(pages: TestClient) -> None:
    page = pages.get(UNIT).text
    for tab in ("top", "bottom", "intervals", "random"):
        n = sum(lists(pages.get(f"{UNIT}?show={tab}").text).values()) - 4 * (tab != "random")
        assert re.search(rf'<a class="more" href="[^"]*show={tab}"[^>]*>all {n}<', page), tab
    assert 'class="more"' not in pages.get(f"{UNIT}?show=random").text


def test_each_tab_shows_all_of_its_windows_with_random_ones_below(pages: TestClient) -> None:
    assert lists(pages.get(f"{UNIT}?show=top").text) == {"top": 12, "random": 4}
    assert lists(pages.get(f"{UNIT}?show=bottom").text) == {"bottom": 12, "random": 4}
    assert lists(pages.get(f"{UNIT}?show=random").text) == {"random": 12}


def test_intervals_say_their_bounds_and_their_share(pages: TestClient) -> None:
    page = pages.get(f"{UNIT}?show=intervals").text
    assert re.search(r"Interval \S+ to \S+ \(contains .+? of windows\)", page)
    assert list(lists(page)) == ["interval", "random"]


def test_a_tab_swaps_only_the_exemplars(pages: TestClient) -> None:
    headers = {"hx-request": "true", "hx-target": "section#responds"}
    fragment = pages.get(f"{UNIT}?show=top", headers=headers).text
    assert fragment.lstrip().startswith('<section id="responds"')
    assert "What it writes" not in fragment


def test_a_strip_has_exact_values_ids_and_a_text_alternative(pages: TestClient) -> None:
    page = pages.get(UNIT).text
    answer = pages.get("/api/v1/models/synthetic/sites/mlp.1/units/7/exemplars?kind=top")
    top = answer.json()["items"][0]
    assert f'data-ids="{" ".join(map(str, top["token_ids"]))}"' in page
    assert f"Peak {top['peak']:.4f} at token" in page
    assert "Context:" in page


def test_another_split_shows_its_own_numbers(pages: TestClient) -> None:
    for split in ("test", "ood:code"):
        page = pages.get(UNIT, params={"split": split}).text
        assert f'aria-current="true">{split}</a>' in page
        rows = re.findall(r'<span class="where">(\S+) ·', page)
        assert rows
        assert set(rows) == {split}


def test_neighbours_are_links_and_end_at_the_ends(pages: TestClient) -> None:
    page = pages.get(UNIT).text
    assert 'href="/m/synthetic/mlp.1/6"' in page
    assert 'href="/m/synthetic/mlp.1/8"' in page
    assert 'rel="prev"' not in pages.get("/m/synthetic/mlp.1/0").text
    assert 'rel="next"' not in pages.get("/m/synthetic/mlp.1/79").text


def test_both_sides_of_the_output_and_the_sign_flip_are_shown(pages: TestClient) -> None:
    page = pages.get(UNIT).text
    assert "Promotes" in page
    assert "Suppresses" in page
    assert "the columns swap" in page
    assert "the columns swap" not in pages.get("/m/synthetic-2/mlp.1/7").text


def test_related_units_name_their_method(pages: TestClient) -> None:
    page = pages.get(UNIT).text
    assert "cosine of output vectors" in page
    assert "Pearson r on fit, r on test" in page
    assert re.search(r"truly most alike: .*?99.*?, over .*?256.*? random units", page)


def test_how_it_was_computed_leads_to_the_run(pages: TestClient) -> None:
    page = pages.get(UNIT).text
    assert "How this was computed" in page
    assert re.search(r'<dd><a href="/runs/\d+">', page)
    assert "is left out" in page


def test_a_flagged_unit_says_how_many_values_were_not_finite(pages: TestClient) -> None:
    page = pages.get("/m/synthetic/mlp.1/2").text
    assert "flagged" in page
    assert "NaN or infinite" in page


def test_a_unit_without_any_finite_activation_still_has_a_page(pages: TestClient) -> None:
    page = pages.get("/m/synthetic/mlp.1/3").text
    assert "no activation was finite" in page
    assert "scale-steps" not in page
    assert "undefined" in page


def test_a_dead_unit_is_called_dead(pages: TestClient) -> None:
    assert "badge-warn" in pages.get("/m/synthetic/mlp.1/1").text


def test_a_head_shows_what_its_peak_reads_without_javascript(pages: TestClient) -> None:
    page = pages.get(HEAD).text
    assert page.count("data-attention") == 26
    assert re.search(r'<p class="reads">Reads <span class="source s-\d">', page)
    assert re.search(r'<path class="arc s-\d" d="M', page)
    assert "Not defined for a head" in page


def test_what_does_not_exist_is_said_on_a_page(pages: TestClient) -> None:
    for path in ("/m/synthetic/mlp.1/9999", "/m/synthetic/mlp.77/1", "/m/no/mlp.1/1"):
        assert pages.get(path).status_code == 404, path
    assert pages.get(f"{UNIT}?split=nowhere").status_code == 404
    assert pages.get(f"{UNIT}?show=everything").status_code == 422
    assert pages.get("/m/synthetic/mlp.1/abc").status_code == 422
