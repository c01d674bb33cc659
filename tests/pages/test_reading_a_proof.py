"""Someone reads a proof: what it is held against, what is new, what is not in it, and its rows."""

import html
import re
from typing import Any, Final

import pytest
from sqlalchemy import update
from starlette.testclient import TestClient

from analysis.protocol.proofs import Estimate, Otherwise, Proof
from app.bench.made_circuits import make_circuit
from app.bench.made_proofs import make_proof
from app.store.engine import open_session
from app.store.packing import pack_text
from app.store.tables import ProofTable
from app.store.writing_circuits import keep_circuit, keep_proof
from app.store.writing_tasks import keep_task, set_competence
from tests.pages.test_reading_a_circuit import NAMES, proof_ids, words_of
from tests.store.circuits import imported

OWN = "/m/synthetic/circuits/own"
LATER: dict[str, Any] = {
    "behaviours": (), "matched": None, "incompleteness": None, "otherwise": (), "apart": (),
    "rows": (),
}  # fmt: skip
"""What those of units chosen by hand are without."""
OLDER: Final = """{
  "ablation": "resample", "prompts": "held_out", "n_prompts": 24,
  "whole": {"value": 4.02, "low": 3.6, "high": 4.4},
  "empty": {"value": -5.2, "low": -5.7, "high": -4.8},
  "curves": [
    {"of": "circuit", "cpr": 0.9, "cmd": 0.1, "points": [
      {"n_units": 0, "share": 0.0, "faithfulness": {"value": 0.0, "low": null, "high": null},
       "completeness": {"value": 1.0, "low": null, "high": null}},
      {"n_units": 5, "share": 0.5, "faithfulness": {"value": 0.9, "low": 0.8, "high": 1.0},
       "completeness": {"value": 0.1, "low": 0.0, "high": 0.2}},
      {"n_units": 10, "share": 1.0, "faithfulness": {"value": 1.0, "low": 1.0, "high": 1.0},
       "completeness": {"value": 0.0, "low": 0.0, "high": 0.0}}]},
    {"of": "random", "cpr": 0.4, "cmd": 0.6, "points": [
      {"n_units": 0, "share": 0.0, "faithfulness": {"value": 0.0, "low": null, "high": null},
       "completeness": null},
      {"n_units": 5, "share": 0.5, "faithfulness": {"value": 0.2, "low": 0.1, "high": 0.3},
       "completeness": null}]}],
  "n_kept": 5,
  "faithfulness": {"value": 0.9, "low": 0.8, "high": 1.0},
  "completeness": {"value": 0.1, "low": 0.0, "high": 0.2},
  "random": {"value": 0.2, "low": 0.1, "high": 0.3},
  "drops": [
    {"unit": {"site": "mlp.0", "index": 3}, "lost": {"value": 0.1, "low": 0.0, "high": 0.2}}],
  "scrubs": [
    {"feature": "answer", "recovered": {"value": 0.7, "low": 0.6, "high": 0.8}, "n_prompts": 48,
     "n_alone": 2}],
  "remarks": []
}"""
"""As it lies in the store since before most of what is proved today."""


def part(page: str, title: str) -> str:
    """The words of the table under this heading."""
    behind = page[page.index(f">{title}</h3>") :]
    return words_of(behind[: behind.index("</table>")])


def keep(
    pages: TestClient, proof: Proof | None = None, competence: dict[str, Any] | None = None
) -> None:
    """A circuit `own` with a task, and one proof."""
    with open_session(pages.app.state.engine, commit=True) as session:  # type: ignore[attr-defined]
        task = keep_task(session, model="synthetic", task=imported(), actor="me").slug
        if competence is not None:
            set_competence(session, model="synthetic", slug=task, competence=competence)
        keep_circuit(
            session, model="synthetic", circuit=small(), actor="me", slug="own", task=task
        )  # fmt: skip
        if proof is not None:
            keep_proof(session, model="synthetic", slug="own", proof=proof)


def keep_as_it_is(pages: TestClient, content: str) -> None:
    """A proof of the circuit `own`, of which nothing is written that is not in `content`."""
    with open_session(pages.app.state.engine, commit=True) as session:  # type: ignore[attr-defined]
        number = keep_proof(session, model="synthetic", slug="own", proof=changed()).id
        stored = pack_text(content.encode())
        session.execute(update(ProofTable).where(ProofTable.id == number).values(content=stored))


