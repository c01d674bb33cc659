"""The planted model of two layers with text in which its neurons are worth something: after a cat
or a dog comes a tree, which the neuron `token` promotes."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from analysis.causal.windows import MeasuredText, measured_text
from analysis.models.plain import load_plain
from analysis.models.tracing import EditableModel
from analysis.programs.reading import Reading
from analysis.programs.vocabulary import Vocabulary
from analysis.score.pools import PoolText, prepare_pool
from tests.analysis.models import planted

N_WINDOWS, N_POS = 10, 40
SITE, TOKEN, SUFFIX = "mlp.0", 0, 2


@dataclass(frozen=True)
class Subject:
    model: EditableModel
    text: MeasuredText
    vocabulary: Vocabulary
    tokens: np.ndarray
    about: PoolText

    def reading(self) -> Reading:
        return Reading(self.text.tokens, self.text.lengths, self.vocabulary)

    def actual(self, unit: int, site: str = SITE) -> np.ndarray:
        kept = []
        self.model.run(
            torch.from_numpy(self.text.tokens),
            record=lambda _, values: kept.append(values[..., unit].numpy().copy()),
            sites=[site],
        )
        return kept[0]


def load(folder: Path, *, write: dict[tuple[int, int], np.ndarray] | None = None) -> EditableModel:
    """`write`: by layer and neuron, what it adds to the logit of each word."""
    made = planted.make_planted(folder)
    if write:
        file = folder / "model.safetensors"
        tensors = load_file(file)
        for (layer, unit), row in write.items():
            out = tensors[f"blocks.{layer}.mlp.W_out"]
            out[unit] = 0
            out[unit, planted.OUT : planted.OUT + len(row)] = torch.from_numpy(row)
        save_file(tensors, file)
    return load_plain(made.folder, dtype=torch.float32, device=torch.device("cpu"))


def subject(
    model: EditableModel, *, most_places: int = 1000, lengths=None, seed: int = 0
) -> Subject:
    rng = np.random.default_rng(seed)
    tokens = rng.integers(1, len(planted.WORDS), (N_WINDOWS, N_POS))
    tokens[:, 0] = planted.ID["BOS"]
    for word in ("cat", "dog"):
        before = tokens[:, :-1] == planted.ID[word]
        tokens[:, 1:][before] = planted.ID["tree"]
    about = PoolText(
        np.full(N_WINDOWS, N_POS) if lengths is None else np.array(lengths),
        np.arange(N_WINDOWS),
        np.arange(N_WINDOWS),
    )
    text, _ = measured_text(
        tokens, about, most_windows=N_WINDOWS, most_places=most_places, seed=seed
    )
    return Subject(model, text, Vocabulary(model.token_texts()), tokens, about)


def calibrated_on(one: Subject):
    return prepare_pool(one.about, n_pos=N_POS)
