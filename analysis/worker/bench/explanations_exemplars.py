"""`patchclamp bench explanations-exemplars`: what exemplars add to small pools.

The demo's model on the starter corpus, a seeded sample of MLP neurons of every layer, with as many
pool windows as a sweep keeps unless told otherwise. Each neuron is explained twice by the function
of an explain job: from the pool alone, and with the windows that make it fire most, least, and
random ones, found in the rest of fit. Both are tested on the same random windows of documents never
seen, and on those together with the windows of them that make it fire most. A neuron without a
program counts with r = 0, and so does an undefined r.
"""

import time
from collections import defaultdict
from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
from jaxtyping import Float16, Float32, Int64
from numpy import ndarray

from analysis.explain.texts import PoolWindows, UnitTops, prepare_texts
from analysis.explain.units import Explained, explain_units
from analysis.programs.token_space import TokenSpace
from analysis.programs.vocabulary import Vocabulary
from analysis.score.units import TopWindows
from analysis.weights.token_space import token_space
from analysis.worker.bench.explanations import load_demo_model, sample_neurons
from analysis.worker.bench.recorded import COUNTED_FROM, Recorded, record
from app.bench.measurement import Measurement

PER_LAYER, QUICK_PER_LAYER = 20, 4
POOL = {"fit": 40, "calibration": 12, "test": 96}
SEARCHED = {"fit": 700, "test": 250}
"""Further windows, among which those that are kept for each neuron are found."""
QUICK_SHARE = 10
"""Of the windows searched."""
TOP, BOTTOM, RANDOM = 10, 6, 14
"""Windows kept of fit; a sweep keeps as many, the random ones by interval of the maximum."""
TOP_OF_TEST = 3
SEED = 3_016

Activations: TypeAlias = dict[str, Float32[ndarray, "unit window pos"]]
"""By split."""


def measure(quick: bool) -> Iterator[Measurement]:
    """r by both protocols, and neurons per second and core, with and without exemplars."""
    model = load_demo_model()
    units = sample_neurons(model, quick, QUICK_PER_LAYER if quick else PER_LAYER)
    searched = {split: n // QUICK_SHARE if quick else n for split, n in SEARCHED.items()}
    windows = {split: n + searched.get(split, 0) for split, n in POOL.items()}
    recorded = record(model, units, splits=list(POOL), windows=windows)
    vocabulary = Vocabulary(model.token_texts(), TokenSpace(token_space(model.embedding())))
    del model
    pools = {split: recorded.windows[split].part(slice(n)) for split, n in POOL.items()}
    texts = prepare_texts(pools, vocabulary, counted_from=COUNTED_FROM, seed=0)
    first = _prepared(recorded, next(iter(units)), slice(0, 2))
    explain_units(texts, *first[:2], exemplars=first[2])  # compiles
    r: defaultdict[str, list[float]] = defaultdict(list)
    seconds: defaultdict[str, float] = defaultdict(float)
    for site, chosen in units.items():
        activations, tops, exemplars = _prepared(recorded, site, slice(len(chosen)))
        for name, kept in (("pool", []), ("exemplars", exemplars)):
            start = time.process_time()
            found = explain_units(texts, activations, tops, exemplars=kept)
            seconds[name] += time.process_time() - start
            for metric in ("corpus_r", "top_random_r"):
                r[f"{name}_{metric}"] += [_value(one, metric) for one in found]
    yield from _reported(r, seconds, sum(map(len, units.values())))


def _prepared(
    recorded: Recorded, site: str, part: slice
) -> tuple[Activations, dict[str, list[UnitTops]], list[UnitTops]]:
    """Activations of the pools, top windows of test, and exemplars of fit."""
    whole = {split: sites[site][part] for split, sites in recorded.activations.items()}
    activations = {split: whole[split][:, :n].astype(np.float32) for split, n in POOL.items()}
    numbers = range(len(whole["fit"]))
    rng = np.random.default_rng(SEED)
    tops = [_keep(recorded, whole, "test", unit, rng) for unit in numbers]
    exemplars = [_keep(recorded, whole, "fit", unit, rng) for unit in numbers]
    return activations, {"test": tops}, exemplars


def _keep(
    recorded: Recorded,
    whole: dict[str, Float16[ndarray, "unit window pos"]],
    split: str,
    unit: int,
    rng: np.random.Generator,
) -> UnitTops:
    """Of test the top windows, of fit all kinds."""
    actual = whole[split][unit].astype(np.float32)
    windows = recorded.windows[split]
    at = np.arange(actual.shape[1])
    within = (at >= COUNTED_FROM) & (at < windows.lengths[:, None])
    rest = np.arange(POOL[split], len(actual))
    peaks = np.where(within, actual, -np.inf)[rest].max(1)
    if split == "test":
        return _kept(windows, actual, rest[np.argsort(-peaks)[:TOP_OF_TEST]])
    lows = np.where(within, actual, np.inf)[rest].min(1)
    chosen = [
        np.argsort(-peaks)[:TOP],
        np.argsort(lows)[:BOTTOM],
        rng.permutation(len(rest))[:RANDOM],
    ]
    return _kept(windows, actual, rest[np.unique(np.concatenate(chosen))])


def _kept(windows: PoolWindows, actual: ndarray, rows: Int64[ndarray, " kept"]) -> UnitTops:
    about = TopWindows(actual[rows], windows.lengths[rows], windows.documents[rows])
    return UnitTops(windows.tokens[rows], about)


def _value(found: Explained, metric: str) -> float:
    scores = found.rule_scores.get("test")
    value = None if scores is None else scores.of(metric).score.value
    return 0.0 if value is None else value


def _reported(
    r: dict[str, list[float]], seconds: dict[str, float], n: int
) -> Iterator[Measurement]:
    over = f"mean test r of {n} random MLP neurons; silent and undefined count as 0"
    for name, words in (("pool", "from the pool alone"), ("exemplars", "with exemplars of fit")):
        for metric in ("corpus_r", "top_random_r"):
            yield Measurement(
                f"explanations.{name}.{metric}",
                float(np.mean(r[f"{name}_{metric}"])),
                "1",
                f"rules {words}, a fit pool of {POOL['fit']} windows: {over}",
            )
        yield Measurement(
            f"explanations.{name}.units_per_second_core",
            n / seconds[name],
            "1/s",
            f"explained and scored {words}, CPU time of all threads",
        )