def part_of_scrubs(page: str) -> str:
    behind = page[page.index("what they carry together") :]
    return words_of(behind[: behind.index("</table>")])


def small() -> Any:
    return make_circuit(nodes=5, links=8, layers=1, neurons=8, heads=2)


def changed(**values: Any) -> Proof:
    return make_proof(small()).model_copy(update=values)


def test_each_network_says_how_often_it_is_right_its_metric_and_its_kl(pages: TestClient) -> None:
    said = part(pages.get(NAMES).text, "What each network says")
    for network in ("untouched model", "circuit alone", "all but the circuit",
                    "everything ablated"):  # fmt: skip
        assert network in said
    assert "100 % [90, 100] 4.02 ± 1.30 [3.62, 4.42] 0" in said
    assert "0 % [0, 10] −5.20 ± 1.30 [−5.60, −4.80] 2.00 [1.94, 2.06]" in said


def test_random_circuits_of_the_same_make_are_told_in_a_sentence(pages: TestClient) -> None:
    page = pages.get(NAMES).text
    assert "none comes as near to a faithfulness of 1 as this one" in words_of(page)
    assert 'href="/glossary#matched-random-circuits"' in page
    assert "It was made to fit these prompts" not in words_of(page)
    finding = pages.get(f"{NAMES}?proof={proof_ids(pages)[1]}").text
    assert "It was made to fit these prompts, and they were not." in words_of(finding)


def test_random_halves_left_out_are_told_in_a_sentence(pages: TestClient) -> None:
    page = pages.get(NAMES).text
    assert 'href="/glossary#incompleteness"' in page
    assert "by 0.05 on average (3 halves, 0.08 at most)" in words_of(page)


def test_the_three_ablations_stand_side_by_side(pages: TestClient) -> None:
    said = part(pages.get(NAMES).text, "By each ablation")
    assert said.index("resample the circuit’s own") < said.index("mean") < said.index("zero")
    assert said.count("[") == 9


def test_prompts_with_something_new_are_counted(pages: TestClient) -> None:
    said = part(pages.get(NAMES).text, "On what is new")
    assert "a new sentence 12 of 24" in said
    assert "a new word 24 of 24" in said
    assert "a new right answer none" in said


def test_prompts_for_finding_have_nothing_new(pages: TestClient) -> None:
    page = pages.get(f"{NAMES}?proof={proof_ids(pages)[1]}").text
    assert "On what is new" not in page


def test_the_curves_have_intervals_of_their_areas_and_margins_at_the_kept_size(
    pages: TestClient,
) -> None:
    page = pages.get(NAMES).text
    key = page[page.index('aria-label="Curves"') :]
    said = words_of(key[: key.index("</table>")])
    assert "at 40" in said
    loudest = re.search(r"largest activation [\d.]+ \[[^]]*\] [\d.]+ \+[\d.]+ \[", said)
    assert loudest is not None
    table = key[key.index('aria-label="Margins at each size"') :]
    rows = words_of(table[: table.index("</table>")])
    assert "integrated gradients (IG) most changed largest activation random units" in rows


def test_a_proof_leads_to_its_rows(pages: TestClient) -> None:
    page = pages.get(NAMES).text
    links = [html.unescape(one) for one in re.findall(r'href="([^"]*/rows[^"]*)" download', page)]
    number = proof_ids(pages)[0]
    base = f"/api/v1/models/synthetic/circuits/names/proofs/{number}/rows"
    assert links == [f"{base}?format=csv", f"{base}?format=jsonl"]
    assert "24 rows" in words_of(page)
    assert len(pages.get(links[0]).text.splitlines()) == 25


def test_an_older_proof_says_what_it_lacks(own_pages: TestClient) -> None:
    later = ("behaviours", "matched", "otherwise", "apart", "rows", "margin", "cpr_interval",
             "loudest", "ig_kept")  # fmt: skip
    assert not any(f'"{one}"' in OLDER for one in later)
    keep(own_pages)
    keep_as_it_is(own_pages, OLDER)
    page = own_pages.get(OWN).text
    said = words_of(page)
    assert "Not in this proof: what each network says, random circuits of the same make" in said
    assert "It is from before they were asked for" in said
    assert "metric, whole model 4.02" in said
    assert "what leaving one unit out costs" in said
    assert "not run" in part_of_scrubs(page)
    for absent in ("What each network says<", "By each ablation", "On what is new", "/rows?"):
        assert absent not in page


