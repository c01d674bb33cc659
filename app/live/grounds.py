"""What a stored circuit was found on, as the loaded model is asked about it again."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from analysis.protocol.model import ModelSpec
from analysis.protocol.proofs import Ablation, Prompts
from analysis.tasks.prompting import DIVIDED_ALIKE, Prompted, prompted, proved_on
from analysis.tasks.task import Pair, Task
from app.errors import ConflictError
from app.live.subject import spec_of
from app.store.engine import open_session
from app.store.queries.circuit import get_line
from app.store.queries.run import get_run
from app.store.queries.subject import get_subject
from app.store.queries.task import get_task
from app.store.views.circuit import CircuitLine


@dataclass(frozen=True, eq=False)
class Grounds:
    spec: ModelSpec
    line: CircuitLine
    task: Task
    prompted: Prompted
    """Divided as by the run that found the circuit."""
    seed: int
    """Of that run."""

    @property
    def ablation(self) -> Ablation:
        """The one that the circuit was found with."""
        return self.line.ablation or "resample"  # type: ignore[return-value]

    def pairs(self, prompts: Prompts) -> tuple[Pair, ...]:
        """Those that the search proves on. ConflictError: none are held out."""
        if prompts == "finding":
            return proved_on(self.prompted.finding)
        if not self.prompted.held_out:
            raise ConflictError(
                f"No prompts of task {self.line.task} are held out: {self.prompted.why}.",
                hint='Ask for those that it was found on: "prompts": "finding".',
            )
        return self.prompted.held_out


def read_grounds(engine: Engine, data: Path, *, model: str, slug: str) -> Grounds:
    """In a thread: it reads. NotFoundError: no such circuit. ConflictError: it has no task, or its
    pairs were divided otherwise."""
    with open_session(engine) as session:
        line = get_line(session, model=model, slug=slug)
        if line.task is None:
            raise ConflictError(
                f"Circuit {slug} has no task here: it was made elsewhere, and nothing says what "
                "it should do.",
                hint="Find a circuit of your own on a task: patchclamp circuit MODEL TASK.",
            )
        view = get_task(session, model=model, slug=line.task)
        seed = _seed(session, line)
        spec = spec_of(get_subject(session, model=model), data)
    task = Task.model_validate_json(view.task)
    return Grounds(spec, line, task, prompted(task, seed=seed), seed)


def _seed(session: Session, line: CircuitLine) -> int:
    if line.run_id is None:
        return 0
    run = get_run(session, run_id=line.run_id)
    if run.method_version not in DIVIDED_ALIKE:
        raise ConflictError(
            f"Circuit {line.slug} was found by an earlier version, which held out other prompts: "
            "what it was found on could be taken for held out.",
            hint="Find it anew: patchclamp circuit MODEL TASK.",
        )
    return run.seed
