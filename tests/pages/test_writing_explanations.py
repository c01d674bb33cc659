"""Someone explains a unit by hand, edits an explanation, or withdraws one."""

import re
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from app.dependencies import Writer
from app.store.claiming import LONGEST_TEXT
from app.trials.reading import LONGEST_PROGRAM
from tests.pages.writing import FRAGMENT, HERE, PROGRAM, UNIT, save


def test_the_form_works_without_javascript(pages: TestClient) -> None:
    page = pages.get("/m/synthetic/mlp.1/7/explanations/new").text
    form = re.search(r'<form method="post" action="([^"]*)"', page)
    assert form is not None
    assert form[1] == "/m/synthetic/mlp.1/7/explanations"
    assert 'formaction="/m/synthetic/mlp.1/7/explanations/try"' in page


def test_without_htmx_an_error_keeps_what_was_written(own_pages: TestClient) -> None:
    form = {"program": "when <b>", "text": "My & words"}
    for address in (f"{HERE}/try", HERE):
        answer = own_pages.post(address, data=form)
        assert answer.status_code == 422
        assert "when &lt;b&gt;</textarea>" in answer.text
        assert "My &amp; words</textarea>" in answer.text
        assert 'class="excerpt"' in answer.text


def test_what_is_saved_stands_on_its_page_with_scores_and_author(own_pages: TestClient) -> None:
    address = save(own_pages, program=PROGRAM, text="Articles")
    page = own_pages.get(address).text
    assert "Articles" in page
    assert "by hand: local owner" in page
    assert 'class="data scores"' in page
    number = address.rpartition("/")[2]
    stored = own_pages.get(f"/api/v1/explanations/{number}").json()
    assert {score["split"] for score in stored["scores"]} == {"test", "ood:code"}
    assert "Articles" in own_pages.get(UNIT).text


def test_a_page_says_how_many_versions_were_scored_on_test(own_pages: TestClient) -> None:
    number = None
    for level in (1, 2, 3):
        form = {"program": f"when position < 6 -> {level}", "edit": number or ""}
        address = save(own_pages, **form)
        number = address.rpartition("/")[2]
    page = own_pages.get(address).text
    assert "3 versions of this explanation were scored on test. Whoever saw one of" in page
    other = own_pages.get(save(own_pages, program=PROGRAM)).text
    assert "scored on test, beside 3 programs that were written or imported for this unit" in other


def heading_of(page: str) -> str:
    heading = re.search(r'id="evidence-title"[^>]*>(.*?)</h2>', page)
    assert heading is not None
    return re.sub("<.*?>", "", heading[1])


def test_a_program_without_words_says_itself_what_it_does(own_pages: TestClient) -> None:
    page = own_pages.get(save(own_pages, program=PROGRAM)).text
    assert heading_of(page) == "Fires on “the” (any case)."


def test_words_alone_are_kept_and_are_not_called_tested(own_pages: TestClient) -> None:
    page = own_pages.get(save(own_pages, text="Fires at ships")).text
    assert "Fires at ships" in page
    assert 'class="not-run">not run' in page
    assert "words alone predict no activations" in page


def test_a_form_that_names_no_version_to_edit_makes_a_new_explanation(
    own_pages: TestClient,
) -> None:
    assert "version 2" not in own_pages.get(save(own_pages, text="New", edit="")).text


def test_nothing_is_not_saved(own_pages: TestClient) -> None:
    answer = own_pages.post(HERE, data={"text": "  ", "program": " \n"})
    assert answer.status_code == 422
    assert "needs words or a program" in answer.text


def test_editing_makes_a_new_version_and_keeps_the_old(own_pages: TestClient) -> None:
    first = save(own_pages, program=PROGRAM, text="First")
    number = first.rpartition("/")[2]
    form = own_pages.get(f"{HERE}/new?edit={number}").text
    assert f'name="edit" value="{number}"' in form
    assert "First</textarea>" in form
    second = save(own_pages, program=PROGRAM, text="Second", edit=number)
    page = own_pages.get(second).text
    assert "version 2" in page
    assert first in page
    assert "<strong>Replaced:</strong>" in own_pages.get(first).text


