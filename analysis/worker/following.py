"""The run of a job that follows a sweep: over the sweep's texts, with its seed, in float32."""

from typing import Any

from sqlalchemy.orm import Session

from analysis.worker.context import JobContext
from analysis.worker.provenance import begin_run, note_attempt
from app.store.requests import EvidenceRequest, ExplainRequest, OutputRequest, RelateRequest
from app.store.tables import RunTable


def begin_following(
    context: JobContext[OutputRequest]
    | JobContext[RelateRequest]
    | JobContext[ExplainRequest]
    | JobContext[EvidenceRequest],
    *,
    sweep: RunTable,
    method: str,
    method_version: str,
    parameters: dict[str, Any],
    command: str,
    device: str = "cpu",
) -> int:
    """The run's id: begun once, and told of every attempt of the job."""

    def begin(session: Session) -> int:
        return begin_run(
            session,
            kind=context.request.kind,
            method=method,
            method_version=method_version,
            model_id=sweep.model_id,
            corpus_id=sweep.corpus_id,
            window_set_id=sweep.window_set_id,
            of_run_id=sweep.id,
            job_id=context.job_id,
            parameters=parameters,
            seed=sweep.seed,
            dtype="float32",
            device=device,
            command=command,
        )

    run_id = context.step("begin", lambda: context.write(begin))
    context.write(lambda session: note_attempt(session, run_id))
    return run_id
