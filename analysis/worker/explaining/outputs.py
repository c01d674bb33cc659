"""The method `output`: what units write, in words, of the output sides that another job computes.

That job can be under way beside this one. So whether there are output sides is asked before the
first chunk and again behind the last: then this job waits for one that another worker runs, and of
none else it says why there is nothing. It never waits for a job that itself waits for a worker,
which could be this one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, exists, select
from sqlalchemy.orm import Session

from analysis.explain.output_words import Moved, in_words
from analysis.worker.context import JobContext
from analysis.worker.explaining.rows import output_row
from app.store.engine import open_session
from app.store.packing import unpack
from app.store.queries.waiting import unattended
from app.store.tables import OutputSideTable, RunTable, SiteTable
from app.store.tables.job import JobTable
from app.store.writing_explanations import ExplanationRow

METHOD = "output"
LOOK_SECONDS = 0.5


@dataclass(frozen=True)
class OutputRun:
    """The output sides of the sweep."""

    run_id: int
    chance: float | None
    gated: bool
    texts: Sequence[str]
    site_ids: frozenset[int]
    """Sites that have any: neurons', not attention heads'."""


@dataclass(frozen=True)
class NoOutput:
    reason: str
    """A sentence."""
    is_made: bool = False
    """Another worker is at it."""


@dataclass(frozen=True)
class OutputsOf:
    """Where to look for the output sides of one sweep."""

    sweep_id: int
    model: str
    gated: bool
    texts: Sequence[str]

    def look(self, session: Session) -> OutputRun | NoOutput:
        """The newest finished ones."""
        run = session.scalars(
            select(RunTable)
            .where(
                RunTable.of_run_id == self.sweep_id,
                RunTable.kind == "output",
                RunTable.status == "finished",
            )
            .order_by(RunTable.id.desc())
            .limit(1)
        ).one_or_none()
        if run is None:
            return self._why_none(session)
        if "not_computed" in run.parameters:
            return NoOutput(run.parameters["not_computed"])
        chance = run.parameters.get("chance")
        return OutputRun(
            run.id,
            None if chance is None else chance["high"],
            self.gated,
            self.texts,
            _sites_of(session, run),
        )

    def wait(self, context: JobContext[Any]) -> OutputRun | NoOutput:
        """As `look`, but as long as another worker computes them it waits."""
        while True:
            with open_session(context.engine) as session:
                found = self.look(session)
            if isinstance(found, OutputRun) or not found.is_made:
                return found
            context.wait(found.reason, LOOK_SECONDS)

    def _why_none(self, session: Session) -> NoOutput:
        job = JobTable
        asked_for = session.execute(
            select(job.id, job.request, unattended(datetime.now(UTC)).label("waits"))
            .where(job.kind == "output", job.status.in_(("queued", "running")))
            .order_by(job.created_at)
        ).all()
        mine = [row for row in asked_for if row.request.get("run_id") == self.sweep_id]
        made = next((row for row in mine if not row.waits), None)
        if made is not None:
            return NoOutput(f"Job {made.id} computes the output sides.", is_made=True)
        if mine:
            return NoOutput(
                f"Job {mine[0].id}, which computes the output sides, waits for a worker. "
                "Explain again when it is done."
            )
        return NoOutput(
            "The sweep has no output sides. Compute them with "
            f"`patchclamp output --model {self.model} --run-id {self.sweep_id}`, then explain "
            "again."
        )


def output_rows(
    engine: Engine, output: OutputRun, site_id: int, units: Sequence[int]
) -> list[ExplanationRow]:
    table = OutputSideTable
    with open_session(engine) as session:
        stored = session.execute(
            select(table.unit_index, table.tokens, table.z_scores).where(
                table.run_id == output.run_id,
                table.site_id == site_id,
                table.unit_index.in_(list(units)),
            )
        ).all()
    return [output_row(unit, _words_of(output, *packed)) for unit, *packed in stored]


def _words_of(output: OutputRun, tokens: bytes, z_scores: bytes) -> str:
    ids, z = unpack(tokens, "u4").tolist(), unpack(z_scores, "f4").tolist()
    n = len(ids) // 4  # by logit twice, then by z-score twice
    moved = [Moved(output.texts[token], value) for token, value in zip(ids, z, strict=True)]
    promoted, suppressed = moved[2 * n : 3 * n], moved[3 * n :]
    return in_words(promoted, suppressed, chance=output.chance, gated=output.gated)


def _sites_of(session: Session, run: RunTable) -> frozenset[int]:
    side = OutputSideTable
    has_any = exists().where(side.run_id == run.id, side.site_id == SiteTable.id)
    return frozenset(
        session.scalars(select(SiteTable.id).where(SiteTable.model_id == run.model_id, has_any))
    )
