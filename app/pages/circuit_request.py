"""`POST /m/{model}/circuits`: asks for a circuit, as a job."""

from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import APIRouter, Form
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy.orm import Session

from app.auth.actor import CurrentActor
from app.dependencies import AppSettings, WriteSession
from app.store.circuit_request import GENERATORS, CircuitRequest
from app.store.queries.job import create_job
from app.store.queries.task import list_task_slugs

router = APIRouter()

MOST_TASKS: Final = 500
"""Of a model's own that a form offers; those before are asked for on their own pages."""


def _default(name: str) -> Any:  # noqa: ANN401 - as the field is
    return CircuitRequest.model_fields[name].default


@dataclass(frozen=True)
class TaskChoice:
    names: list[str]
    """Those that are made for any model, then the newest of its own."""
    more: bool
    """Whether it has others, which are older."""


class CircuitForm(BaseModel):
    """What a person chooses; everything else keeps its default."""

    model_config = ConfigDict(extra="ignore")

    task: str = ""
    prompt: Annotated[str, Field(max_length=100_000)] = ""
    method: str = _default("method")
    ablation: str = _default("ablation")
    n_pairs: int = _default("n_pairs")
    n_nodes: int = _default("n_nodes")
    seed: int = _default("seed")

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


def tasks_to_choose(session: Session, model: str) -> TaskChoice:
    kept = list_task_slugs(session, model=model, limit=MOST_TASKS + 1)
    own = [slug for slug in kept[:MOST_TASKS] if slug not in GENERATORS]
    return TaskChoice(names=[*GENERATORS, *own], more=len(kept) > MOST_TASKS)
