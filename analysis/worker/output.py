"""The job kind `output`: the output side of every neuron of a model, from weights."""

from typing import Any

import numpy as np
import torch
from sqlalchemy.orm import Session

from analysis.weights.output_side import OutputSides, Readout, output_sides
from analysis.worker.context import JobContext
from analysis.worker.jobs import JobKind
from analysis.worker.provenance import begin_run, end_run
from analysis.worker.subjects import load_subject, model_row, site_ids
from app.store.packing import pack
from app.store.requests import OutputRequest
from app.store.writing import OutputSideRow, write_output_sides

METHOD, METHOD_VERSION = "output vector times unembedding", "1"


def run(context: JobContext[OutputRequest]) -> dict[str, Any]:
    """The result names the run. Done twice it leaves the same rows under a new run."""
    request = context.request
    with Session(context.engine) as session:
        row = model_row(session, request.model)
        ids = site_ids(session, row.id)
    cpu = torch.device("cpu")
    context.progress(0, None, "neurons", f"loading {row.name}")
    model = load_subject(row, dtype=torch.float32, device=cpu, settings=context.settings)
    sites = [site for site in model.sites if site.kind == "mlp"]
    total, done = sum(site.n_units for site in sites), 0
    readout = Readout.of(model.unembedding())

    def begin(session: Session) -> int:
        return begin_run(
            session,
            kind="output",
            method=METHOD,
            method_version=METHOD_VERSION,
            model_id=row.id,
            of_run_id=request.run_id,
            job_id=context.job_id,
            parameters={"n_tokens": request.n_tokens, "null": "random directions, analytic"},
            seed=0,
            dtype="float32",
            device="cpu",
            command=f"patchclamp output --model {row.name} --run-id {request.run_id} "
            f"--n-tokens {request.n_tokens}",
        )

    run_id = context.step("begin", lambda: context.write(begin))
    for site in sites:
        context.check_cancelled()
        context.progress(done, total, "neurons", "projecting output vectors on the vocabulary")
        found = output_sides(model.output_vectors(site.name), readout, n_tokens=request.n_tokens)
        _store(context, run_id, ids[site.name], found)
        done += site.n_units
    context.write(lambda session: end_run(session, run_id, "finished", {"neurons": total}))
    return {"run_id": run_id}


KIND = JobKind("output", OutputRequest, run)


def _store(
    context: JobContext[OutputRequest], run_id: int, site_id: int, found: OutputSides
) -> None:
    rows = [
        OutputSideRow(
            unit, norm, pack(tokens, np.uint32), pack(logits, np.float32), pack(z, np.float32)
        )
        for unit, (norm, tokens, logits, z) in enumerate(
            zip(found.norms.tolist(), found.tokens, found.logits, found.z_scores, strict=True)
        )
    ]
    context.write(
        lambda session: write_output_sides(
            session.connection(), run_id=run_id, site_id=site_id, rows=rows
        )
    )
