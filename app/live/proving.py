"""Some units of a stored circuit proved at once by the loaded model; kept where that is asked."""

from functools import partial
from typing import Self

from fastapi.concurrency import run_in_threadpool
from pydantic import Field

from analysis.protocol.base import Message
from analysis.protocol.edits import UnitRef
from analysis.protocol.proofs import Ablation, Prompts, Proof
from analysis.tasks.proving import MOST_KEPT, PARTS, Part, ProveAnswer, ProveRequest
from app.live.experiment import Laboratory
from app.live.grounds import Grounds, read_grounds
from app.store.proving import keep_chosen_proof


class AskedToProve(Message):
    """Which units are kept, and on which prompts that is tried."""

    units: tuple[UnitRef, ...] = Field(
        max_length=MOST_KEPT, description="Neurons and heads that are kept; all others are ablated."
    )
    prompts: Prompts = Field(
        default="held_out", description="Those that were held out, or those that it was found on."
    )
    ablation: Ablation | None = Field(
        default=None, description="Default: as the circuit was found.", examples=["resample"]
    )
    parts: tuple[Part, ...] = Field(
        default=PARTS,
        min_length=1,
        max_length=len(PARTS),
        description="Which numbers; fewer are there sooner. All of them, where it is kept.",
    )
    keep: bool = Field(default=False, description="Store it as a proof of the circuit.")


class LiveProof(ProveAnswer):
    """What the loaded model says of the units, in the same words as a stored proof."""

    prompts: Prompts
    ablation: Ablation
    proof_id: int | None
    """Of the stored proof; null where it is not kept."""

    @classmethod
    def of(cls, answer: ProveAnswer, asked: AskedToProve, ablation: Ablation) -> Self:
        said = {name: getattr(answer, name) for name in ProveAnswer.model_fields}
        return cls(**said, prompts=asked.prompts, ablation=ablation, proof_id=None)


async def prove_units(
    laboratory: Laboratory, model: str, slug: str, asked: AskedToProve, *, actor: str
) -> LiveProof:
    """Raises NotFoundError; ConflictError where the circuit has no task, or no prompts are held
    out; BadRequestError where the model has no such units."""
    grounds = await run_in_threadpool(
        read_grounds, laboratory.engine, laboratory.data, model=model, slug=slug
    )
    ablation = asked.ablation or grounds.ablation
    answer = await laboratory.inference.prove(_request(grounds, asked, ablation))
    proved = LiveProof.of(answer, asked, ablation)
    if not asked.keep:
        return proved
    number = await laboratory.writer.write(
        partial(
            keep_chosen_proof,
            model=model,
            slug=slug,
            proof=_proof(proved, asked),
            ran=answer.ran.model_dump(mode="json"),
            seed=grounds.seed,
            actor=actor,
        )
    )
    return proved.model_copy(update={"proof_id": number})


def _request(grounds: Grounds, asked: AskedToProve, ablation: Ablation) -> ProveRequest:
    return ProveRequest(
        model=grounds.spec,
        metric=grounds.task.metric,
        pairs=grounds.pairs(asked.prompts),
        averaged=grounds.prompted.finding if ablation == "mean" else (),
        ablation=ablation,
        units=asked.units,
        parts=PARTS if asked.keep else asked.parts,
        seed=grounds.seed,
    )


def _proof(proved: LiveProof, asked: AskedToProve) -> Proof:
    found = {part: getattr(proved, part) for part in PARTS}
    return Proof(
        ablation=proved.ablation,
        prompts=proved.prompts,
        n_prompts=proved.n_prompts,
        whole=proved.whole,
        empty=proved.empty,
        curves=(),
        n_kept=proved.n_units,
        **found,
        units=tuple(sorted(set(asked.units), key=lambda unit: (unit.site, unit.index))),
    )
