"""`patchclamp bench explanations --planted`: rules recovered from neurons whose truth is known.

A model is made whose neurons compute known programs, or noise without any rule; it reads the
starter corpus, and its neurons are explained blind by the very functions of an explain job.
"""

import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from analysis.corpora.reading import read_documents
from analysis.explain.planted import Planted, PlantedNeuron, make_planted
from analysis.explain.texts import Texts, prepare_texts
from analysis.explain.units import Explained, explain_units
from analysis.models.plain import load_plain
from analysis.programs.program import Program
from analysis.programs.running import predict
from analysis.programs.token_space import TokenSpace
from analysis.programs.vocabulary import Vocabulary
from analysis.weights.token_space import token_space
from analysis.worker.bench.recorded import COUNTED_FROM, SOURCE, Recorded, record
from app.bench.measurement import Measurement

CHARACTERS = 6_000
"""Of each document, to count the vocabulary's words in."""
RECOVERED_R = 0.95
SAME_SHARE = 0.99
"""Of the test tokens at which either the planted program or the found one is off its base."""
SAME_WITHIN = 0.05
"""Of the largest level."""
QUICK_SHARE = 6
SEEDS = (0, 1, 2)
"""Of the models that are planted; quick: the first."""


@dataclass(frozen=True)
class _Found:
    """What became of one neuron."""

    kind: str
    is_noise: bool
    r: float
    exact: bool
    silent: bool


def measure(quick: bool) -> Iterator[Measurement]:
    """Shares of planted neurons recovered, and of noise neurons for which nothing is claimed."""
    documents = [document.text[:CHARACTERS] for document in read_documents(SOURCE)]
    seeds = SEEDS[: 1 if quick else None]
    with _one_thread():
        found = [one for seed in seeds for one in _run(documents, seed, quick)]
    yield from _reported(found)


@contextmanager
def _one_thread() -> Iterator[None]:
    """The same sums on every machine; they depend on the number of threads in their last bit."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _run(documents: list[str], seed: int, quick: bool) -> list[_Found]:
    """One planted model, made, recorded and explained blind."""
    with tempfile.TemporaryDirectory(prefix="patchclamp-bench-") as folder:
        planted = make_planted(Path(folder) / "model", documents, seed=seed)
        model = load_plain(planted.folder, dtype=torch.float32, device=torch.device("cpu"))
        neurons = _chosen(planted, quick)
        units = {site: [one.index for one in found] for site, found in neurons.items()}
        recorded = record(model, units, splits=("fit", "calibration", "test"))
        space = TokenSpace(token_space(model.embedding()))
        vocabulary = Vocabulary(model.token_texts(), space)
    texts = prepare_texts(recorded.windows, vocabulary, counted_from=COUNTED_FROM, seed=0)
    return [
        _Found(
            neuron.kind,
            is_noise=neuron.program is None,
            r=_r(one),
            exact=neuron.program is not None and _is_same(neuron.program, one.rules, texts),
            silent=one.rules is None,
        )
        for neuron, one in _explained(texts, recorded, neurons)
    ]


def _r(explained: Explained) -> float:
    score = explained.rule_scores.get("test")
    return (score.r or 0.0) if score is not None else 0.0


def _chosen(planted: Planted, quick: bool) -> dict[str, list[PlantedNeuron]]:
    found: dict[str, list[PlantedNeuron]] = {}
    for neuron in [*planted.with_rule(), *planted.noise()][:: QUICK_SHARE if quick else 1]:
        found.setdefault(neuron.site, []).append(neuron)
    return found


def _explained(
    texts: Texts, recorded: Recorded, neurons: dict[str, list[PlantedNeuron]]
) -> list[tuple[PlantedNeuron, Explained]]:
    return [
        pair
        for site, here in neurons.items()
        for pair in zip(here, explain_units(texts, recorded.of(site, slice(None)), {}), strict=True)
    ]


def _reported(found: list[_Found]) -> Iterator[Measurement]:
    r: defaultdict[str, list[float]] = defaultdict(list)
    same: defaultdict[str, list[bool]] = defaultdict(list)
    silent = [one.silent for one in found if one.is_noise]
    for one in found:
        if not one.is_noise:
            r[one.kind].append(one.r)
            same[one.kind].append(one.exact)
    every_r, every_same = (np.concatenate(list(one.values())) for one in (r, same))
    n, recovered = len(every_r), every_r >= RECOVERED_R
    yield Measurement(
        "explanations.planted.recovered",
        float(recovered.mean()),
        "1",
        f"of {n} planted neurons: test r of the rules is {RECOVERED_R} or more",
    )
    yield Measurement(
        "explanations.planted.exact",
        float(every_same.mean()),
        "1",
        f"of {n} planted neurons: the rules agree with the planted program on {SAME_SHARE:.0%} of "
        "the test tokens at which one of the two is off its base",
    )
    yield Measurement(
        "explanations.planted.noise_silent",
        float(np.mean(silent)),
        "1",
        f"of {len(silent)} noise neurons: no rule is claimed",
    )
    for kind, values in r.items():
        n_exact = sum(same[kind])
        yield Measurement(
            f"explanations.planted.{kind.replace(' ', '_')}",
            float((np.array(values) >= RECOVERED_R).mean()),
            "1",
            f"recovered of {len(values)}; {n_exact} exactly; lowest r {min(values):.3f}",
        )


def _is_same(truth: Program, found: Program | None, texts: Texts) -> bool:
    """Whether the two predict the same nearly everywhere."""
    if found is None:
        return False
    test = texts.tested["test"]
    wanted, predicted = (predict(one, test.reading)[test.counted] for one in (truth, found))
    near = SAME_WITHIN * max(abs(rule.level) for rule in truth.rules)
    off = (np.abs(wanted - truth.base) > near) | (np.abs(predicted - truth.base) > near)
    agree = np.abs(wanted - predicted) <= near
    return bool(off.any() and agree[off].mean() >= SAME_SHARE)
