"""Someone tries programs before one is saved."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete
from starlette.testclient import TestClient

from app.rendering.examples import EXAMPLES
from app.store.engine import open_session
from app.store.tables import ArtifactTable
from tests.kept import synthetic_store
from tests.pages.conftest import BROWSER, open_app
from tests.pages.writing import FRAGMENT, HERE, PROGRAM, VARIED, save, words
from tests.store.calibrating import keep_calibration
from tests.store.sweeps import sweep_again


@pytest.fixture
def calibrated(tmp_path: Path) -> Iterator[tuple[TestClient, int]]:
    """Pages over a store whose sweep kept a calibration pool, and of how many windows."""
    app = open_app(tmp_path)
    synthetic_store(
        tmp_path, layers=1, neurons=8, heads=2, windows=192, window_length=16, exemplars_per_kind=2
    )
    n = len(keep_calibration(app.state.engine, tmp_path))
    with TestClient(app, headers=BROWSER) as client:
        yield client, n


def test_trying_shows_english_and_scores_beside_the_lookup_and_the_mean(
    calibrated: tuple[TestClient, int],
) -> None:
    client, n = calibrated
    answer = client.post(f"{HERE}/try", data={"program": VARIED}, headers=FRAGMENT)
    assert answer.status_code == 200
    assert answer.text.lstrip().startswith('<div id="check"')
    for said in ("first six tokens", "this program", "token lookup", "uncentred", "Worst first"):
        assert said in answer.text, said
    assert f"on {n} calibration windows" in words(answer.text)
    assert re.search(r"on calibration[^\"]*; token lookup", answer.text)  # of the drawing
    assert answer.text.count('class="score-bar') == 1
    assert answer.text.count('<th scope="row"><a class="term"') == 4  # metrics


def test_trying_says_that_it_is_no_test_and_why(calibrated: tuple[TestClient, int]) -> None:
    tried = calibrated[0].post(f"{HERE}/try", data={"program": VARIED}, headers=FRAGMENT).text
    note = re.search(r'<p class="tried-on"[^>]*>(.*?)</p>', tried, re.DOTALL)
    assert note is not None
    said = words(note[1])
    assert said.startswith("Not a test: what you try is scored on the calibration split, and on")
    assert "only when you save: the best of many tries fits the text" in said
    assert "stand in" not in tried
    assert ">test<" not in tried


def test_without_a_calibration_split_it_is_said_what_stands_in(own_pages: TestClient) -> None:
    answer = own_pages.post(f"{HERE}/try", data={"program": VARIED}, headers=FRAGMENT)
    tried = words(answer.text)
    assert "what you try is scored on the last 2 fit windows, which stand in for" in tried
    assert "on 2 fit windows that stand in for calibration" in tried
    page = own_pages.get(save(own_pages, program=PROGRAM)).text
    assert "what counts as a yes in detection and fuzzing was chosen on" in page


def test_trying_stores_nothing(own_pages: TestClient) -> None:
    before = own_pages.get(HERE).text.count('<li class="explanation')
    own_pages.post(f"{HERE}/try", data={"program": PROGRAM})
    assert own_pages.get(HERE).text.count('<li class="explanation') == before


def test_a_syntax_error_is_shown_with_line_column_and_caret(own_pages: TestClient) -> None:
    wrong = 'when word in {"the"} -> 2\nwhen wordd in {"a"} -> 1\n'
    answer = own_pages.post(f"{HERE}/try", data={"program": wrong}, headers=FRAGMENT)
    assert answer.status_code == 422
    assert "line 2, column 6" in answer.text
    excerpt = re.search(r'<pre class="excerpt">(.*?)\n(.*?)</pre>', answer.text)
    assert excerpt is not None
    assert excerpt[1].startswith("when wordd in")
    assert excerpt[2] == "     ^"
    assert "expected" in answer.text


def test_tokens_that_the_model_lacks_are_a_warning_and_no_error(own_pages: TestClient) -> None:
    program = 'when token in {"qqzzqq", " the"} -> 1\n'
    answer = own_pages.post(f"{HERE}/try", data={"program": program}, headers=FRAGMENT)
    assert answer.status_code == 200
    warning = re.search(r'<p class="warning">.*?</p>', answer.text, re.DOTALL)
    assert warning is not None
    assert "qqzzqq" in warning[0]
    assert "·the" not in warning[0]


def test_what_was_tried_is_scored_on_test_once_it_is_saved(own_pages: TestClient) -> None:
    own_pages.post(f"{HERE}/try", data={"program": VARIED}, headers=FRAGMENT)
    page, listed = own_pages.get(save(own_pages, program=VARIED)).text, own_pages.get(HERE).text
    assert re.search(r"Simulation r <data [^>]*>[^<]*</data>.* random test windows of", page)
    assert "1 version of this explanation was scored on test." in page
    row = re.search(r'<li class="explanation">(?:(?!</li>).)*by hand.*?</li>', listed, re.DOTALL)
    assert row is not None
    assert re.search(r'aria-label="r [^"]* on test', row[0])


def test_every_example_can_be_tried(own_pages: TestClient) -> None:
    assert len(EXAMPLES) >= 5
    for example in EXAMPLES:
        answer = own_pages.post(f"{HERE}/try", data={"program": example.program}, headers=FRAGMENT)
        assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    "program",
    [
        "when token matches /(a+)+$/ -> 1",
        "when " + "not " * 40 + "repeated -> 1",
        "\0",
        "when token in {" + ", ".join(f'"{n}"' for n in range(30_000)) + "} -> 1",
        "<script>alert(1)</script>",
        "when always -> 1e999",
    ],
)
def test_hostile_programs_are_answered_and_never_run_long(
    own_pages: TestClient, program: str
) -> None:
    answer = own_pages.post(f"{HERE}/try", data={"program": program}, headers=FRAGMENT)
    assert answer.status_code in (200, 422)
    assert "<script>alert" not in answer.text


def test_a_program_is_tried_and_scored_on_the_run_that_was_asked_for(
    own_pages: TestClient,
) -> None:
    engine = own_pages.app.state.engine  # type: ignore[attr-defined]
    first, second = sweep_again(engine)
    scored = own_pages.post(f"{HERE}?run={first}", data={"program": PROGRAM}).url.path
    current = own_pages.post(HERE, data={"program": PROGRAM}).url.path
    sweeps = [
        own_pages.get(f"/api/v1/explanations/{address.rpartition('/')[2]}").json()["sweep_id"]
        for address in (scored, current)
    ]
    assert sweeps == [first, second]
    with open_session(engine, commit=True) as session:
        session.execute(delete(ArtifactTable).filter_by(run_id=second))
    tried = {"program": PROGRAM}
    assert "Not a test" in own_pages.post(f"{HERE}/try?run={first}", data=tried).text
    assert f"Run {second} kept no pools" in own_pages.post(f"{HERE}/try", data=tried).text
