"""`patchclamp bench scoring`: what scoring one unit costs on one core.

Invented activations at the size of a full pool: 192 windows of 128 tokens to fit on, 96 for
calibration, 96 to test in domain and 96 out of it. Every metric, 1,000 resamples of documents, all
three baselines. CPU time, because machines are shared.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy import ndarray

from analysis.score.baselines import Baselines, fit_line
from analysis.score.lookup import cut_lookup, fit_lookup, predict_lookup
from analysis.score.pools import Pool, PoolText, prepare_pool
from analysis.score.scoring import fit_decisions, score_block
from analysis.score.tails import Firing, find_firing
from analysis.score.units import Decisions, Prediction
from app.bench.measurement import Measurement

LENGTH = 128
WINDOWS = {"fit": 192, "calibration": 96, "test": 96, "ood": 96}
DOCUMENTS = 70
VOCABULARY = 3000
LISTED = 120
UNITS, QUICK_UNITS = 256, 16


@dataclass(frozen=True)
class _Split:
    pool: Pool
    tokens: ndarray
    actual: ndarray


def measure(quick: bool) -> Iterator[Measurement]:
    """Milliseconds per unit, of fitting what scores need and of scoring."""
    n_units = QUICK_UNITS if quick else UNITS
    splits = _invent(n_units)
    fit, calibration = splits["fit"], splits["calibration"]
    start = time.process_time()
    lookup = fit_lookup(fit.actual, fit.tokens, fit.pool)
    short = cut_lookup(lookup, n=LISTED)
    firing = find_firing(fit.actual, fit.pool.within)
    on_calibration = [predict_lookup(table, calibration.tokens) for table in (short, lookup)]
    ours, theirs = (_decisions(calibration, predicted, firing) for predicted in on_calibration)
    on = on_calibration[0]
    lines = [
        fit_line(calibration.actual[unit], on[unit - 1], calibration.pool)
        for unit in range(n_units)
    ]
    fitted = time.process_time()
    for name in ("test", "ood"):
        split = splits[name]
        explained, looked_up = (predict_lookup(table, split.tokens) for table in (short, lookup))
        predictions = [Prediction(*one) for one in zip(explained, ours, strict=True)]
        beside = [
            Baselines(
                mean=float(lookup.base[unit]),
                lookup=Prediction(looked_up[unit], theirs[unit]),
                shuffled=replace(predictions[unit - 1], line=lines[unit]),
            )
            for unit in range(n_units)
        ]
        score_block(split.actual, predictions, baselines=beside, pool=split.pool, firing=firing)
    done = time.process_time()
    what = f"CPU time per unit over {n_units} units"
    preparing, scoring = (1e3 * t / n_units for t in (fitted - start, done - fitted))
    yield Measurement("scoring.fit_ms", preparing, "ms", f"lookup and thresholds, {what}")
    yield Measurement("scoring.unit_ms", scoring, "ms", f"all scores, test and ood, {what}")


def _decisions(split: _Split, predicted: ndarray, firing: list[Firing | None]) -> list[Decisions]:
    return [
        fit_decisions(actual, guess, pool=split.pool, firing=fires)
        for actual, guess, fires in zip(split.actual, predicted, firing, strict=True)
    ]


def _invent(n_units: int) -> dict[str, _Split]:
    """Units that like a tenth of the tokens, and noise."""
    rng = np.random.default_rng(0)
    likes = rng.normal(size=(n_units, VOCABULARY)) * (rng.random((n_units, VOCABULARY)) < 0.1)
    splits = {}
    for name, n_windows in WINDOWS.items():
        text = PoolText(
            lengths=np.full(n_windows, LENGTH),
            documents=rng.integers(0, DOCUMENTS, n_windows),
            numbers=np.arange(n_windows),
        )
        tokens = rng.zipf(1.3, (n_windows, LENGTH)) % VOCABULARY
        noise = rng.normal(size=(n_units, n_windows, LENGTH))
        actual = (likes[:, tokens] + 0.5 * noise).astype(np.float16)
        splits[name] = _Split(prepare_pool(text, n_pos=LENGTH), tokens, actual)
    return splits