def test_words_written_from_a_program_are_written_anew_in_a_new_version(
    own_pages: TestClient,
) -> None:
    number = save(own_pages, program=PROGRAM).rpartition("/")[2]
    form = own_pages.get(f"{HERE}/new?edit={number}").text
    area = re.search(r'<textarea id="write-text"[^>]*>\s*(.*?)</textarea>', form, re.DOTALL)
    assert area is not None
    assert area[1] == ""
    changed = save(own_pages, program='when word in {"a"} -> 1', text=area[1], edit=number)
    page = own_pages.get(changed).text
    assert heading_of(page) == "Fires on “a” (any case)."


def test_an_old_version_is_edited_no_more_but_the_one_that_took_its_place(
    own_pages: TestClient,
) -> None:
    number = save(own_pages, text="First").rpartition("/")[2]
    second = save(own_pages, text="Second", edit=number).rpartition("/")[2]
    answer = own_pages.post(HERE, data={"text": "Third & last", "edit": number})
    assert answer.status_code == 409
    assert "local owner saved a version while you were writing" in answer.text
    assert "Third &amp; last</textarea>" in answer.text
    assert f'name="edit" value="{second}"' in answer.text


def test_what_was_written_stays_in_the_form_where_the_explanation_is_gone(
    own_pages: TestClient,
) -> None:
    answer = own_pages.post(HERE, data={"text": "Mine", "edit": 999_999})
    assert answer.status_code == 404
    assert "There is no explanation 999999" in answer.text
    assert "Mine</textarea>" in answer.text


def test_a_program_of_another_can_be_started_from(own_pages: TestClient) -> None:
    number = save(own_pages, program=PROGRAM, text="Mine").rpartition("/")[2]
    form = own_pages.get(f"{HERE}/new?start={number}").text
    assert "when word in {&#34;the&#34;} -&gt; 2" in form
    assert 'name="edit"' not in form
    assert "this program" in form  # it is scored before anything is changed


def test_withdrawing_says_who_and_why(own_pages: TestClient) -> None:
    address = save(own_pages, text="Wrong")
    answer = own_pages.post(f"{address}/withdraw", data={"reason": "It is <i>not</i> so."})
    assert answer.status_code == 200
    assert "says local owner: It is &lt;i&gt;not&lt;/i&gt; so." in answer.text
    assert "Wrong" not in own_pages.get(UNIT).text
    assert own_pages.post(f"{address}/withdraw").status_code == 409


def test_without_pools_a_program_is_told_in_words_and_saved_without_scores(
    own_pages: TestClient, tmp_path: Path
) -> None:
    for pool in tmp_path.rglob("pool-mlp.0-*.f16"):
        pool.unlink()
    tried = own_pages.post(f"{HERE}/try", data={"program": PROGRAM}, headers=FRAGMENT)
    assert tried.status_code == 200
    assert "was pruned or moved away" in tried.text
    assert "“the” (any case)" in tried.text
    page = own_pages.get(save(own_pages, program=PROGRAM)).text
    assert 'class="not-run">not run' in page


def test_a_very_long_text_is_cut_in_lists_and_whole_on_its_page(own_pages: TestClient) -> None:
    text = "ships " * 2_000 + "the end"
    address = save(own_pages, text=text)
    assert "the end" in own_pages.get(address).text
    assert "the end" not in own_pages.get(HERE).text


