"""The first explanations while a sweep still runs: as soon as its pools are full.

A sweep takes minutes to hours, its pools are full after the pilot windows. So whoever waits for it
sees explanations with scores of a few random units of every site early. They belong to a run of
their own, which the explain job that follows the sweep goes on with.
"""

from dataclasses import dataclass

import structlog
from sqlalchemy import update
from sqlalchemy.orm import Session

from analysis.corpora.windows import Windows
from analysis.models.subject import SubjectModel
from analysis.sweep.plan import Plan
from analysis.sweep.pool import pool_file
from analysis.worker.context import JobContext
from analysis.worker.explaining.job import (
    METHOD,
    METHOD_VERSION,
    NOT_TESTED,
    explain_chunks,
    stored_space,
)
from analysis.worker.explaining.order import chunks_of
from analysis.worker.explaining.repeating import command_of, parameters_of
from analysis.worker.explaining.sources import PoolFile, first_of_groups
from analysis.worker.explaining.work import Asked, Explaining, Sources, vocabulary_with
from analysis.worker.provenance import begin_run
from analysis.worker.subjects import site_ids
from analysis.worker.sweeping.leftovers import pool_folder
from app.store.requests import ExplainRequest, SweepRequest
from app.store.tables import RunTable
from app.store.views.job import JobView

log = structlog.get_logger("patchclamp.worker")

ROUNDS = 1
NEEDED = ("fit", "test")


@dataclass
class FirstExplanations:
    """Of one sweep under way; `explain` does something once, when the pools are full."""

    context: JobContext[SweepRequest]
    run_id: int
    plan: Plan
    subject: SubjectModel
    windows: Windows
    done: bool = False

    @property
    def wanted(self) -> bool:
        kept = {split.split for split in self.plan.splits if split.n_pool}
        return self.context.request.follow_up and kept.issuperset(NEEDED)

    def explain(self) -> None:
        """Call it after results were published, when every pilot is counted."""
        if self.done or not self.wanted:
            return
        self.done = True
        try:
            self._explain()
        except Exception as error:
            # An extra may not end what it is an extra of, and every try would run into it again.
            # Interruptions are no `Exception`: cancelling and stopping pass.
            log.exception("no first explanations", run=self.run_id)
            told = {"what": "first explanations", "reason": _reason(error)}
            self.context.event("left_out", told)

    def _explain(self) -> None:
        request = request_of(self.context.request, self.run_id)
        with Session(self.context.engine) as session:
            sweep = session.get_one(RunTable, self.run_id)
            ids = site_ids(session, sweep.model_id)
            groups = first_of_groups(session, sweep.corpus_id) if sweep.corpus_id else {}
        columns = {
            "kind": "explain", "method": METHOD, "method_version": METHOD_VERSION,
            "model_id": sweep.model_id, "corpus_id": sweep.corpus_id,
            "window_set_id": sweep.window_set_id, "of_run_id": sweep.id,
            "job_id": self.context.job_id, "parameters": parameters_of(request),
            "seed": sweep.seed, "dtype": "float32", "device": "cpu",
            "command": command_of(request),
        }  # fmt: skip
        explain_run = self.context.write(lambda session: begin_run(session, **columns))
        units = {site.name: range(site.n_units) for site in self.subject.sites}
        chunks = [c for c in chunks_of(units, seed=request.seed) if c.round < ROUNDS]
        sources = Sources(
            pools={site.name: self._pools(site.name, site.n_units) for site in self.subject.sites},
            windows=self.windows,
            first_of_group=groups,
            vocabulary=vocabulary_with(
                self.subject.token_texts(),
                stored_space(self.context, sweep.model_id, self.subject.embedding),
            ),
            counted_from=sweep.parameters["counted_from"],
        )
        asked = Asked(
            run_id=explain_run,
            sweep_id=sweep.id,
            model_id=sweep.model_id,
            site_ids=ids,
            methods=tuple(request.methods),
            most_rules=request.most_rules,
            most_listed=request.most_listed,
            seed=request.seed,
        )
        splits = [s.split for s in self.plan.splits if s.n_pool and s.split not in NOT_TESTED]
        explaining = Explaining(self.context, asked, sources, None)
        explain_chunks(self.context, explaining, chunks, splits)

    def _pools(self, site: str, n_units: int) -> dict[str, PoolFile]:
        folder = pool_folder(self.context.settings, self.context.job_id)
        return {
            split.split: PoolFile(
                pool_file(folder, site, split.split),
                (n_units, split.n_pool, self.plan.n_pos),
                tuple(split.numbers[: split.n_pool]),
            )
            for split in self.plan.splits
            if split.n_pool
        }


def _reason(error: Exception) -> str:
    """As anybody may read it."""
    public = getattr(error, "public", None)
    return public if isinstance(public, str) else f"{type(error).__name__}: {error}"


def request_of(request: SweepRequest, run_id: int) -> ExplainRequest:
    """What a sweep asks for about itself."""
    return ExplainRequest(
        model=request.model, run_id=run_id, evidence=request.evidence, seed=request.seed
    )


def hand_on(session: Session, sweep_job_id: str, follower: JobView) -> None:
    """The explain run that the sweep began is the follower's from now on."""
    session.execute(
        update(RunTable)
        .where(
            RunTable.job_id == sweep_job_id,
            RunTable.kind == "explain",
            RunTable.status == "running",
        )
        .values(job_id=follower.id)
    )
