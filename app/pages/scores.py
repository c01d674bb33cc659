"""`/m/{model}/scores`: how well explanations predict, over randomly chosen units of each layer.

The model's page loads it when it comes into view: summaries of many layers take longer to read than
all the rest of that page.
"""

from typing import Final

from fastapi import APIRouter, Request, Response

from app.dependencies import ReadSession
from app.pages.choosing import AskedRun
from app.rendering.addresses import ModelPages
from app.rendering.answers import respond
from app.rendering.badges import layers, totals
from app.rendering.score_layers import layers_of, totals_of
from app.store.queries.evidence import model_evidence
from app.store.queries.held_out import held_out_of_model
from app.store.queries.model import get_model
from app.store.queries.score import list_score_summaries

router = APIRouter()

KINDS: Final = ("mlp", "attn")


@router.get("/m/{model}/scores")
def show_scores(
    request: Request, session: ReadSession, model: str, run: AskedRun = None
) -> Response:
    summaries = list_score_summaries(session, model=model, run_id=run)
    evidence = model_evidence(session, model=model, run_id=run)
    context = {
        "evidence": evidence,
        "badge_totals": totals(evidence),
        "badge_layers": layers(evidence),
        "sweep": run or get_model(session, name=model).current_run_id,
        "held_out": held_out_of_model(session, model=model, run_id=run),
        "pages": ModelPages(model, run),
        "summaries": summaries,
        "kinds": [kind for kind in KINDS if any(one.kind == kind for one in summaries)],
        "layers": {kind: layers_of(summaries, kind) for kind in KINDS},
        "totals": {kind: totals_of(summaries, kind) for kind in KINDS},
    }
    return respond(request, "model/scores.html", context)
