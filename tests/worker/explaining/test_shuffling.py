"""The shuffled baseline of language models: whose sentence it is, and what it costs."""

import json
import threading
from pathlib import Path
from typing import Any

import numpy as np

from analysis.assistants.budget import Budget
from analysis.assistants.reply import Reply
from analysis.explain.language_model.answers import MOST_TOP
from analysis.explain.language_model.options import JudgeOptions
from analysis.explain.language_model.shuffling import Other
from analysis.score.records import METRICS
from analysis.worker.explaining.shuffling import others_of
from analysis.worker.explaining.spending import PaidCache
from app.store.asking import MOST_TOP as MOST_TOP_TOLD
from app.store.asking import PER_CALL, questions_of
from app.store.packing import COLUMNS, unpack_notes, unpack_scores
from app.store.requests import AssistantOptions
from tests.analysis.assistants.scripted import Play, Script, object_says, scripted
from tests.analysis.explain.language_model.reading import sees
from tests.worker.explaining.assisted import UNITS, Found, form_of, found, request, run
from tests.worker.sweeping.conftest import Swept

SENTENCES = [f"the word {word}" for word in ("king", "moon", "sea", "lamp", "stone", "bird")]


def each_another() -> Script:
    """A sentence of its own for every unit."""
    texts, lock = iter(SENTENCES * 9), threading.Lock()
    judge = sees("a")

    def script(asked: dict[str, Any], number: int) -> Play:
        if form_of(asked) == "explanation":
            with lock:
                return object_says({"explanation": next(texts)})
        return judge(asked, number)

    return script


def shuffled_of(row: Found, split: str = "test") -> dict[str, float]:
    column = unpack_scores(row.scores[split].values)[:, COLUMNS.index("shuffled")]
    return dict(zip(METRICS, column.tolist(), strict=True))


def test_each_unit_is_judged_beside_the_sentence_of_another(fresh: Swept) -> None:
    options = {"judges": ["simulation", "detection", "fuzzing"]}
    with scripted(each_another()) as endpoint:
        result = run(fresh, endpoint.url, request(fresh, **options))
        sent = [json.dumps(asked, sort_keys=True) for asked in endpoint.requests]
    rows = found(fresh, result["run_id"])
    sentences = {row.unit: row.text.removeprefix("Negative: ") for row in rows}
    assert {row.details["shuffled"]["unit"] for row in rows} == set(UNITS)
    for row in rows:
        told = row.details["shuffled"]
        assert told["unit"] != row.unit
        assert told["text"] == sentences[told["unit"]]
        for metric in ("corpus_r", "r2_centred", "deviation", "detection"):
            assert np.isfinite(shuffled_of(row)[metric]), metric
        assert row.scores["test"].p is None
        note = unpack_notes(row.scores["test"].values)[METRICS.index("detection_precision")]
        assert note.pool_prevalence is not None
    assert len(set(sent)) == len(sent)  # what two units share is asked once
    told = result["assistant"]
    assert told["n_calls"] == len(sent) <= 3 * told["at_most_per_unit"]
    options_asked = request(fresh, **options).assistant
    assert options_asked is not None
    assert told["at_most_per_unit"] == questions_of(options_asked).of(2)
    assert told["at_most_for_shuffled"] == 2 * (2 + 2 + 4)


def test_what_the_baseline_costs_stands_with_the_unit(fresh: Swept) -> None:
    with scripted(each_another()) as endpoint:
        result = run(fresh, endpoint.url, request(fresh, judges=["simulation", "detection"]))
        n_calls = len(endpoint.requests)
    rows = found(fresh, result["run_id"])
    assert sum(row.details["spent"]["calls"] for row in rows) == n_calls
    assert result["assistant"]["spent"]["tokens"] == 110 * n_calls


def test_it_is_left_out_where_the_job_says_so(fresh: Swept) -> None:
    with scripted(each_another()) as endpoint:
        result = run(fresh, endpoint.url, request(fresh, shuffled=False))
        n_calls = len(endpoint.requests)
    for row in found(fresh, result["run_id"]):
        assert row.details["shuffled"] == {"none_because": "the job did not ask for it"}
        assert np.isnan(shuffled_of(row)["detection"])
    assert result["assistant"]["at_most_for_shuffled"] == 0
    assert n_calls <= 3 * result["assistant"]["at_most_per_unit"]


def test_a_job_of_one_unit_says_that_there_is_no_other(fresh: Swept) -> None:
    with scripted(each_another()) as endpoint:
        result = run(fresh, endpoint.url, request(fresh, [12], judges=["simulation"]))
    (row,) = found(fresh, result["run_id"])
    because = "no other unit of the job and site has an explanation"
    assert row.details["shuffled"] == {"none_because": because}
    assert np.isnan(shuffled_of(row)["corpus_r"])
    assert row.scores["test"].p is None


def test_a_unit_that_is_left_alone_takes_one_that_is_stored(fresh: Swept) -> None:
    """Nine units are asked about as eight and one."""
    units = list(range(9, 18))
    with scripted(each_another()) as endpoint:
        result = run(fresh, endpoint.url, request(fresh, units))
    rows = {row.unit: row for row in found(fresh, result["run_id"])}
    with_text = {unit for unit, row in rows.items() if row.status == "current"}
    assert len(with_text) == 9
    for unit in with_text:
        told = rows[unit].details["shuffled"]
        assert told["unit"] in with_text - {unit}
        assert rows[told["unit"]].text.removeprefix("Negative: ") == told["text"]


def test_the_next_unit_with_a_sentence_is_the_other_one() -> None:
    stored = Other(7, "the sea")
    found = others_of([4, 5, 6], ["a", None, "c"], before=lambda: stored)
    assert found == [Other(6, "c"), None, Other(4, "a")]
    assert others_of([4, 5], ["a", None], before=lambda: stored) == [stored, None]
    assert others_of([4], ["a"], before=lambda: None) == [None]


def test_questions_are_counted_before_they_are_asked() -> None:
    asked = AssistantOptions(model="m", windows=12, judges=["simulation", "detection", "fuzzing"])
    told = questions_of(asked)
    assert (told.once, told.per_split, told.shuffled_per_split) == (13, 23, 11)
    assert told.of(2) == 13 + 2 * (23 + 11)
    assert told.words == (
        "for each unit at most 13 questions, and 34 for each tested split, 11 of them for the "
        "shuffled baseline"
    )
    chosen = questions_of(AssistantOptions(model="m", candidates=3, shuffled=False))
    assert (chosen.once, chosen.per_split, chosen.of(1)) == (3 + 3 * 3, 3, 15)
    assert "shuffled" not in chosen.words
    assert (JudgeOptions("m").windows_per_call, MOST_TOP) == (PER_CALL, MOST_TOP_TOLD)


def test_what_an_earlier_attempt_paid_is_counted_once_however_often_it_is_found(
    tmp_path: Path,
) -> None:
    reply = Reply("{}", True, False, (), 100, 10, {})
    budget = Budget()
    PaidCache(tmp_path / "cache", Budget(), counting=False).keep("a", reply)
    cache = PaidCache(tmp_path / "cache", budget, counting=True)
    cache.keep("b", reply)  # asked, and paid, by this attempt
    for key in ("a", "a", "b"):
        assert cache.find(key) is not None
    assert budget.spent.tokens == 110
