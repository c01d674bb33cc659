"""Someone reads how an explanation was scored, row by row, and on how much each number stands."""

import json
import re

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from app.store.packing import TAILS, TAILS_BYTES
from tests.pages.reading import ASKED, UNIT, best, of, table_of, words_of


def test_baselines_stand_beside_every_domain(pages: TestClient) -> None:
    row = table_of(pages.get(best(pages)).text)["simulation r"]
    cells = re.findall(r'<td class="baseline">(.*?)</td>', row, re.DOTALL)
    assert len(cells) == 4
    for cell in cells[1:]:
        here, there = (words_of(one) for one in cell.split("domain-name"))
        assert re.search(r"\d\.\d\d", here)
        assert re.search(r"code 0\.\d\d", there)


def test_the_row_of_r_says_how_lucky_it_would_have_to_be(pages: TestClient) -> None:
    row = words_of(table_of(pages.get(best(pages)).text)["simulation r"])
    assert len(re.findall(r"better than others' : p [\d.]+, q [\d.]+", row)) == 2
    view = pages.get(f"/api/v1/explanations/{of(pages, UNIT, 'rules')['id']}").json()
    scores = {(one["metric"], one["split"]): one for one in view["scores"]}
    r = scores["corpus_r", "test"]
    assert r["p"] <= r["q"] <= 1
    assert scores["auroc", "test"]["q"] is None


def test_rows_say_why_there_is_no_number_or_no_interval_and_on_how_much_they_stand(
    pages: TestClient,
) -> None:
    rows = {name: words_of(row) for name, row in table_of(pages.get(best(pages)).text).items()}
    assert "undefined: the judge never says yes" in rows["precision of detection"]
    assert "top windows are of fewer than 8 documents" in rows["simulation r, top+random"]
    assert "no interval: nearly all resamples" in rows["fuzzing"]
    assert "1.00 to 1.00" not in rows["fuzzing"]
    assert "4 windows, each marked rightly and wrongly" in rows["fuzzing"]
    assert "5 of 496 tokens fire" in rows["AUROC"]


def test_scores_from_before_tails_were_told_say_that_the_other_tail_was_judged(
    own_pages: TestClient,
) -> None:
    address = best(own_pages, "/m/synthetic/mlp.0/7")
    for skewness, times in ((2.5, 0), (-2.5, 3)):
        with own_pages.app.state.engine.begin() as connection:  # type: ignore[attr-defined]
            connection.execute(
                text("UPDATE unit_statistics SET skewness = :skewness WHERE unit_index = 7"),
                {"skewness": skewness},
            )
        page = own_pages.get(address).text
        assert page.count("This unit fires negatively") == times
    assert "fires negatively" in words_of(table_of(page)["AUROC"])
    assert "fires negatively" not in words_of(table_of(page)["simulation r"])


@pytest.mark.parametrize("tail", ["upper", "lower"])
def test_the_page_and_the_api_say_which_tail_was_judged_and_why(
    own_pages: TestClient, tail: str
) -> None:
    number = of(own_pages, "/m/synthetic/mlp.0/7", "rules")["id"]
    with own_pages.app.state.engine.begin() as connection:  # type: ignore[attr-defined]
        connection.execute(
            text("UPDATE unit_statistics SET skewness = -2.5 WHERE unit_index = 7"),
        )
        rows = connection.execute(
            text('SELECT id, "values" FROM scores WHERE explanation_id = :id'), {"id": number}
        ).all()
        for row in rows:
            told = bytes([1 + TAILS.index(tail)]) * TAILS_BYTES
            connection.execute(
                text('UPDATE scores SET "values" = :told WHERE id = :id'),
                {"id": row.id, "told": bytes(row[1])[:-TAILS_BYTES] + told},
            )
    page = own_pages.get(f"/m/synthetic/mlp.0/7/explanations/{number}").text
    assert "fires negatively" not in words_of(page)
    why = f"judge the {tail} tail"
    assert words_of(page).count(why) == 1
    assert "outermost 1 % lie farther from the median" in words_of(page)
    of_row = {name: words_of(row) for name, row in table_of(page).items()}
    assert ("lower tail" in of_row["AUROC"]) == (tail == "lower")
    assert "lower tail" not in of_row["simulation r"]
    scores = own_pages.get(f"/api/v1/explanations/{number}").json()["scores"]
    tails = {one["metric"]: one["tail"] for one in scores}
    assert tails["auroc"] == tails["detection_recall"] == tail
    assert tails["corpus_r"] is None


