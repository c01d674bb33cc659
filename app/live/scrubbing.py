"""What somebody claims that units of a stored circuit carry, tested at once by the loaded model."""

from typing import Self

from fastapi.concurrency import run_in_threadpool
from pydantic import Field
from sqlalchemy import Engine

from analysis.protocol.base import Message
from analysis.protocol.circuits import Circuit
from analysis.protocol.edits import UnitRef
from analysis.protocol.proofs import Prompts
from analysis.tasks.proving import MOST_KEPT
from analysis.tasks.scrubbing import Claims, Others, ScrubAnswer, ScrubRequest
from app.live.experiment import Laboratory
from app.live.grounds import read_grounds
from app.store.engine import open_session
from app.store.queries.circuit import get_circuit


class AskedToScrub(Message):
    """What is claimed of which units, and on which prompts that is tried."""

    claims: Claims = Field(
        description="Units, and the feature that they carry: `answer`, `template`, `side`, "
        "`first word`, `word N` or `token N`, counted from 0. Tested together; no unit twice."
    )
    units: tuple[UnitRef, ...] | None = Field(
        default=None,
        max_length=MOST_KEPT,
        description="The circuit, with the units of the claims; all others are resampled from any "
        "prompt. Default: as it is stored.",
    )
    others: Others = Field(
        default="keep",
        description="What units of the circuit do of which nothing is claimed: compute from what "
        "reaches them (`keep`), or carry nothing too.",
    )
    prompts: Prompts = Field(
        default="held_out", description="Those that were held out, or those that it was found on."
    )
    seed: int | None = Field(
        default=None,
        ge=0,
        le=2**63 - 1,
        description="Of who lends values to whom. Default: that of the circuit's run.",
    )


class LiveScrub(ScrubAnswer):
    """What came of the claim, beside what it is held against."""

    prompts: Prompts
    others: Others
    seed: int

    @classmethod
    def of(cls, answer: ScrubAnswer, asked: AskedToScrub, seed: int) -> Self:
        said = {name: getattr(answer, name) for name in ScrubAnswer.model_fields}
        return cls(**said, prompts=asked.prompts, others=asked.others, seed=seed)


async def scrub_claims(
    laboratory: Laboratory, model: str, slug: str, asked: AskedToScrub
) -> LiveScrub:
    """Raises NotFoundError; ConflictError where the circuit has no task, or no prompts are held
    out; BadRequestError where model, circuit or prompts do not have what is claimed."""
    grounds = await run_in_threadpool(
        read_grounds, laboratory.engine, laboratory.data, model=model, slug=slug
    )
    units = asked.units
    if units is None:
        units = await run_in_threadpool(_units_of, laboratory.engine, model=model, slug=slug)
    seed = grounds.seed if asked.seed is None else asked.seed
    request = ScrubRequest(
        model=grounds.spec,
        metric=grounds.task.metric,
        pairs=grounds.pairs(asked.prompts),
        kept=units,
        claims=asked.claims,
        others=asked.others,
        seed=seed,
    )
    return LiveScrub.of(await laboratory.inference.scrub(request), asked, seed)


def _units_of(engine: Engine, *, model: str, slug: str) -> tuple[UnitRef, ...]:
    with open_session(engine) as session:
        view = get_circuit(session, model=model, slug=slug)
    nodes = Circuit.model_validate_json(view.circuit).graph.nodes
    named = {(node.unit.site, node.unit.index): node.unit for node in nodes if node.unit}
    return tuple(named.values())[:MOST_KEPT]