@pytest.mark.parametrize("path", ["/try", ""])
def test_the_form_sends_the_longest_program_of_any_script(own_pages: TestClient, path: str) -> None:
    page = own_pages.get(f"{HERE}/new").text
    assert f'maxlength="{LONGEST_PROGRAM}"' in page
    assert f'maxlength="{LONGEST_TEXT}"' in page
    encoding = re.search(r'<form method="post"[^>]* enctype="([^"]+)"', page)
    comment = "# " + "𐀀" * (LONGEST_PROGRAM - 100) + "\n"
    written = {"program": f"{comment}when always -> 1\n", "text": "𐀀" * LONGEST_TEXT}
    if encoding is not None and encoding[1] == "multipart/form-data":
        parts = {name: (None, value) for name, value in written.items()}
        answer = own_pages.post(f"{HERE}{path}", files=parts)
    else:
        answer = own_pages.post(f"{HERE}{path}", data=written)
    assert answer.status_code == 200


def test_explaining_what_does_not_exist_is_not_found(own_pages: TestClient) -> None:
    for path in ("/m/synthetic/mlp.0/9999", "/m/synthetic/mlp.7/1", "/m/no/mlp.0/1"):
        assert own_pages.get(f"{path}/explanations/new").status_code == 404, path
        assert own_pages.post(f"{path}/explanations", data={"text": "a"}).status_code == 404, path
    assert own_pages.get(f"{HERE}/new?edit=999999").status_code == 404


def test_while_other_programs_are_run_the_form_says_to_wait_and_pages_do_without(
    pages: TestClient, filled_app: FastAPI
) -> None:
    found = pages.get("/api/v1/models/synthetic/sites/mlp.0/units/5/explanations?method=rules")
    number = found.json()["items"][0]["id"]
    places = filled_app.state.programs
    with places.taken(), places.taken():
        for answer in (
            pages.post(f"{HERE}/try", data={"program": PROGRAM}),
            pages.post(HERE, data={"program": PROGRAM}),
            pages.get(f"{HERE}/new", params={"start": number}),
            pages.get(f"{HERE}/new", params={"edit": number}),
        ):
            assert answer.status_code == 429
            assert int(answer.headers["retry-after"]) > 0
            assert 'class="write-form"' in answer.text
        for address in (f"{HERE}/try", HERE):
            answer = pages.post(address, data={"program": PROGRAM, "text": "My & words"})
            assert "Too much at once" in answer.text
            assert "My &amp; words</textarea>" in answer.text
            assert "otherwise 0.1" in answer.text
        assert pages.get(f"{HERE}/new").status_code == 200
        page = pages.get(f"{HERE}/{number}")
        assert page.status_code == 200
        assert "Load this page again in a moment" in page.text
    assert "Load this page again in a moment" not in pages.get(f"{HERE}/{number}").text
    assert pages.get(f"{HERE}/new", params={"start": number}).status_code == 200


def test_words_are_saved_and_read_while_other_programs_are_run(own_pages: TestClient) -> None:
    places = own_pages.app.state.programs  # type: ignore[attr-defined]
    with places.taken(), places.taken():
        address = save(own_pages, text="Fires at ships")
        assert "Fires at ships" in own_pages.get(address).text
        number = address.rpartition("/")[2]
        assert own_pages.get(f"{HERE}/new", params={"edit": number}).status_code == 200
        assert own_pages.post(f"{HERE}/try", data={"text": "Whales"}).status_code == 200


def test_a_claim_that_waits_to_be_written_takes_no_program_s_place(
    own_pages: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = own_pages.app.state.programs  # type: ignore[attr-defined]
    session, taken = Writer.session, []

    def watched(writer: Writer) -> Any:
        taken.append(places._taken)
        return session(writer)

    monkeypatch.setattr(Writer, "session", watched)
    save(own_pages, program=PROGRAM)
    assert taken == [0]


def test_a_run_that_is_not_there_has_no_form(own_pages: TestClient) -> None:
    form = {"program": PROGRAM}
    assert own_pages.get(f"{HERE}/new?run=99999").status_code == 404
    assert own_pages.post(f"{HERE}/try?run=99999", data=form).status_code == 404
    assert own_pages.post(f"{HERE}?run=99999", data=form).status_code == 404
    assert own_pages.post(f"{HERE}?run=99999", data={"text": "Krakens"}).status_code == 404
