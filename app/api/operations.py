"""For those who keep the server running: is it alive, can it answer, what has it done."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, Field

from app.api.describing import problems_of
from app.api.metrics import generate_inference_metrics, generate_store_metrics
from app.auth.actor import get_actor
from app.dependencies import InferenceState, ReadSession, StoreEngine
from app.errors import PatchclampError
from app.store import migrating

router = APIRouter(tags=["operations"])


class StateView(BaseModel):
    status: Literal["ok"] = Field(description="Always `ok`; anything else is a problem document.")


class ReadinessView(StateView):
    inference: Literal["ok", "stuck", "down"] = Field(
        description="Whether the inference service takes requests; pages made of rows do without."
    )
    inference_detail: str | None = Field(
        default=None, description="On what it is stuck, as a sentence."
    )


async def may_know_all(request: Request) -> bool:
    """Whether whoever asks sees every model: what the service is stuck on names one."""
    try:
        return (await get_actor(request)).sees is None
    except PatchclampError:
        return False


def require_store(engine: StoreEngine) -> None:
    migrating.require_current(engine)


@router.get("/healthz", summary="Is the process alive?")
async def get_health() -> StateView:
    """Answers as long as the process does, whatever the store is doing."""
    return StateView(status="ok")


@router.get(
    "/readyz",
    response_model_exclude_none=True,
    summary="Can requests be answered?",
    responses={503: problems_of()[503]},
    dependencies=[Depends(require_store)],
)
async def get_readiness(
    inference: InferenceState, knows_all: Annotated[bool, Depends(may_know_all)]
) -> ReadinessView:
    """The database can be reached and has the tables of this version; else 503 with the reason."""
    detail = inference.detail if knows_all else None
    return ReadinessView(status="ok", inference=inference.status, inference_detail=detail)


@router.get(
    "/metrics",
    response_class=Response,
    responses={
        200: {
            "description": "Prometheus text format.",
            "content": {"text/plain": {"schema": {"type": "string"}}},
        },
        503: problems_of()[503],
    },
    summary="Metrics for Prometheus",
)
def get_metrics(request: Request, session: ReadSession, inference: InferenceState) -> Response:
    """Request durations by route and status, jobs by state, units with statistics by model, whether
    the inference service answers (it has metrics of its own)."""
    numbers = (
        generate_latest(request.app.state.metrics.registry),
        generate_store_metrics(session),
        generate_inference_metrics(inference),
    )
    return Response(b"".join(numbers), media_type=CONTENT_TYPE_LATEST)
