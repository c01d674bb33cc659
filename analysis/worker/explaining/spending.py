"""What a job has paid for asking, over all its attempts: the budget is the job's, not the worker's.

What was stored says what it cost. A worker that died leaves a group of units without a row; whoever
takes the job up finds that group's answers in the cache, and counts them as paid by this job: some
may have been another's, so a budget may end a little early, and is never exceeded.
"""

import threading
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, select

from analysis.assistants.budget import Budget, Spending
from analysis.assistants.cache import ReplyCache
from analysis.assistants.reply import Reply
from app.store.engine import open_session
from app.store.tables import ExplanationTable, JobTable

ROWS_AT_ONCE = 200


def spent_before(engine: Engine, run_id: int, method: str) -> Spending:
    """What the stored rows of a run cost, as `spent` in their details."""
    table = ExplanationTable
    spent = Spending()
    query = select(table.details).where(
        table.run_id == run_id, table.method == method, table.version == 1
    )
    with open_session(engine) as session:
        for details in session.scalars(query.execution_options(yield_per=ROWS_AT_ONCE)):
            paid: dict[str, Any] = details.get("spent", {})
            tokens = paid.get("tokens_in", 0) + paid.get("tokens_out", 0)
            spent = spent.plus(Spending(tokens, paid.get("dollars", 0.0)))
    return spent


def is_taken_up(engine: Engine, job_id: str) -> bool:
    """Another attempt was made before."""
    with open_session(engine) as session:
        attempts = session.scalar(select(JobTable.attempts).where(JobTable.id == job_id))
    return attempts is not None and attempts > 1


class PaidCache(ReplyCache):
    """The cache of a job; while `counting`, what is found was paid by an earlier attempt of it,
    once, however often it is found, unless this attempt has asked it itself."""

    def __init__(self, path: Path, budget: Budget, *, counting: bool) -> None:
        super().__init__(path)
        self.counting = counting
        self._budget = budget
        self._counted: set[str] = set()
        self._lock = threading.Lock()

    def keep(self, key: str, reply: Reply) -> None:
        super().keep(key, reply)
        with self._lock:
            self._counted.add(key)

    def find(self, key: str) -> Reply | None:
        reply = super().find(key)
        if reply is not None and self.counting and self._is_new(key):
            self._budget.settle(Spending(), reply.tokens_in or 0, reply.tokens_out or 0)
        return reply

    def _is_new(self, key: str) -> bool:
        with self._lock:
            new = key not in self._counted
            self._counted.add(key)
        return new
