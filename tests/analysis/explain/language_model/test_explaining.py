"""From excerpts of fit to the best sentence on calibration."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from analysis.assistants.budget import Budget
from analysis.errors import BudgetSpent
from analysis.explain.language_model.explaining import best, explain
from analysis.explain.language_model.options import ExplainerOptions, JudgeOptions
from analysis.explain.language_model.records import Candidate
from tests.analysis.assistants.asking import assistant
from tests.analysis.assistants.scripted import Play, object_says, says, scripted
from tests.analysis.explain.language_model.reading import data_of, everything_sent, excerpt, sees

FIT = [excerpt("the whale dives", {1: 3.0}, 1), excerpt("her whale sings", {1: 1.5}, 2)]
CALIBRATION = [
    excerpt("one whale more", {1: 2.0}, 11),
    excerpt("one goat more", {}, 12),
    excerpt("two whale fins", {1: 2.0}, 13),
    excerpt("two goat horns", {}, 14),
]
JUDGE = JudgeOptions("judge", threshold=1.0)
Script = Callable[[dict[str, Any], int], Play]


def explainer(*texts: str) -> Script:
    """Says the texts in turn of the seed; as a judge it finds the first word of a claim."""

    def script(asked: dict[str, Any], number: int) -> Play:
        form = asked["response_format"]["json_schema"]["name"]
        if form == "explanation":
            return object_says({"explanation": texts[asked["seed"] % len(texts)]})
        claimed = re.search(r"⟦(.*?)⟧", asked["messages"][-1]["content"])
        return sees(claimed[1].split()[0])(asked, number)

    return script


def test_a_single_explanation_costs_one_call_and_sees_the_fit_excerpts() -> None:
    with scripted(explainer("whale names")) as endpoint, assistant(endpoint.url) as asker:
        found = explain(
            asker, FIT, CALIBRATION, ExplainerOptions("big"), judge="detection", judge_options=JUDGE
        )
        (asked,) = endpoint.requests
    assert (found.text, found.chosen, found.failure) == ("whale names", 0, None)
    assert asked["model"] == "big"
    assert asked["temperature"] == 0
    assert data_of(asked) == [" the\t0\n whale\t10\n dives\t0", " her\t0\n whale\t5\n sings\t0"]


def test_excerpts_may_be_marked_instead() -> None:
    options = ExplainerOptions("big", style="marked")
    with scripted(explainer("whale names")) as endpoint, assistant(endpoint.url) as asker:
        explain(asker, FIT, CALIBRATION, options, judge="detection", judge_options=JUDGE)
        assert data_of(endpoint.requests[0]) == [" the⟪ whale⟫ dives", " her whale sings"]


@pytest.mark.parametrize("judge", ["detection", "simulation", "fuzzing"])
def test_of_several_the_best_on_calibration_is_kept_and_all_are_stored(judge: str) -> None:
    texts = ("one of two", "whale names", "goat names")
    options = ExplainerOptions("big", candidates=3)
    with scripted(explainer(*texts)) as endpoint, assistant(endpoint.url) as asker:
        found = explain(asker, FIT, CALIBRATION, options, judge=judge, judge_options=JUDGE)
    assert (found.text, found.chosen) == ("whale names", 1)
    assert [candidate.text for candidate in found.candidates] == list(texts)
    merits = [candidate.merit for candidate in found.candidates]
    assert merits[1] == pytest.approx(1.0)
    assert all(merit is None or merit <= 0.5 for merit in (merits[0], merits[2]))
    assert all(candidate.judged and candidate.judged.asked for candidate in found.candidates)


def test_draws_are_different_questions_at_a_temperature_and_the_same_text_counts_once() -> None:
    options = ExplainerOptions("big", candidates=3)
    with scripted(explainer("whale names")) as endpoint, assistant(endpoint.url) as asker:
        found = explain(asker, FIT, CALIBRATION, options, judge="detection", judge_options=JUDGE)
        assert [asked["seed"] for asked in endpoint.requests] != [0, 0, 0]
        assert {asked["temperature"] for asked in endpoint.requests} == {1.0}
        assert len(endpoint.requests) == 3  # one text: nothing to choose, nothing to judge
    assert len({asked.prompt_hash for asked in found.asked}) == 3
    assert len(found.candidates) == 1


def test_the_explainer_sees_nothing_of_calibration_and_the_judge_nothing_of_fit() -> None:
    options = ExplainerOptions("big", candidates=2)
    with scripted(explainer("whale names", "goats")) as endpoint, assistant(endpoint.url) as asker:
        explain(asker, FIT, CALIBRATION, options, judge="detection", judge_options=JUDGE)
        explaining, judging = [], []
        for asked in endpoint.requests:
            name = asked["response_format"]["json_schema"]["name"]
            (explaining if name == "explanation" else judging).append(asked)
    assert explaining
    assert judging
    for word in ("more", "fins", "goat", "horns"):
        assert word not in everything_sent(explaining)
    shown = "".join(text for asked in judging for text in data_of(asked))
    assert not {"dives", "her", "sings"} & set(shown.split())


def test_a_document_in_both_splits_is_refused() -> None:
    leaked = [*CALIBRATION, excerpt("x", {}, 1)]
    with scripted(explainer("x")) as endpoint, assistant(endpoint.url) as asker:
        with pytest.raises(ValueError, match="in fit and in calibration"):
            explain(
                asker, FIT, leaked, ExplainerOptions("b"), judge="detection", judge_options=JUDGE
            )
        assert endpoint.requests == []


def test_the_negative_tail_is_explained_and_judged_by_itself() -> None:
    fit = [excerpt("the whale dives", {0: 9.0, 1: -3.0}, 1)]
    with scripted(explainer("goats", "whales")) as endpoint, assistant(endpoint.url) as asker:
        found = explain(
            asker,
            fit,
            [excerpt("a whale", {0: 5.0, 1: -2.0}, 2), excerpt("a goats", {0: 5.0}, 3)],
            ExplainerOptions("big", candidates=2, most_excerpts=1),
            judge="detection",
            judge_options=JUDGE,
            negate=True,
        )
        assert data_of(endpoint.requests[0]) == [" the\t0\n whale\t10\n dives\t0"]
    assert found.negated
    assert [candidate.judged.truth.sum() for candidate in found.candidates] == [1, 1]
    assert [candidate.merit for candidate in found.candidates] == [0.0, 0.5]
    assert found.text == "whales"


@pytest.mark.parametrize(("negate", "said"), [(False, "never above 0"), (True, "never below 0")])
def test_a_unit_without_that_tail_is_not_asked_about(negate: bool, said: str) -> None:
    level = 1.0 if negate else -1.0
    fit = [excerpt("a b", {0: level}, 1)]
    with scripted(explainer("x")) as endpoint, assistant(endpoint.url) as asker:
        found = explain(
            asker,
            fit,
            [],
            ExplainerOptions("big"),
            judge="detection",
            judge_options=JUDGE,
            negate=negate,
        )
        assert endpoint.requests == []
    assert found.text is None
    assert said in (found.failure or "")


def test_answers_that_cannot_be_read_are_a_failure_with_its_kinds() -> None:
    options = ExplainerOptions("big", candidates=2)

    def script(asked: dict[str, Any], _: int) -> Play:
        return says("I cannot help." if asked["seed"] else "Sure!")

    with scripted(script) as endpoint, assistant(endpoint.url) as asker:
        found = explain(asker, FIT, CALIBRATION, options, judge="detection", judge_options=JUDGE)
    assert (found.text, found.chosen, found.candidates) == (None, None, ())
    assert found.n_failed == 2
    assert found.failure == "no answer could be read: 1 × garbage, 1 × refusal"


def test_where_no_candidate_can_be_judged_the_first_is_kept_without_a_merit() -> None:
    def script(asked: dict[str, Any], number: int) -> Play:
        if asked["response_format"]["json_schema"]["name"] == "verdicts":
            return says("hm")
        return explainer("first", "second")(asked, number)

    options = ExplainerOptions("big", candidates=2)
    with scripted(script) as endpoint, assistant(endpoint.url) as asker:
        found = explain(asker, FIT, CALIBRATION, options, judge="detection", judge_options=JUDGE)
    assert (found.text, found.candidates[0].merit) == ("first", None)
    assert found.candidates[0].judged is not None
    assert found.candidates[0].judged.n_failed == 1


def test_an_undefined_merit_ranks_below_any_and_of_equals_the_first_is_best() -> None:
    def ranked(*merits: float | None) -> int | None:
        return best([Candidate("x", merit, None) for merit in merits])

    assert ranked(None, -0.3, None) == 1
    assert ranked(0.2, 0.7, 0.7) == 1
    assert ranked(None, None) == 0
    assert ranked() is None


def test_a_budget_ends_explaining_cleanly() -> None:
    with scripted(explainer("whale names")) as endpoint:
        with (
            assistant(endpoint.url, budget=Budget(tokens=50)) as asker,
            pytest.raises(BudgetSpent),
        ):
            explain(asker, FIT, [], ExplainerOptions("b"), judge="detection", judge_options=JUDGE)
        assert endpoint.requests == []


def test_worked_examples_are_answers_in_their_own_forms() -> None:
    with scripted(explainer("whales", "goats")) as endpoint, assistant(endpoint.url) as asker:
        options = ExplainerOptions("big", candidates=2, style="marked")
        for judge in ("detection", "fuzzing", "simulation"):
            explain(asker, FIT, CALIBRATION, options, judge=judge, judge_options=JUDGE)
        requests = list(endpoint.requests)
    seen = set()
    for asked in requests:
        schema = asked["response_format"]["json_schema"]
        examples = [m["content"] for m in asked["messages"] if m["role"] == "assistant"]
        assert examples
        seen.add(schema["name"])
        for example in map(json.loads, examples):
            key = {"explanation": "explanation", "verdicts": "verdicts", "levels": "1"}
            assert key[schema["name"]] in example
    assert seen == {"explanation", "verdicts", "levels"}
