"""A good row to spoil, and what is said about the file that it is in."""

from pathlib import Path
from typing import Any

from sqlalchemy import Engine, select

from app.exchange.importing import import_path
from app.store.engine import open_session
from app.store.tables import ExplanationTable

GOOD = {"model": "toy", "site": "mlp.0", "index": 1, "text": "t", "author": "a"}
METRICS = {"corpus_r": {"value": 0.5}}
SCORE = {"split": "test", "judge": "j", "metrics": METRICS}


def refusal(engine: Engine, path: Path) -> str:
    report = import_path(engine, path, model="toy", form="auto")
    (problem,) = report.problems
    with open_session(engine) as session:
        assert session.scalars(select(ExplanationTable)).all() == []
    assert problem.hint
    return problem.detail


def of_line(engine: Engine, tmp_path: Path, content: str | bytes) -> str:
    path = tmp_path / "a.jsonl"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return refusal(engine, path)


def with_score(**more: Any) -> dict[str, Any]:
    return {**GOOD, "scores": [{**SCORE, **more}]}
