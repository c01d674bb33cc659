"""The job kind `output`: the output side of every neuron of a model.

From weights, but for one number: what the final norm multiplies by at a typical token, measured on
a few windows of the sweep. A model whose logits are not linear in its residual stream (BERT-type)
gets a run that says so, and no logits.
"""

from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from sqlalchemy.orm import Session

from analysis.weights.output_side import OutputSides, Readout, largest_by_chance, output_sides
from analysis.worker.context import JobContext
from analysis.worker.following import begin_following
from analysis.worker.jobs import JobKind
from analysis.worker.provenance import command, end_run
from analysis.worker.subjects import load_subject, model_row, site_ids, sweep_row
from analysis.worker.typical import first_windows, typical_scales
from app.store.packing import pack
from app.store.requests import OutputRequest
from app.store.writing import OutputSideRow, write_output_sides

METHOD, METHOD_VERSION = "output vector times unembedding", "2"
N_DRAWN = 512
"""Random directions behind the largest z-score by chance."""
NOT_LINEAR = (
    "This model transforms its residual stream before the unembedding, and not linearly: "
    "a neuron has no direct effect on the logits that holds for every text."
)


def run(context: JobContext[OutputRequest]) -> dict[str, Any]:
    """The result names the run. Done twice it leaves the same rows under a new run."""
    request = context.request
    with Session(context.engine) as session:
        row = model_row(session, request.model)
        sweep = sweep_row(session, request.run_id)
        ids = site_ids(session, row.id)
        windows = first_windows(session, sweep.window_set_id)
    cpu = torch.device("cpu")
    context.progress(0, None, "neurons", f"loading {row.name}")
    model = load_subject(row, dtype=torch.float32, device=cpu, settings=context.settings)
    linear = model.facts.linear_head
    sites = [site for site in model.sites if site.kind == "mlp" and linear]
    total, done = sum(site.n_units for site in sites), 0
    parameters: dict[str, Any] = {"n_tokens": request.n_tokens}
    if linear:
        readout = Readout.of(model.unembedding())
        typical = typical_scales(model, windows, first=sweep.parameters["counted_from"])
        generator = torch.Generator().manual_seed(sweep.seed)
        chance = largest_by_chance(readout, n_drawn=N_DRAWN, generator=generator)
        parameters |= {"scale": asdict(typical), "chance": asdict(chance)}
    else:
        parameters["not_computed"] = NOT_LINEAR
    run_id = begin_following(
        context, sweep=sweep, method=METHOD, method_version=METHOD_VERSION,
        parameters=parameters, command=command_of(request),
    )  # fmt: skip
    for site in sites:
        context.check_cancelled()
        context.progress(done, total, "neurons", "projecting output vectors on the vocabulary")
        vectors = model.output_vectors(site.name)
        if typical.mlp is not None:
            vectors = vectors * typical.mlp[site.layer]
        found = output_sides(vectors, readout, n_tokens=request.n_tokens, scale=typical.final)
        _store(context, run_id, ids[site.name], found)
        done += site.n_units
    if sites:
        context.progress(total, total, "neurons")
    context.write(lambda session: end_run(session, run_id, "finished", {"neurons": total}))
    return {"run_id": run_id}


def command_of(request: OutputRequest) -> str:
    """The command that runs it again."""
    options = {"model": request.model, "run-id": request.run_id, "n-tokens": request.n_tokens}
    return command("output", options)


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
