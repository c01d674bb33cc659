"""An explain job that asks a language model: what is sent, and what is stored."""

import threading
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select

from analysis.errors import AssistantError
from analysis.score.records import METRICS
from app.errors import BadRequestError
from app.store.engine import open_session
from app.store.packing import NOT_ASKED, unpack_scores
from app.store.tables import ExplanationTable, RunTable, ScoreSummaryTable
from tests.analysis.assistants.scripted import Play, object_says, scripted
from tests.analysis.explain.language_model.reading import data_of, everything_sent, sees
from tests.worker.explaining.assisted import (
    KEY,
    UNITS,
    answers,
    form_of,
    found,
    request,
    run,
    values,
)
from tests.worker.sweeping.conftest import Swept


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
