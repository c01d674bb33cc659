"""The page that finds units by a text: what it shows, and what it says where nothing runs."""

import re

import pytest
from starlette.testclient import TestClient

from app.main import create_app
from app.settings import Settings

PAGE = "/m/planted/text"
TEXT = "the cat running and the dog"


def test_units_are_listed_with_what_they_are_ranked_by(client):
    page = client.get(PAGE, params={"text": TEXT}).text
    assert page.count('class="strip"') == 40
    assert "σ</span>" in page
    assert "activation " in page


def test_at_each_token_its_strongest_units_of_one_site(client):
    page = client.get(PAGE, params={"text": TEXT, "by": "token", "site": "mlp.0"}).text
    assert page.count("<code>mlp.0/") == 6 * 5
    assert "<code>mlp.1/" not in page


def test_what_is_found_leads_to_its_ablation_on_this_text(client):
    page = client.get(PAGE, params={"text": TEXT}).text
    links = re.findall(r'<a class="send" href="([^"]*)">ablate</a>', page)
    assert len(links) == 40
    taken = client.get(links[0].replace("&amp;", "&")).text
    first = re.search(r"<code>([^<]*)</code>", page[page.index("fired-units") :])[1]
    assert f'name="place" value="{first}"' in taken
    assert 'value="zero" selected' in taken
    assert f"{TEXT}</textarea>" in taken


def test_the_text_itself_can_be_opened_in_the_playground(client):
    page = client.get(PAGE, params={"text": TEXT}).text
    link = re.search(r'href="([^"]*)">open this text in the playground', page)
    assert link is not None
    taken = client.get(link[1]).text
    assert f"{TEXT}</textarea>" in taken
    assert 'name="place"' not in taken


def test_what_fires_at_a_token_is_ablated_by_a_form_that_has_the_text_once(client):
    page = client.get(PAGE, params={"text": TEXT, "by": "token"}).text
    form = page[page.index('<form id="ablating"') :]
    assert f'name="text" value="{TEXT}"' in form
    lines = re.findall(r'form="ablating" name="edit" value="([^"]*)"', page)
    assert len(lines) == 6 * 5
    address = re.search(r'action="([^"]*)"', form)[1]
    taken = client.get(address, params={"text": TEXT, "edit": lines[0]}).text
    assert f'name="place" value="{lines[0].removesuffix(" = 0")}"' in taken


@pytest.mark.parametrize("text", ["", "  "])
def test_without_a_text_the_page_asks_for_one(client, text):
    assert "Write some text" in client.get(PAGE).text
    answered = client.get(PAGE, params={"text": text})
    assert answered.status_code == 422
    assert "Write some text first" in answered.text


def test_the_fragment_alone_is_sent_to_htmx(client):
    headers = {"HX-Request": "true", "HX-Target": "section#fired"}
    page = client.get(PAGE, params={"text": TEXT}, headers=headers).text
    assert page.lstrip().startswith('<section id="fired"')


def test_what_cannot_be_searched_is_said_and_the_text_stays(client):
    answered = client.get(PAGE, params={"text": "cat " * 500})
    assert answered.status_code == 422
    assert "context" in answered.text
    assert "cat cat cat" in answered.text


@pytest.mark.parametrize("site", ["foo", "resid.0", "mlp.9"])
def test_a_site_that_the_model_does_not_have_is_named(client, site):
    answered = client.get(PAGE, params={"text": TEXT, "site": site})
    assert answered.status_code == 422
    assert f"no site “{site}”" in answered.text
    assert TEXT in answered.text


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Purpose": "prefetch"},
        {"Sec-Purpose": "prefetch;prerender"},
        {"Purpose": "prefetch"},
        {"X-Moz": "prefetch"},
    ],
)
def test_what_a_browser_fetches_ahead_is_not_computed(client, live, headers):
    before = computed(live)
    answered = client.get(PAGE, params={"text": TEXT}, headers=headers)
    assert answered.status_code == 403
    assert "not fetched ahead" in answered.text
    assert answered.headers["cache-control"] == "no-store"
    assert computed(live) == before
    assert client.get(PAGE, headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("mode", "dest"),
    [("no-cors", "image"), ("no-cors", "script"), ("cors", "empty"), ("navigate", "iframe")],
)
def test_what_another_site_fetches_or_embeds_is_not_computed(client, live, mode, dest):
    before = computed(live)
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": dest}
    answered = client.get(PAGE, params={"text": TEXT}, headers=headers)
    assert answered.status_code == 403
    assert "Another site sent this request" in answered.text
    assert computed(live) == before


def test_a_link_of_another_site_is_followed(client):
    headers = {
        "Sec-Fetch-Site": "cross-site",
        "Sec-Fetch-Mode": "navigate",
        "Sec-Fetch-Dest": "document",
    }
    assert client.get(PAGE, params={"text": TEXT}, headers=headers).status_code == 200


def computed(live):
    """Answers of the service about texts."""
    labels = {"operation": "strongest", "outcome": "ok"}
    name = "patchclamp_inference_requests_total"
    return live.service.service.counts.registry.get_sample_value(name, labels)


def test_text_is_shown_as_text(client):
    page = client.get(PAGE, params={"text": "<script>alert(1)</script> cat"}).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


@pytest.mark.usefixtures("live")
def test_without_the_service_the_page_says_so(live):
    settings = Settings(data=live.settings.data)
    with TestClient(create_app(settings)) as alone:
        assert alone.get(PAGE).status_code == 200
        answered = alone.get(PAGE, params={"text": TEXT})
        assert answered.status_code == 503
        assert "inference service is not running" in answered.text
        assert alone.get("/m/planted").status_code == 200


def test_a_model_that_is_not_there_is_not_found(client):
    assert client.get("/m/nobody/text").status_code == 404
