"""Someone reads what is claimed about a unit, and how it was tested."""

import html
import re
from collections import Counter
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.pages.reading import (
    ASKED,
    CONSTANT,
    EDITED,
    FAILED,
    UNIT,
    WITHDRAWN,
    best,
    of,
)


def test_the_best_explanation_stands_under_the_heading_with_its_score(pages: TestClient) -> None:
    page = pages.get(UNIT).text
    claim = page[page.index('class="claim"') : page.index("What it responds to")]
    words = re.sub(r'<span class="quoted">(.*?)</span>', r"\1", claim)
    assert str(of(pages, UNIT, "rules")["text"]) in html.unescape(words)
    assert 'class="score-bar"' in claim
    assert "95 % interval" in claim
    assert "on held-out domain: code, a drop of 0.15" in claim
    assert "valid" not in claim


def test_all_explanations_are_listed_with_author_and_scores(pages: TestClient) -> None:
    page = pages.get(ASKED).text
    part = page[page.index('id="explanations"') :]
    assert part.count('<li class="explanation') == 4
    for words in ("rules", "token lookup", "output side", "language model: made-up-model"):
        assert words in part, words
    assert "not scored here" in part  # what it writes


def test_undefined_failed_and_unscored_look_different(pages: TestClient) -> None:
    assert 'class="undefined">undefined' in pages.get(CONSTANT).text
    failed = pages.get(FAILED).text
    assert 'class="failed-score">failed' in failed
    assert 'class="not-run"' in failed


def test_a_failure_says_why_and_what_was_answered(pages: TestClient) -> None:
    failed = of(pages, FAILED, "language_model")
    page = pages.get(f"{FAILED}/explanations/{failed['id']}").text
    assert "The answer is no JSON." in page
    assert "I cannot help with that." in page


def test_the_evidence_has_rules_in_english_scores_and_denominators(pages: TestClient) -> None:
    page = pages.get(best(pages)).text
    assert re.search(r'<td class="rule"><code>token in \{', page)
    assert "At every token, before rules add to it" in page
    for words in ("simulation r", "AUROC", "absolute deviation explained"):
        assert words in page, words
    assert "Not run: detection" in page
    assert re.search(r"test: \d+ windows of \d+ documents, \d+ tokens", page)


def test_beside_the_words_stands_how_their_rules_fared_on_test(pages: TestClient) -> None:
    address = best(pages)
    rules = pages.get(f"/api/v1/explanations/{address.rpartition('/')[2]}/evidence").json()
    verdicts = [rule["verdict"] for rule in rules["simulation"]["rules"]]
    page = pages.get(address).text
    head = page[page.index('id="evidence-title"') : page.index('id="program-title"')]
    said = re.search(r'note rules-tested">Of (\d+) rules?: ([^.<]*), on test windows\.', head)
    assert said is not None
    assert int(said[1]) == len(verdicts)
    counts = {words: int(n) for n, words in re.findall(r"(\d+) ([a-z ]+)", said[2])}
    assert counts == Counter(verdicts)


def test_real_and_simulated_stand_under_each_other_the_worst_first(pages: TestClient) -> None:
    page = pages.get(best(pages)).text
    part = page[page.index('id="simulated-title"') : page.index('id="fails-title"')]
    worst, random = part.split("Random windows, not picked")
    shares = [float(s) for s in re.findall(r"error: </span>([\d.]+)", worst)]
    assert len(shares) == 6
    assert shares == sorted(shares, reverse=True)
    assert random.count('class="simulated"') == 6  # drawn from all windows, the worst among them
    for window in re.findall(r'<li class="simulated".*?</li>', part, re.DOTALL):
        ids = re.findall(r'data-ids="([^"]*)"', window)
        values = re.findall(r'data-values="([^"]*)"', window)
        assert len(ids) == 2
        assert ids[0] == ids[1]
        assert values[0] != values[1]
        assert re.search(r'aria-label="Simulated\. Largest error at token', window)


def test_simulated_values_are_what_the_program_says(pages: TestClient) -> None:
    page = pages.get(best(pages)).text
    base = 0.05
    rows = re.findall(r'data-values="([^"]*)"', page[page.index('id="simulated-title"') :])
    simulated = [float(value) for row in rows[1::2] for value in row.split()]
    levels = [
        float(level.replace("\N{MINUS SIGN}", "-"))
        for level in re.findall(r'<td class="num">\+?([\d.]+)</td><td class="rule">', page)
    ][:-1]
    sums = {round(base + part, 3) for part in (0, *levels, sum(levels))}
    assert {round(value, 3) for value in simulated} <= sums


def test_where_it_fails_is_grouped_by_token(pages: TestClient) -> None:
    page = pages.get(best(pages)).text
    part = page[page.index('id="fails-title"') :]
    for way in ("high", "low"):
        assert f'<strong>Predicted too {way}</strong> <span class="note">at ' in part
    assert "alarm" not in part  # it would be a miss where a unit fires negatively
    assert "Misses" not in part
    assert re.search(r'<code class="token">.*?</code></a></th><td class="num">', part)


def test_the_history_has_every_version_and_the_old_one_says_it_was_replaced(
    pages: TestClient,
) -> None:
    current = of(pages, EDITED, "hand")
    page = pages.get(f"{EDITED}/explanations/{current['id']}").text
    history = page[page.index('id="history"') :]
    assert "version 2" in history
    old = re.search(r'href="([^"]*)">version 1', history)
    assert old is not None
    before = pages.get(old[1]).text
    assert "<strong>Replaced:</strong>" in before
    assert "maybe &lt;b&gt;the&lt;/b&gt; &amp; a?" in before
    assert "Edit as a new version" not in before


