"""An explain job that asks a language model: what is sent, what is stored, and what is paid."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from pydantic import SecretStr
from sqlalchemy import select

from analysis.assistants.patience import Patience
from analysis.errors import AssistantError
from analysis.score.records import METRICS
from analysis.worker.explaining import assisting, job
from analysis.worker.inline import run_inline
from app.errors import BadRequestError
from app.store.engine import open_session
from app.store.packing import NOT_ASKED, unpack_scores
from app.store.queries.job import list_jobs
from app.store.requests import AssistantOptions, ExplainRequest
from app.store.tables import ExplanationTable, RunTable, ScoreSummaryTable, ScoreTable
from tests.analysis.assistants.scripted import Play, Script, fails, object_says, says, scripted
from tests.analysis.explain.language_model.reading import data_of, everything_sent, sees
from tests.worker.sweeping.conftest import Swept

KEY = "sk-tidal-4711"
UNITS = [12, 13, 14]
"""Noise: they have no rule, but activations of all sizes."""


@dataclass(frozen=True)
class Found:
    unit: int
    status: str
    text: str
    author: str
    details: dict[str, Any]
    scores: dict[str, ScoreTable]


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    haste = Patience(tries=2, first_wait=0.01, longest_wait=0.05)
    monkeypatch.setattr(assisting, "PATIENCE", haste)


@pytest.fixture
def fresh(swept: Swept) -> Iterator[Swept]:
    """Nothing was answered before."""
    (swept.settings.data / assisting.CACHE).unlink(missing_ok=True)
    yield swept
    (swept.settings.data / assisting.CACHE).unlink(missing_ok=True)


def answers(text: str = "the word king", word: str = "king") -> Script:
    """Explains everything by one sentence, and judges by one word."""
    judge = sees(word)

    def script(asked: dict[str, Any], number: int) -> Play:
        if form_of(asked) == "explanation":
            return object_says({"explanation": text})
        return judge(asked, number)

    return script


def form_of(asked: dict[str, Any]) -> str:
    return asked["response_format"]["json_schema"]["name"]


def request(swept: Swept, units: list[int] | None = None, **options: Any) -> ExplainRequest:
    return ExplainRequest(
        model="planted",
        run_id=swept.run_id,
        site="mlp.0",
        units=units or UNITS,
        methods=["language_model"],
        assistant=AssistantOptions(**{"model": "big", "windows": 8, **options}),
    )


def run(swept: Swept, url: str | None, asked: ExplainRequest) -> dict[str, Any]:
    key = SecretStr(KEY) if url else None
    settings = swept.settings.model_copy(update={"assistant_url": url, "assistant_key": key})
    result = run_inline(swept.engine, settings, job.KIND, asked)
    assert result is not None
    return result


def found(swept: Swept, run_id: int) -> list[Found]:
    table = ExplanationTable
    with open_session(swept.engine) as session:
        rows = session.scalars(
            select(table)
            .where(table.run_id == run_id, table.method == "language_model")
            .order_by(table.unit_index)
        ).all()
        return [
            Found(
                row.unit_index, row.status, row.text, row.author, row.details,
                {
                    score.split: score
                    for score in session.scalars(
                        select(ScoreTable).where(ScoreTable.explanation_id == row.id)
                    )
                },
            )
            for row in rows
        ]  # fmt: skip


def values(score: ScoreTable) -> dict[str, float]:
    return dict(zip(METRICS, unpack_scores(score.values)[:, 0].tolist(), strict=True))


def run_row(swept: Swept, run_id: int) -> RunTable:
    with open_session(swept.engine) as session:
        return session.get_one(RunTable, run_id)


def test_units_are_explained_and_judged_on_text_kept_back(fresh: Swept) -> None:
    with scripted(answers()) as endpoint:
        asked = request(fresh, judges=["simulation", "detection", "fuzzing"])
        result = run(fresh, endpoint.url, asked)
    rows = found(fresh, result["run_id"])
    assert [row.unit for row in rows] == UNITS
    for row in rows:
        assert (row.status, row.author) == ("current", "big")
        assert row.text.removeprefix("Negative: ") == "the word king"
        assert set(row.scores) == {"test", "ood:other"}
        for score in row.scores.values():
            assert (score.judge, score.n_failed, score.status) == ("big", 0, "scored")
            assert score.n_windows == 8
            assert score.r == pytest.approx(values(score)["corpus_r"], abs=1e-6)
            assert np.isfinite([values(score)[m] for m in ("r2_centred", "deviation")]).all()
            assert values(score)["auroc"] == NOT_ASKED
            assert unpack_scores(score.values)[METRICS.index("corpus_r")][4] != NOT_ASKED  # lookup
    assert result["units"] == 3
    assert "stopped" not in result


def test_what_was_asked_answered_and_paid_is_stored_without_the_key(fresh: Swept) -> None:
    with scripted(answers()) as endpoint:
        prices = {"dollars_per_million_in": 2.0, "dollars_per_million_out": 10.0}
        result = run(fresh, endpoint.url, request(fresh, judge_model="small", **prices))
        n_calls = len(endpoint.requests)
    rows = found(fresh, result["run_id"])
    for row in rows:
        details = row.details
        assert details["model"] == "big"
        assert "⟦excerpt 1⟧" in details["prompt"]
        assert details["asked"][0]["raw"] == '{"explanation": "the word king"}'
        assert details["asked"][0]["parameters"]["model"] == "big"
        assert {score.judge for score in row.scores.values()} == {"small"}
        assert set(details["judged"]) == {"test", "ood:other"}
        assert details["judged"]["test"]["detection"][0]["raw"]
        assert KEY not in json.dumps(details)
    calls = sum(row.details["spent"]["calls"] for row in rows)
    assert calls == n_calls == result["assistant"]["n_calls"]
    dollars = sum(row.details["spent"]["dollars"] for row in rows)
    assert dollars == pytest.approx(n_calls * (100 * 2 + 10 * 10) / 1e6)
    assert result["assistant"]["spent"] == {
        "tokens": 110 * n_calls, "dollars": pytest.approx(dollars),
    }  # fmt: skip
    measured = run_row(fresh, result["run_id"]).measured
    assert measured["assistant"]["spent"]["tokens"] == 110 * n_calls
    assert "sentences of a language model" in run_row(fresh, result["run_id"]).method


def test_the_explainer_sees_fit_alone_and_the_judges_none_of_it(fresh: Swept) -> None:
    with scripted(answers()) as endpoint:
        run(fresh, endpoint.url, request(fresh, candidates=2, judges=["detection", "simulation"]))
        requests = list(endpoint.requests)
    words = fresh.planted.vocabulary

    def runs(split: str) -> set[str]:
        return {
            " ".join(words[token] for token in window[at : at + 6])
            for window in fresh.windows(split).values()
            for at in range(1, len(window) - 5)
        }

    def shown(form: str, column: int) -> set[str]:
        texts = [text for asked in requests if form_of(asked) == form for text in data_of(asked)]
        lines = [[line.split("\t")[column].strip() for line in text.split("\n")] for text in texts]
        return {" ".join(line[at : at + 6]) for line in lines for at in range(len(line) - 5)}

    explaining, judging = shown("explanation", 0), shown("levels", 1)
    assert explaining
    assert judging
    assert explaining <= runs("fit")
    assert judging <= runs("calibration") | runs("test") | runs("ood:other")
    assert not explaining & judging
    assert KEY not in everything_sent(requests)


def test_of_several_sentences_calibration_chooses_and_all_are_stored(fresh: Swept) -> None:
    texts = iter(["the word king", "the word moon"] * 50)
    lock = threading.Lock()
    judge = sees("moon")

    def script(asked: dict[str, Any], number: int) -> Play:
        if form_of(asked) == "explanation":
            with lock:
                return object_says({"explanation": next(texts)})
        return judge(asked, number)

    with scripted(script) as endpoint:
        result = run(fresh, endpoint.url, request(fresh, [12], candidates=2, judges=["simulation"]))
    (row,) = found(fresh, result["run_id"])
    candidates = row.details["candidates"]
    assert {one["text"] for one in candidates} == {"the word king", "the word moon"}
    assert all(one["merit"] is not None for one in candidates)
    best = max(candidates, key=lambda one: one["merit"])
    assert candidates[row.details["chosen"]] == best


def test_garbage_is_a_failure_that_is_counted_and_told(fresh: Swept) -> None:
    with scripted(says("Sure! It is about kings.")) as endpoint:
        result = run(fresh, endpoint.url, request(fresh))
    rows = found(fresh, result["run_id"])
    assert [row.status for row in rows] == ["failed"] * 3
    for row in rows:
        assert row.text == row.details["failed_because"] == "no answer could be read: 1 × garbage"
        assert row.scores == {}
        assert [one["failure"][0] for one in row.details["asked"]] == ["garbage", "garbage"]
        assert row.details["asked"][0]["raw"] == "Sure! It is about kings."
    assert result["assistant"]["failures"] == {"garbage": 3}


def test_characters_that_no_database_holds_are_replaced_in_what_is_stored(fresh: Swept) -> None:
    with scripted(says("Kings\0 and \ud800 queens")) as endpoint:
        result = run(fresh, endpoint.url, request(fresh, [12]))
    (row,) = found(fresh, result["run_id"])
    assert row.details["asked"][0]["raw"] == "Kings\ufffd and ? queens"


def test_judges_that_answer_garbage_are_counted_and_never_scored(fresh: Swept) -> None:
    def script(asked: dict[str, Any], _: int) -> Play:
        if form_of(asked) == "explanation":
            return object_says({"explanation": "the word king"})
        return says("Hm.")

    with scripted(script) as endpoint:
        result = run(fresh, endpoint.url, request(fresh, judges=["simulation", "detection"]))
    for row in found(fresh, result["run_id"]):
        assert row.status == "current"
        for score in row.scores.values():
            assert score.status == "failed"
            assert score.reason == "the judge gave no answer that could be read"
            assert score.n_failed >= 8
            assert score.r is None


def test_some_answers_that_fail_leave_out_their_windows_alone(fresh: Swept) -> None:
    judge = answers()

    def script(asked: dict[str, Any], number: int) -> Play:
        if form_of(asked) == "levels" and hash_of(asked) % 3 == 0:
            return says("Hm.")
        return judge(asked, number)

    def hash_of(asked: dict[str, Any]) -> int:
        return sum(asked["messages"][-1]["content"].encode()) if len(asked["messages"]) < 5 else 0

    with scripted(script) as endpoint:
        result = run(fresh, endpoint.url, request(fresh, judges=["simulation"]))
    scores = [s for row in found(fresh, result["run_id"]) for s in row.scores.values()]
    assert sum(score.n_failed for score in scores) > 0
    assert any(score.n_windows < 8 and score.status == "scored" for score in scores)


def test_a_429_is_waited_out_and_one_without_end_is_a_failure(fresh: Swept) -> None:
    judge = answers()

    def busy_at_first(asked: dict[str, Any], number: int) -> Play:
        return fails(429, "slow down") if number == 0 else judge(asked, number)

    with scripted(busy_at_first) as endpoint:
        result = run(fresh, endpoint.url, request(fresh))
    assert {row.status for row in found(fresh, result["run_id"])} == {"current"}
    assert result["assistant"]["tried_again"] == {"rate_limited": 1}
    (fresh.settings.data / assisting.CACHE).unlink()
    with scripted(fails(429, "slow down")) as endpoint:
        result = run(fresh, endpoint.url, request(fresh))
    rows = found(fresh, result["run_id"])
    assert {row.details["failed_because"] for row in rows} == {
        "no answer could be read: 1 × rate_limited"
    }


def test_an_endpoint_that_dies_ends_the_job_and_stores_no_failures(fresh: Swept) -> None:
    judge = answers()
    units = list(range(24))

    def script(asked: dict[str, Any], number: int) -> Play:
        return judge(asked, number) if number < 60 else Play(200, "<html>gone</html>")

    with scripted(script) as endpoint:
        with pytest.raises(AssistantError, match="is not asked any more") as told:
            run(fresh, endpoint.url, request(fresh, units))
        assert "start the job again" in str(told.value.hint)
        with open_session(fresh.engine) as session:
            stopped = session.scalars(select(RunTable).order_by(RunTable.id.desc())).first()
        assert stopped is not None
        assert stopped.status == "failed"
        kept = found(fresh, stopped.id)
        assert len(kept) in (8, 16)  # whole groups
        assert "<html>" not in json.dumps([row.details for row in kept])
        endpoint.script = judge
        before = len(endpoint.requests)
        result = run(fresh, endpoint.url, request(fresh, units))
        paid_again = len(endpoint.requests) - before
    assert len(found(fresh, result["run_id"])) == 24
    tally = result["assistant"]
    assert tally["n_cached"] >= 50
    assert paid_again == tally["n_calls"] == tally["n_questions"] - tally["n_cached"]


@pytest.mark.parametrize("limit", [{"token_budget": 60_000}, {"budget": 0.06}])
def test_a_spent_budget_ends_the_job_cleanly_with_what_it_has(
    fresh: Swept, limit: dict[str, Any]
) -> None:
    units = list(range(24))
    options = {**limit, "dollars_per_million_in": 1.0, "dollars_per_million_out": 1.0}
    with scripted(answers()) as endpoint:
        expensive = _at_usage(endpoint.script, (900, 100))
        endpoint.script = expensive
        result = run(fresh, endpoint.url, request(fresh, units, **options))
        n_calls = len(endpoint.requests)
    assert result["stopped"] == "budget"
    assert result["units"] < 24
    row = run_row(fresh, result["run_id"])
    assert (row.status, row.measured["stopped"]) == ("finished", "budget")
    assert 1000 * n_calls == result["assistant"]["spent"]["tokens"] <= 60_000
    kept = found(fresh, result["run_id"])
    assert len(kept) in (8, 16)
    assert {one.status for one in kept} <= {"current", "failed"}
    with open_session(fresh.engine) as session:
        ended = list_jobs(session).items[0]
    assert ended.status == "succeeded"


def _at_usage(script: Script, usage: tuple[int, int]) -> Script:
    def priced(asked: dict[str, Any], number: int) -> Play:
        play = script(asked, number)
        completion = json.loads(play.body)
        completion["usage"] = {"prompt_tokens": usage[0], "completion_tokens": usage[1]}
        return Play(body=json.dumps(completion))

    return priced


def test_a_budget_of_nothing_sends_nothing(fresh: Swept) -> None:
    with scripted(answers()) as endpoint:
        result = run(fresh, endpoint.url, request(fresh, token_budget=0))
        assert endpoint.requests == []
    assert (result["stopped"], result["units"]) == ("budget", 0)


def test_without_an_endpoint_the_job_is_refused_before_it_begins(fresh: Swept) -> None:
    with open_session(fresh.engine) as session:
        before = len(session.scalars(select(RunTable.id)).all())
    with pytest.raises(AssistantError, match="No language model is configured") as told:
        run(fresh, None, request(fresh))
    assert "PATCHCLAMP_ASSISTANT_URL" in str(told.value.hint)
    with open_session(fresh.engine) as session:
        assert len(session.scalars(select(RunTable.id)).all()) == before


def test_without_a_model_the_job_is_refused(fresh: Swept) -> None:
    asked = request(fresh).model_copy(update={"assistant": None})
    with scripted(answers()) as endpoint:
        with pytest.raises(BadRequestError, match="the name of a model"):
            run(fresh, endpoint.url, asked)
        assert endpoint.requests == []


@pytest.mark.parametrize("judge", ["simulation", "detection"])
def test_simulations_are_summarised_for_the_page_of_the_model(fresh: Swept, judge: str) -> None:
    """Verdicts have no r that could be distributed somehow."""
    drawn = request(fresh, judges=[judge]).model_copy(update={"units": None, "sample": 3})
    with scripted(answers()) as endpoint:
        result = run(fresh, endpoint.url, drawn)
    with open_session(fresh.engine) as session:
        rows = session.scalars(
            select(ScoreSummaryTable).where(ScoreSummaryTable.run_id == result["run_id"])
        ).all()
    if judge == "detection":
        assert rows == []
        return
    assert {(row.method, row.split) for row in rows} == {
        ("language_model", "test"), ("language_model", "ood:other"),
    }  # fmt: skip
    for row in rows:
        assert row.n_units == 3 == row.n_scored + row.n_undefined + row.n_failed
        assert row.mean_r is not None


def test_units_that_somebody_picked_are_no_sample_of_the_model(fresh: Swept) -> None:
    with scripted(answers()) as endpoint:
        result = run(fresh, endpoint.url, request(fresh))
    with open_session(fresh.engine) as session:
        summaries = select(ScoreSummaryTable).where(ScoreSummaryTable.run_id == result["run_id"])
        assert session.scalars(summaries).all() == []


def test_other_methods_of_the_job_are_stored_beside(fresh: Swept) -> None:
    asked = request(fresh).model_copy(update={"methods": ["lookup", "rules", "language_model"]})
    with scripted(answers()) as endpoint:
        result = run(fresh, endpoint.url, asked)
    with open_session(fresh.engine) as session:
        methods = session.execute(
            select(ExplanationTable.method, ExplanationTable.unit_index).where(
                ExplanationTable.run_id == result["run_id"]
            )
        ).all()
    assert sorted(methods) == sorted((m, u) for m in asked.methods for u in UNITS)
