"""The proofs of a circuit that was found: on prompts that were held out, if there are any, and on
those that it was found on. What decides is the first; it is also ablated in the other two ways."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, get_args

from analysis.circuits.judging import Judge, judge_of
from analysis.circuits.keeping import StandIns, batches, stand_ins
from analysis.circuits.proving import Rankings, prove, prove_otherwise
from analysis.circuits.scrubbing import scrub_features
from analysis.circuits.units import Units
from analysis.errors import TaskError
from analysis.models.tracing import Check, EditableModel
from analysis.protocol.proofs import Ablation, Otherwise, Proof
from analysis.tasks.novelty import known_by
from analysis.tasks.prompting import Prompted, proved_on
from analysis.tasks.task import Metric, Pair

ABLATIONS: Final[tuple[Ablation, ...]] = get_args(Ablation)
CHANGES_NOTHING: Final = "By {} ablation nothing is told: {}."


@dataclass(frozen=True, eq=False)
class Proving:
    model: EditableModel
    metric: Metric
    prompted: Prompted
    ablation: Ablation
    """That the circuit was found by."""
    others: StandIns | None
    """What stands in for units by it."""
    seed: int
    check: Check | None = None
    tell: Callable[[float], None] = field(default=lambda _share: None)
    """Told which share of it is done."""

    def proofs(self, rankings: Rankings, kept: Sequence[int], few: Judge) -> Iterator[Proof]:
        """`few` judges by those prompts for finding that the search chose its size by."""
        units, held_out = few.units, self.prompted.held_out
        scored = proved_on(self.prompted.finding)
        if held_out:
            self.tell(0.0)
            judge = self._judge(held_out, units, self.others)
            known = known_by(self.prompted.finding)
            proof = prove(
                judge, rankings, kept, self.ablation, "held_out", held_out,
                seed=self.seed, decides=True, known=known,
            )  # fmt: skip
            self.tell(0.5)
            yield self._all_of(proof, held_out, units, kept)
        self.tell(0.8 if held_out else 0.0)
        proof = prove(
            few, rankings, kept, self.ablation, "finding", scored,
            seed=self.seed, decides=not held_out,
        )  # fmt: skip
        if held_out:
            yield proof
            return
        self.tell(0.7)
        yield self._ablated_otherwise(proof, scored, units, kept)

    def _all_of(
        self, proof: Proof, pairs: Sequence[Pair], units: Units, kept: Sequence[int]
    ) -> Proof:
        proof = self._ablated_otherwise(proof, pairs, units, kept)
        self.tell(0.6)
        scrubs, remarks = scrub_features(
            self.model, self.metric, pairs, units, kept, seed=self.seed, check=self.check
        )
        return proof.model_copy(update={"scrubs": scrubs, "remarks": (*proof.remarks, *remarks)})

    def _ablated_otherwise(
        self, proof: Proof, pairs: Sequence[Pair], units: Units, kept: Sequence[int]
    ) -> Proof:
        found: list[Otherwise] = []
        remarks: list[str] = []
        for ablation in ABLATIONS:
            if ablation == self.ablation:
                continue
            others = stand_ins(
                self.model, self.metric, self.prompted.finding, ablation, check=self.check
            )
            try:
                judge = self._judge(pairs, units, others)
            except TaskError as error:
                remarks.append(CHANGES_NOTHING.format(ablation, error))
                continue
            found.append(prove_otherwise(judge, kept, ablation, seed=self.seed))
        return proof.model_copy(
            update={"otherwise": tuple(found), "remarks": (*proof.remarks, *remarks)}
        )

    def _judge(self, pairs: Sequence[Pair], units: Units, others: StandIns | None) -> Judge:
        found = batches(self.model, self.metric, pairs, others, check=self.check)
        return judge_of(found, units, check=self.check)
