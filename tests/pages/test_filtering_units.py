"""Someone sorts, filters and pages through the table of a site."""

import html
import re

from starlette.testclient import TestClient

from app.pages.site import COLUMNS
from app.rendering.glossary import GLOSSARY

SITE = "/m/synthetic/mlp.1"


def indices(page: str) -> list[int]:
    return [int(n) for n in re.findall(r'<th scope="row"><a href="/m/synthetic/mlp\.1/(\d+)', page)]


def values(page: str, column: int) -> list[float]:
    rows = re.findall(r'<th scope="row">(.*?)</tr>', page, re.DOTALL)
    cells = [re.findall(r'<td class="num">(.*?)</td>', row, re.DOTALL)[column] for row in rows]
    found = [re.search(r'<data value="([^"]+)"', cell) for cell in cells]
    return [float(match[1]) for match in found if match]


def test_the_table_pages_through_every_unit_once(pages: TestClient) -> None:
    address, seen = SITE, []
    while address:
        page = pages.get(address).text
        seen += indices(page)
        following = re.search(r'<a href="([^"]+)" rel="next" hx-get', page)
        address = following[1].replace("&amp;", "&") if following else ""
    assert seen == list(range(80))


def test_the_heads_of_columns_carry_definitions_and_the_threshold(pages: TestClient) -> None:
    head = re.search(r"<thead>.*?</thead>", pages.get(SITE).text, re.DOTALL)
    assert head is not None
    defined = re.findall(r'<span class="term" data-definition="([^"]+)">([^<]+)</span>', head[0])
    shown = {name: definition for definition, name in defined}
    assert shown.keys() == {
        "unit", "best explanation", "r on test", "above 1.00", *COLUMNS,
    } - {"above"}  # fmt: skip
    assert html.unescape(shown["kurtosis"]) == GLOSSARY["kurtosis"]


def test_sorting_by_kurtosis_orders_the_rows(pages: TestClient) -> None:
    page = pages.get(f"{SITE}?sort=kurtosis&order=desc").text
    shown = values(page, 5)
    assert shown == sorted(shown, reverse=True)
    assert 'aria-sort="descending"' in page


def test_filters_keep_only_what_passes(pages: TestClient) -> None:
    every = values(pages.get(f"{SITE}?sort=maximum").text, 7)
    bound = sorted(every)[len(every) // 2]
    page = pages.get(f"{SITE}?maximum_min={bound}").text
    assert all(value >= bound for value in values(page, 7))
    assert f'value="{bound}"' in page


def test_the_order_is_a_field_of_the_form_and_swapped_with_the_table(pages: TestClient) -> None:
    whole = pages.get(f"{SITE}?sort=kurtosis&order=desc").text
    fragment = pages.get(
        f"{SITE}?sort=kurtosis&order=desc",
        headers={"hx-request": "true", "hx-target": "section#units"},
    ).text
    assert '<form id="filters"' in whole
    for name, value in (("sort", "kurtosis"), ("order", "desc")):
        field = f'<input type="hidden" form="filters" name="{name}" value="{value}">'
        assert whole.count(field) == fragment.count(field) == 1


def test_empty_fields_of_the_form_do_not_filter(pages: TestClient) -> None:
    page = pages.get(f"{SITE}?density_min=&density_max=&dead=&flagged=&sort=index").text
    assert len(indices(page)) == 50


def test_dead_and_flagged_units_are_marked_and_can_be_chosen(pages: TestClient) -> None:
    dead = pages.get(f"{SITE}?dead=true").text
    assert indices(dead) == [1]
    assert '<span class="badge badge-warn">dead</span>' in dead
    flagged = pages.get(f"{SITE}?flagged=true").text
    assert indices(flagged) == [2, 3]
    assert "not finite" in flagged


def test_undefined_values_do_not_read_as_zero(pages: TestClient) -> None:
    page = pages.get(f"{SITE}?flagged=true").text
    assert '<span class="undefined">undefined</span>' in page


def test_a_filter_that_nothing_passes_says_so(pages: TestClient) -> None:
    assert "passes this filter" in pages.get(f"{SITE}?maximum_min=1e9").text


def test_htmx_gets_the_table_alone(pages: TestClient) -> None:
    headers = {"hx-request": "true", "hx-target": "section#units"}
    fragment = pages.get(f"{SITE}?sort=density", headers=headers).text
    assert fragment.lstrip().startswith('<section id="units"')
    assert "<form" not in fragment


def test_a_restored_page_is_whole_again(pages: TestClient) -> None:
    headers = {
        "hx-request": "true",
        "hx-target": "section#units",
        "hx-history-restore-request": "true",
    }
    assert "<html" in pages.get(SITE, headers=headers).text


def test_what_cannot_be_asked_gets_a_page_that_says_why(pages: TestClient) -> None:
    for question in ("sort=beauty", "limit=100000", "cursor=zzz", "density_min=much"):
        answer = pages.get(f"{SITE}?{question}")
        assert answer.status_code == 422, question
        assert "<h1>" in answer.text
    assert pages.get("/m/synthetic/mlp.99").status_code == 404
