"""Explain jobs that ask a scripted language model, and what they stored."""

from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr
from sqlalchemy import select

from analysis.score.records import METRICS
from analysis.worker.explaining import job
from analysis.worker.inline import run_inline
from app.store.engine import open_session
from app.store.packing import unpack_scores
from app.store.requests import AssistantOptions, ExplainRequest
from app.store.tables import ExplanationTable, RunTable, ScoreTable
from tests.analysis.assistants.scripted import Play, Script, object_says
from tests.analysis.explain.language_model.reading import sees
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
