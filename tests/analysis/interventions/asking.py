"""Requests to a tiny model, in few words."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from analysis.interventions.edit_sweep import sweep_edits
from analysis.interventions.experiment import run_experiment
from analysis.interventions.generation import generate
from analysis.interventions.surroundings import Surroundings
from analysis.models.tracing import EditableModel
from analysis.protocol.edits import Edit
from analysis.protocol.experiments import ExperimentAnswer, ExperimentRequest, GenerationRequest
from analysis.protocol.model import ModelSpec
from analysis.protocol.prompts import Prompt
from analysis.protocol.sweeps import EditSweepAnswer, EditSweepProgress, EditSweepRequest
from tests.analysis.models.plain_hooks import Put, edited_logits

TOKENS = (4, 8, 5, 7, 3, 6, 4, 5)


@dataclass(frozen=True)
class Subject:
    architecture: str
    folder: Path
    model: EditableModel
    around: Surroundings

    @property
    def spec(self) -> ModelSpec:
        facts = self.model.facts
        return ModelSpec(
            name=self.architecture,
            source=str(self.folder),
            kind="plain" if self.architecture == "plain" else "folder",
            weights_sha256=facts.weights_sha256,
            tokenizer_sha256=facts.tokenizer_sha256,
        )

    def experiment(self, *edits: Edit, tokens=TOKENS, **more) -> ExperimentAnswer:
        request = ExperimentRequest(
            model=self.spec, prompt=Prompt(tokens=tokens), edits=edits, **more
        )
        return run_experiment(self.model, request, self.around)

    def generation(self, *edits: Edit, tokens=TOKENS, **more) -> tuple[dict[str, list[int]], dict]:
        """Tokens and reasons, by continuation."""
        request = GenerationRequest(
            model=self.spec, prompt=Prompt(tokens=tokens), edits=edits, **more
        )
        *steps, end = generate(self.model, request, self.around)
        found = {name: [] for name in end.reasons}
        for step in steps:
            found[step.which].append(step.token.id)
        return found, end.reasons

    def sweep(
        self, *sites: str, tokens=TOKENS, **more
    ) -> tuple[list[EditSweepProgress], EditSweepAnswer]:
        request = EditSweepRequest(
            model=self.spec, prompt=Prompt(tokens=tokens), sites=sites or None, **more
        )
        *progress, answer = sweep_edits(self.model, request, self.around)
        return progress, answer

    def by_hooks(self, puts: Mapping[str, Put], tokens=TOKENS) -> Tensor:
        """Log-probabilities [pos, vocab] by plain hooks."""
        return edited_logits(self.architecture, self.folder, torch.tensor([tokens]), puts)[
            0
        ].log_softmax(-1)


def neuron(unit: int, change):
    """Puts `change(values)` in the place of a neuron's activations."""

    def put(x):
        x[..., unit] = change(x[..., unit])
        return x

    return put


def kl(before: Tensor, after: Tensor) -> Tensor:
    return (before.exp() * (before - after)).sum(-1)