def test_withdrawn_ones_are_in_the_full_list_only(pages: TestClient) -> None:
    assert "second full moon" not in pages.get(WITHDRAWN).text
    everything = pages.get(f"{WITHDRAWN}/explanations").text
    assert "second full moon" in everything
    assert 'class="state state-withdrawn"' in everything


def test_scores_by_another_judge_stand_in_a_table_of_their_own(pages: TestClient) -> None:
    asked = of(pages, ASKED, "language_model")
    page = pages.get(f"{ASKED}/explanations/{asked['id']}").text
    assert "judged by made-up-model" in page
    assert re.search(r'class="failed-score"><data value="2">2</data> answers could not', page)


def test_only_the_evidence_is_sent_to_htmx(pages: TestClient) -> None:
    headers = {"hx-request": "true", "hx-target": "section#evidence"}
    fragment = pages.get(best(pages), headers=headers).text
    assert fragment.lstrip().startswith('<section id="evidence"')
    assert "<h1" not in fragment


def test_pools_that_were_pruned_leave_the_rest_of_the_page(
    own_pages: TestClient, tmp_path: Path
) -> None:
    address = best(own_pages, "/m/synthetic/mlp.0/5")
    for pool in tmp_path.rglob("pool-mlp.0-*.f16"):
        pool.unlink()
    page = own_pages.get(address)
    assert page.status_code == 200
    assert "No simulation: The pool of mlp.0" in page.text
    assert 'class="rule"' in page.text


@pytest.mark.parametrize("path", ["999999", "0", "abc", "-1", "99999999999999999999"])
def test_explanations_that_do_not_exist_are_not_found(pages: TestClient, path: str) -> None:
    assert pages.get(f"{UNIT}/explanations/{path}").status_code in (404, 422)


def test_an_explanation_is_found_only_under_its_unit(pages: TestClient) -> None:
    number = best(pages).rpartition("/")[2]
    answer = pages.get(f"/m/synthetic/mlp.1/8/explanations/{number}")
    assert answer.status_code == 404
    assert "mlp.1/7" in answer.text


def test_a_head_has_explanations_too(pages: TestClient) -> None:
    page = pages.get(best(pages, "/m/synthetic/attn.1/0")).text
    assert "Where it fails" in page
    assert "attn.1/0" in page


def test_a_failing_token_leads_to_search(pages: TestClient) -> None:
    page = pages.get(best(pages)).text
    link = re.search(r'<th scope="row"><a href="(/search[^"]*)"', page)
    assert link is not None
    assert pages.get(html.unescape(link[1])).status_code == 200


def test_a_site_lists_the_best_claim_of_each_unit(pages: TestClient) -> None:
    page = pages.get("/m/synthetic/mlp.1").text
    hand, rules = of(pages, EDITED, "hand"), of(pages, EDITED, "rules")
    best = max((hand, rules), key=lambda one: one["headlines"][0]["r"])  # type: ignore[index]
    assert f'/m/synthetic/mlp.1/0/explanations/{best["id"]}"' in page
    assert page.count('class="claim-words"') == 50
    assert "Token lookup" not in page


def test_older_versions_are_on_a_page_of_their_own(own_pages: TestClient) -> None:
    here = "/m/synthetic/mlp.0/5/explanations"
    number = ""
    for version in range(1, 61):
        form = {"text": f"Text {version}", "edit": number}
        answer = own_pages.post(here, data=form, follow_redirects=False)
        number = answer.headers["location"].rpartition("/")[2]
    page = own_pages.get(f"{here}/{number}").text
    assert "version 41<" in page
    assert "version 40<" not in page
    older = re.search(r'href="([^"]*)">older versions', page)
    assert older is not None
    listed = own_pages.get(html.unescape(older[1])).text
    named = re.findall(r"version (\d+)<", listed)  # each also where it is compared
    assert list(dict.fromkeys(named)) == [str(n) for n in range(40, 0, -1)]
    assert "that is all" in listed
    whole = own_pages.get(f"{here}/{number}/versions").text
    assert 'aria-current="true"><a' in whole
    following = re.search(r'href="([^"]*)" rel="next"', whole)
    assert following is not None
    assert "version 10<" in own_pages.get(html.unescape(following[1])).text
    assert own_pages.get(f"{here}/999999/versions").status_code == 404
    assert own_pages.get(f"/m/synthetic/mlp.0/6/explanations/{number}/versions").status_code == 404


def test_it_is_said_how_near_the_test_documents_are(pages: TestClient) -> None:
    page = html.unescape(pages.get(best(pages)).text)
    view = pages.get(f"/api/v1/explanations/{of(pages, UNIT, 'rules')['id']}").json()
    assert view["held_out"]["words"] in page
    assert view["held_out"] == pages.get("/api/v1/corpora/starter").json()["held_out"]
    assert view["held_out"]["words"] in html.unescape(pages.get("/corpora/starter").text)
    assert view["held_out"]["words"] in html.unescape(pages.get("/m/synthetic/scores").text)


def test_the_evidence_on_text_that_was_fitted_on_is_refused_and_says_what_to_ask_for(
    pages: TestClient,
) -> None:
    answer = pages.get(best(pages), params={"split": "fit"})
    assert answer.status_code == 422
    assert "windows that nothing was fitted on" not in answer.text
    assert "Ask for test or ood:code." in answer.text
    assert pages.get(best(pages), params={"split": "ood:code"}).status_code == 200
