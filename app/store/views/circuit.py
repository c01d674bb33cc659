"""Circuits and their proofs as shown."""

from datetime import datetime
from typing import Literal

from app.store.views.base import View
from app.store.views.experiment import JsonText
from app.store.views.task import TaskLine

Origin = Literal["found", "imported"]


class CircuitLine(View):
    """One line of a list of circuits."""

    slug: str
    """What it is called in addresses, beside its model."""
    model: str
    title: str
    origin: Origin
    """found: by us; imported: from a file."""
    file: str | None
    """Of an imported one: the file's name."""
    file_sha256: str | None
    task: str | None
    """Slug of the task that it was found on; None: it was made elsewhere."""
    method: str | None
    """An `analysis.protocol.circuits.Ranking`; None: it was made elsewhere."""
    ablation: str | None
    """resample, mean, zero"""
    n_nodes: int
    n_links: int
    n_units: int
    """Neurons and heads of its graph, each counted once."""
    n_prompts: int | None
    """Pairs that it was found on."""
    proved_on: str | None
    """finding, held_out: which prompts the next two are of; None: it is not proved."""
    faithfulness: float | None
    random: float | None
    """Faithfulness of as many random units."""
    run_id: int | None
    """That found it."""
    actor: str
    created_at: datetime


class ProofLine(View):
    """One time that a circuit was held to account, in a line."""

    id: int
    run_id: int | None
    created_at: datetime
    ablation: str
    """resample, mean, zero"""
    prompts: str
    """finding: those that it was found on; held_out: others."""
    faithfulness: float
    random: float
    """Faithfulness of as many random units."""


class ProofView(ProofLine):
    proof: JsonText
    """All of it: an `analysis.protocol.circuits.Proof`."""


class CircuitView(CircuitLine):
    on: TaskLine | None
    """The task that it was found on."""
    proofs: list[ProofView]
    """Newest first."""
    circuit: JsonText
    """With its graph: an `analysis.protocol.circuits.Circuit`."""

    def to_json(self) -> bytes:
        rest = self.model_dump_json(exclude={"circuit"}).encode()
        return b'%b,"circuit":%b}' % (rest[:-1], self.circuit)


class CircuitPrompt(View):
    """A circuit, and the prompt that its graph is drawn over."""

    id: int
    slug: str
    model: str
    title: str
    prompt: str
    tokens: list[str]


class UnitCircuit(View):
    """A circuit that a neuron or head takes part in."""

    slug: str
    title: str
    origin: Origin
    task: str | None
    """Slug of the task that it was found on."""
    n_units: int
    effect: float | None
    """The unit's, estimated: by how much the metric falls if it is ablated."""
    exact: float | None
    """The same, measured."""
    rank: int
    """1: the circuit's strongest unit."""
    created_at: datetime
