"""Which units fire most on a text, with what is known of them."""

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi.concurrency import run_in_threadpool
from sqlalchemy import Engine

from analysis.protocol.activations import StrongestAnswer, StrongestRequest
from app.live.experiment import Laboratory
from app.store.engine import open_session
from app.store.queries.labels import labels_of

Unit = tuple[str, int]
"""Site and index."""


@dataclass(frozen=True)
class Strongest:
    """What the service answered, and the best short explanation of each unit that has one."""

    answer: StrongestAnswer
    labels: Mapping[Unit, str]
    ranked: bool
    """By the unit's own distribution; False: there are no statistics, and activations are ranked
    as they are."""


async def find_strongest(
    laboratory: Laboratory, model: str, asked: Mapping[str, object], *, relative: bool = True
) -> Strongest:
    """`asked` are entries of StrongestRequest without model and scales."""
    subject = await laboratory.subject(model)
    scales = subject.statistics if relative else None
    request = StrongestRequest.model_validate({**asked, "model": subject.spec, "scales": scales})
    answer = await laboratory.inference.strongest(request, subject.supply)
    units = [(unit.site, unit.index) for unit in answer.units]
    labels = await run_in_threadpool(_labels, laboratory.engine, model, units)
    return Strongest(answer, labels, scales is not None)


def _labels(engine: Engine, model: str, units: list[Unit]) -> dict[Unit, str]:
    with open_session(engine) as session:
        return labels_of(session, model=model, units=units)
