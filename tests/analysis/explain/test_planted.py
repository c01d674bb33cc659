"""The planted model does what its programs say: on real text, run as any subject model."""

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

from analysis.explain.planted import Planted, PlantedNeuron, make_planted
from analysis.models.plain import load_plain
from analysis.programs.parsing import parse_program
from analysis.programs.running import run_program
from analysis.programs.vocabulary import Vocabulary
from analysis.programs.writing import write_program

STARTER = Path(__file__).parents[3] / "analysis" / "corpora" / "starter" / "documents.jsonl.gz"
N_WINDOWS, N_POS = 96, 128


@dataclass(frozen=True)
class Recorded:
    planted: Planted
    vocabulary: Vocabulary
    tokens: np.ndarray
    activations: dict[str, np.ndarray]

    def of(self, neuron: PlantedNeuron) -> np.ndarray:
        return self.activations[neuron.site][..., neuron.index]

    def predicted(self, neuron: PlantedNeuron) -> np.ndarray:
        lengths = np.full(len(self.tokens), self.tokens.shape[1])
        return run_program(neuron.program, self.tokens, lengths, self.vocabulary)


def documents() -> Iterator[str]:
    with gzip.open(STARTER, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)["text"][:6_000]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    texts = list(documents())
    planted = make_planted(tmp_path_factory.mktemp("planted") / "model", texts)
    model = load_plain(planted.folder, dtype=torch.float32, device=torch.device("cpu"))
    rng = np.random.default_rng(0)
    windows = []
    for number in rng.permutation(len(texts)):
        ids = model.encode(texts[number])
        if len(ids) >= N_POS - 1:
            start = int(rng.integers(len(ids) - N_POS + 2))
            windows.append([model.facts.bos_token_id, *ids[start : start + N_POS - 1]])
    tokens = np.array(windows[:N_WINDOWS])
    activations: dict[str, list[np.ndarray]] = {"mlp.0": [], "mlp.1": []}
    model.run(
        torch.from_numpy(tokens),
        record=lambda site, values: activations[site.name].append(values.numpy().copy()),
        sites=list(activations),
    )
    arrays = {site: np.concatenate(parts) for site, parts in activations.items()}
    return Recorded(planted, Vocabulary(model.token_texts()), tokens, arrays)


def test_there_are_enough_of_every_kind(recorded: Recorded) -> None:
    kinds = Counter(neuron.kind for neuron in recorded.planted.with_rule())
    assert len(kinds) >= 12
    assert min(kinds.values()) >= 2
    assert kinds.total() >= 48
    assert len(recorded.planted.noise()) >= 40


def test_every_program_predicts_its_neuron(recorded: Recorded) -> None:
    assert recorded.tokens.shape == (N_WINDOWS, N_POS)
    for neuron in recorded.planted.with_rule():
        np.testing.assert_allclose(
            recorded.predicted(neuron),
            recorded.of(neuron),
            atol=1e-3,
            err_msg=f"{neuron}",
        )


def test_every_planted_neuron_fires_often_enough_to_be_explained(recorded: Recorded) -> None:
    for neuron in recorded.planted.with_rule():
        real, predicted = recorded.of(neuron).ravel(), recorded.predicted(neuron).ravel()
        assert np.corrcoef(real, predicted)[0, 1] >= 0.99
        assert (np.abs(real) > 1e-3).mean() > 0.002, neuron


def test_noise_fires_and_tokens_say_nothing_about_it(recorded: Recorded) -> None:
    half = N_WINDOWS // 2
    for neuron in recorded.planted.noise():
        real = recorded.of(neuron)
        assert (np.abs(real) > 1e-3).mean() > 0.2
        for back in (0, 1):
            keys = recorded.tokens[:, 1 - back : N_POS - back]
            values = real[:, 1:]
            found = _lookup(keys[:half], values[:half], keys[half:])
            assert abs(np.corrcoef(found, values[half:].ravel())[0, 1]) < 0.2


def _lookup(keys: np.ndarray, values: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Mean by token, shrunk to the whole mean, looked up for other tokens."""
    n = int(max(keys.max(), wanted.max())) + 1
    sums = np.bincount(keys.ravel(), values.ravel(), n)
    return ((sums + 3 * values.mean()) / (np.bincount(keys.ravel(), minlength=n) + 3))[
        wanted.ravel()
    ]


def test_what_is_not_planted_has_no_program(recorded: Recorded) -> None:
    for neuron in recorded.planted.neurons:
        if neuron.kind in {"noise", "helper", "dead"}:
            assert neuron.program is None
        if neuron.kind == "dead":
            assert not recorded.of(neuron).any()


def test_sign_flipped_pairs_mirror_each_other(recorded: Recorded) -> None:
    pairs = [one for one in recorded.planted.with_rule() if one.kind == "sign-flipped pair"]
    by_predicate: dict[object, list[np.ndarray]] = {}
    for neuron in pairs:
        by_predicate.setdefault(neuron.program.rules[0].predicate, []).append(recorded.of(neuron))
    assert len(by_predicate) == len(pairs) / 2
    for one, other in by_predicate.values():
        np.testing.assert_array_equal(one, -other)


def test_programs_are_written_and_read_as_all_are(recorded: Recorded) -> None:
    for neuron in recorded.planted.with_rule():
        assert parse_program(write_program(neuron.program)) == neuron.program


def test_the_same_seed_plants_the_same(tmp_path: Path) -> None:
    texts = list(documents())[::8]
    one, same, other = (
        make_planted(tmp_path / str(number), texts, seed=seed)
        for number, seed in enumerate((3, 3, 4))
    )
    assert same.neurons == one.neurons
    assert other.neurons != one.neurons
    for name in ("model.safetensors", "config.json", "tokenizer.json"):
        assert (same.folder / name).read_bytes() == (one.folder / name).read_bytes()