def test_prevalence_stands_beside_precision_in_the_judged_windows_and_in_the_pool(
    pages: TestClient,
) -> None:
    asked = of(pages, ASKED, "language_model")
    rows = table_of(pages.get(f"{ASKED}/explanations/{asked['id']}").text)
    told = words_of(rows["precision of detection"]).replace("\u2009", " ").replace("\xa0", " ")
    assert "8 of 16 windows fire" in told
    assert "prevalence 50.0 % of those judged, 8.00 % in the pool" in told
    assert "where precision would be 0.31" in told
    scores = pages.get(f"/api/v1/explanations/{asked['id']}").json()["scores"]
    (one,) = (s for s in scores if s["metric"] == "detection_precision" and s["status"] == "ok")
    assert one["prevalence"] == 0.5
    assert one["pool_prevalence"] == pytest.approx(0.08)
    assert one["precision_in_pool"] == pytest.approx(0.31)
    recall = next(s for s in scores if s["metric"] == "detection_recall")
    assert recall["prevalence"] is recall["precision_in_pool"] is None


def set_details(pages: TestClient, explanation: dict[str, object], details: object) -> None:
    with pages.app.state.engine.begin() as connection:  # type: ignore[attr-defined]
        connection.execute(
            text("UPDATE explanations SET details = :details WHERE id = :id"),
            {"id": explanation["id"], "details": json.dumps(details)},
        )


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"none_because": "no other unit of the job and site has an explanation"},
         "No shuffled baseline by a language model: no other unit of the job"),
        ({"unit": 12, "text": "<b>whales</b>"},
         "Shuffled is what it says of unit 12: “&lt;b&gt;whales"),
        ("whatever an import brings", None),
    ],
)  # fmt: skip
def test_whose_sentence_is_the_shuffled_one_stands_under_the_scores(
    own_pages: TestClient, told: object, words: str | None
) -> None:
    unit = "/m/synthetic/mlp.0/5"
    asked = of(own_pages, unit, "language_model")
    set_details(own_pages, asked, {"shuffled": told})
    answer = own_pages.get(f"{unit}/explanations/{asked['id']}")
    assert answer.status_code == 200
    if words is None:
        assert "Shuffled is what" not in answer.text
        assert "No shuffled baseline" not in answer.text
    else:
        assert words in answer.text


@pytest.mark.parametrize("tail", ["negative", "positive"])
def test_a_language_model_judged_the_tail_that_it_explained(
    own_pages: TestClient, tail: str
) -> None:
    unit = "/m/synthetic/mlp.0/5"
    asked = of(own_pages, unit, "language_model")
    with own_pages.app.state.engine.begin() as connection:  # type: ignore[attr-defined]
        connection.execute(
            text("UPDATE unit_statistics SET skewness = -2.5 WHERE unit_index = 5"),
        )
        details = json.loads(
            connection.scalar(
                text("SELECT details FROM explanations WHERE id = :id"), {"id": asked["id"]}
            )
        )
    set_details(own_pages, asked, {**details, "tail": tail})
    rows = table_of(own_pages.get(f"{unit}/explanations/{asked['id']}").text)
    told = words_of(rows["detection"])
    assert f"Judged on its {tail} tail, the one explained" in told
    assert "tail" not in words_of(rows["simulation r"])
    rules = of(own_pages, unit, "rules")
    of_program = own_pages.get(f"{unit}/explanations/{rules['id']}").text
    assert "only its positive tail is judged here" in words_of(table_of(of_program)["AUROC"])
