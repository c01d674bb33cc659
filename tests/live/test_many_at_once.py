"""Many people at once: everybody gets an answer of their own, or is told when to come again."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from app.main import create_app
from tests.analysis.models.planted import WORDS
from tests.api.conftest import serving
from tests.live.conftest import settings_of

PEOPLE, EACH = 10, 6


@pytest.fixture(scope="module")
def url(live):
    with serving(create_app(settings_of(live.settings.data, live.service))) as found:
        yield found


@pytest.fixture(scope="module")
def asking(url):
    with httpx.Client(base_url=url, timeout=60) as found:
        yield found


def ask(asking, person, number):
    word = WORDS[3 + person]
    asked = {
        "prompt": {"text": f"the {word} and the {word}"},
        "edits": [{"site": "mlp.0", "index": person, "operation": "zero"}],
        "seed": number,
    }
    return asking.post("/api/v1/models/planted/experiments", json=asked), word


def test_ten_people_at_once_get_their_own_answers(asking):
    asked = [(person, number) for number in range(EACH) for person in range(PEOPLE)]
    with ThreadPoolExecutor(PEOPLE) as people:
        found = list(people.map(lambda one: ask(asking, *one), asked))
    statuses = {answered.status_code for answered, _ in found}
    assert statuses <= {201, 429}
    for (person, _), (answered, word) in zip(asked, found, strict=True):
        if answered.status_code == 429:
            assert int(answered.headers["retry-after"]) > 0
            continue
        answer = answered.json()["answer"]
        assert [token["text"].strip() for token in answer["tokens"]].count(word) == 2
        assert answer["edits"][0]["index"] == person


def test_a_burst_of_a_thousand_requests_leaves_answers_and_clean_refusals(asking):
    with ThreadPoolExecutor(64) as people:
        found = list(people.map(lambda n: ask(asking, n % PEOPLE, n % 3)[0], range(1000)))
    statuses = [answered.status_code for answered in found]
    assert set(statuses) <= {201, 429}
    assert 201 in statuses
    refused = [answered for answered in found if answered.status_code == 429]
    assert all("retry-after" in answered.headers for answered in refused)
    assert ask(asking, 1, 99)[0].status_code == 201
