"""`/m/{model}/evidence`: what explanations are worth when the network is edited, site by site."""

from fastapi import APIRouter, Request, Response

from app.dependencies import ReadSession
from app.pages.choosing import AskedRun
from app.rendering.addresses import ModelPages
from app.rendering.answers import respond
from app.rendering.badges import layers, totals
from app.store.queries.evidence import model_evidence
from app.store.queries.model import get_model

router = APIRouter()


@router.get("/m/{model}/evidence")
def show_evidence(
    request: Request, session: ReadSession, model: str, run: AskedRun = None
) -> Response:
    view = get_model(session, name=model)
    evidence = model_evidence(session, model=model, run_id=run)
    context = {
        "pages": ModelPages(model, run),
        "sweep": run or view.current_run_id,
        "evidence": evidence,
        "badge_totals": totals(evidence),
        "badge_layers": layers(evidence),
    }
    return respond(request, "evidence/page.html", context)
