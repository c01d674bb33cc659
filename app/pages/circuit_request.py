"""`POST /m/{model}/circuits`: asks for a circuit, as a job."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Form
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy.orm import Session

from app.auth.actor import CurrentActor
from app.dependencies import AppSettings, WriteSession
from app.store.queries.job import create_job
from app.store.queries.task import list_tasks
from app.store.requests import GENERATORS, CircuitRequest

router = APIRouter()

FEWEST: Final = 256
"""Nodes that are asked for where nothing else is."""


class CircuitForm(BaseModel):
    """What a person chooses; everything else keeps its default."""

    model_config = ConfigDict(extra="ignore")

    task: str = ""
    prompt: Annotated[str, Field(max_length=100_000)] = ""
    method: str = "nested"
    ablation: str = "resample"
    n_pairs: int = 128
    n_nodes: int = FEWEST
    seed: int = 0

    def request(self, model: str) -> CircuitRequest:
        """A prompt goes before a task: that one is chosen already when the form is opened."""
        chosen: dict[str, Any] = self.model_dump(exclude={"task", "prompt"})
        chosen |= {"prompt": self.prompt} if self.prompt.strip() else {"task": self.task}
        try:
            return CircuitRequest(model=model, **chosen)
        except ValidationError as error:
            raise RequestValidationError(error.errors()) from error


@router.post("/m/{model}/circuits")
def find_circuit(
    session: WriteSession,
    settings: AppSettings,
    actor: CurrentActor,
    model: str,
    form: Annotated[CircuitForm, Form()],
) -> RedirectResponse:
    job = create_job(
        session,
        request=form.request(model),
        actor=actor.name,
        most_queued=settings.most_queued_jobs,
    )
    return RedirectResponse(f"/jobs/{job.id}", status_code=303)


def tasks_to_choose(session: Session, model: str) -> list[str]:
    """Those that are made for any model, then the newest of its own."""
    kept = list_tasks(session, model=model).items
    return [*GENERATORS, *(line.slug for line in kept if line.slug not in GENERATORS)]
