"""AUROC: how often a firing token has the higher prediction than one that does not fire.

Of a unit whose lower tail is judged: the lower one.
Exactly the Mann–Whitney statistic, ties counting half. For the interval it is taken apart by
documents: wins[d, e] is how often tokens of d that fire win against tokens of e that do not, so a
resample that takes document d w_d times has Σ w_d wins[d, e] w_e. The wins come from histograms of
ranks: predictions are binned between the distinct ones of firing tokens, which is exact up to
MOST_EDGES of them; of more, evenly many stand for all, and only the interval is approximate.
"""

import numpy as np
from jaxtyping import Float, Float64, Int64
from numpy import ndarray

from analysis.score.bootstrap import Resampled, explained, fewer
from analysis.score.reasons import ALL_FIRE, NONE_FIRES
from analysis.score.records import Cases
from analysis.score.units import Prediction, Target

MOST_EDGES = 256


def score_auroc(
    target: Target, prediction: Prediction, draws: Float64[ndarray, "replicate document"]
) -> Resampled:
    """auroc; undefined where every counted token fires or none does."""
    n_firing = int(target.n_firing.sum())
    cases = None if target.firing is None else Cases(n_firing, target.n_counted, target.tail)
    if n_firing in (0, target.n_counted):
        reason = ALL_FIRE if n_firing else NONE_FIRES
        return Resampled(np.full(1, np.nan), np.full((len(draws), 1), np.nan), (reason,), cases)
    firing = target.upwards(prediction.values[target.fires])
    quiet = target.upwards(prediction.values[target.quiet])
    values = np.array([auroc(firing, quiet)])
    replicates, n_documents = np.zeros((0, 1)), 0
    if len(draws):
        n_quiet = target.per_window - target.n_firing
        wins = _wins(
            firing,
            np.repeat(target.pool.document_of, target.n_firing),
            quiet,
            np.repeat(target.pool.document_of, n_quiet),
            draws.shape[1],
        )
        counts = target.pool.membership @ np.stack([target.n_firing, n_quiet], axis=1)
        n_documents = fewer(*counts.T)
        pairs = (draws @ counts).prod(1)
        with np.errstate(divide="ignore", invalid="ignore"):
            won = np.einsum("rd,rd->r", draws @ wins, draws)
            replicates = (won / pairs)[:, None]
    reasons = explained(values, (None,))
    return Resampled(values, replicates, reasons, cases, n_documents=n_documents)


def auroc(firing: Float[ndarray, " firing"], quiet: Float[ndarray, " quiet"]) -> float:
    """The share of pairs that the firing token wins; both must not be empty."""
    ordered = np.sort(quiet)
    below = np.searchsorted(ordered, firing, side="left").sum(dtype=np.float64)
    upto = np.searchsorted(ordered, firing, side="right").sum(dtype=np.float64)
    return float((below + upto) / (2 * len(firing) * len(quiet)))


def _wins(
    firing: Float[ndarray, " firing"],
    firing_documents: Int64[ndarray, " firing"],
    quiet: Float[ndarray, " quiet"],
    quiet_documents: Int64[ndarray, " quiet"],
    n_documents: int,
) -> Float64[ndarray, "document document"]:
    """How often firing tokens of the row's document win against quiet ones of the column's."""
    edges = np.unique(firing)
    if len(edges) > MOST_EDGES:
        edges = edges[np.linspace(0, len(edges) - 1, MOST_EDGES).round().astype(np.int64)]
    ours = _histograms(firing, firing_documents, edges, n_documents)
    theirs = _histograms(quiet, quiet_documents, edges, n_documents)
    below = np.cumsum(theirs, axis=1) - theirs
    return np.asarray(ours @ (below + theirs / 2).T)


def _histograms(
    marks: Float[ndarray, " token"],
    documents: Int64[ndarray, " token"],
    edges: Float[ndarray, " edge"],
    n_documents: int,
) -> Float64[ndarray, "document rank"]:
    """Counts per document: below the first edge, on it, between it and the next, ..."""
    order = np.argsort(marks)
    ordered = marks[order]
    places = np.stack([np.searchsorted(ordered, edges, side=s) for s in ("left", "right")], axis=1)
    sizes = np.diff(places.ravel(), prepend=0, append=len(marks))
    ranks = np.repeat(np.arange(len(sizes)), sizes)
    flat = documents[order] * len(sizes) + ranks
    counts = np.bincount(flat, minlength=n_documents * len(sizes))
    return counts.reshape(n_documents, len(sizes)).astype(np.float64)
