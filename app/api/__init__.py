"""The REST interface: `install` hangs every router on the application."""

from fastapi import Depends, FastAPI

from app.api import fallback, operations, reference
from app.api.neuronpedia import (
    activation,
    bookmark,
    comment,
    explanation,
    feature,
    graph,
    steer,
    text_search,
    unit_list,
    vector,
)
from app.api.strictness import refuse_unknown_parameters
from app.api.v1 import (
    account,
    activity,
    agreement,
    assignments,
    audit,
    bookmarks,
    bulk,
    campaigns,
    circuit_files,
    circuit_proving,
    circuit_rows,
    circuits,
    comments,
    conducting,
    corpora,
    events,
    evidence,
    experiments,
    explanations,
    exports,
    job_events,
    jobs,
    judgement_files,
    judgements,
    live,
    models,
    notices,
    people,
    run_windows,
    runs,
    search,
    tasks,
    unit_explanations,
    unit_lists,
    units,
    vectors,
    votes,
)


def install(app: FastAPI) -> None:
    """Own paths under /api/v1, Neuronpedia's under /api, and what operators ask for."""
    own = (
        models, units, unit_explanations, explanations, judgements, agreement, judgement_files,
        evidence, search, runs, run_windows, bulk, corpora, jobs, job_events, experiments,
        conducting, live, vectors, unit_lists, tasks, circuits, circuit_files, circuit_proving,
        circuit_rows, campaigns, assignments, comments, votes, bookmarks, notices, activity,
        events, account, people,
        audit, exports,
    )  # fmt: skip
    for part in own:
        app.include_router(part.router, dependencies=[Depends(refuse_unknown_parameters)])
    compatible = (
        feature, explanation, activation, text_search, steer, vector, unit_list, graph, comment,
        bookmark,
    )  # fmt: skip
    for part in (*compatible, operations, reference):
        app.include_router(part.router)
    app.mount("/api", fallback.Fallback(app))