def test_a_whole_proof_lacks_nothing(pages: TestClient) -> None:
    assert "Not in this proof" not in pages.get(NAMES).text


def test_units_chosen_by_hand_are_not_said_to_be_held_out(own_pages: TestClient) -> None:
    units = tuple(unit for unit, _ in small().ranking[:2])
    keep(own_pages, changed(**LATER, curves=(), units=units, n_kept=2))
    said = words_of(own_pages.get(OWN).text)
    assert (
        "chosen by hand perhaps while looking at these prompts: for this choice they are no "
        "longer held out" in said
    )
    assert "Of units that somebody chose less is run." in said


@pytest.mark.parametrize(
    "values",
    [{}, {"prompts": "finding", "units": tuple(unit for unit, _ in small().ranking[:2])}],
    ids=["the whole circuit", "prompts for finding"],
)
def test_what_was_held_out_or_never_was_has_no_such_badge(
    own_pages: TestClient, values: dict[str, Any]
) -> None:
    keep(own_pages, changed(**values))
    assert "chosen by hand" not in words_of(own_pages.get(OWN).text)


def test_the_task_says_beside_its_name_what_the_model_makes_of_it(own_pages: TestClient) -> None:
    accuracy = {"value": 0.94, "low": 0.88, "high": 0.97}
    reason = "Right in 94 of 100 prompts."
    told = {"verdict": "can do", "reason": reason, "accuracy": accuracy, "chance": 0.5}
    keep(own_pages, competence=told)
    page = own_pages.get(OWN).text
    link = re.search(
        r'<a href="(/m/synthetic/tasks/[^"#]*)#competence-title" title="([^"]*)"', page
    )
    assert link is not None
    assert link[2] == reason
    assert 'id="competence-title"' in own_pages.get(link[1]).text
    assert "the model is right in 94 % [88, 97], chance 50 %" in words_of(page)
    assert "the model cannot do it" not in words_of(page)


def test_a_task_that_the_model_cannot_do_is_marked(own_pages: TestClient) -> None:
    accuracy = {"value": 0.5, "low": 0.3, "high": 0.7}
    told = {"verdict": "cannot do", "reason": "", "accuracy": accuracy, "chance": 0.5}
    keep(own_pages, competence=told)
    assert "the model cannot do it" in words_of(own_pages.get(OWN).text)


def test_a_task_that_was_not_measured_says_so(own_pages: TestClient) -> None:
    keep(own_pages)
    assert "what the model makes of it is not measured" in words_of(own_pages.get(OWN).text)


def test_a_task_of_which_accuracy_cannot_be_told_says_why(own_pages: TestClient) -> None:
    reason = "The task names no answers, so that accuracy cannot be told."
    keep(own_pages, competence={"verdict": "no answers", "reason": reason, "accuracy": None})
    assert ": The task names no answers, so that accuracy cannot be told" in words_of(
        own_pages.get(OWN).text
    )


def test_a_ranking_that_is_faithful_at_a_larger_size_says_how_to_get_there(
    own_pages: TestClient,
) -> None:
    keep(own_pages, changed(n_kept=2, faithfulness=Estimate(value=0.43, low=0.3, high=0.5)))
    page = own_pages.get(OWN).text
    said = words_of(page)
    assert "The circuit alone is not faithful, but its ranking reaches 0.97" in said
    assert re.search(r"patchclamp circuit synthetic [\w-]+ --n-nodes 5 ", said)


def test_a_faithful_circuit_is_not_told_to_be_larger(own_pages: TestClient) -> None:
    keep(own_pages, changed(n_kept=2, faithfulness=Estimate(value=0.85)))
    assert "find it again with more nodes" not in words_of(own_pages.get(OWN).text)


def test_an_ablation_under_which_the_circuit_does_not_hold_is_named(own_pages: TestClient) -> None:
    some = Estimate(value=0.1)
    other = Otherwise(ablation="zero", faithfulness=some, completeness=some, random=some)
    keep(own_pages, changed(faithfulness=Estimate(value=0.9), otherwise=(other,)))
    said = words_of(own_pages.get(OWN).text)
    assert "found by (resample ablation, 0.90), and not under zero ablation (0.10)" in said
