"""Whether scores say beforehand what people make of explanations, beside what knows no better.

Of each explanation: its scores on the test split, by its program where that was judged, else by the
first judge; and numbers that need no look at the unit, as baselines: the length of its text, one
drawn at random, and how much else of the same author people accept, which is learnt on one half of
the explanations and tried on the other.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from analysis.agreement.acceptance import REPLICATES, auroc, bins, spearman
from app.agreement.remembering import MEMORY
from app.store.queries.asked_judgements import Asked
from app.store.queries.given import Given, given, n_left_out
from app.store.queries.judged_scores import JudgedScores, judged_scores
from app.store.views.agreement import AcceptanceBin, AcceptanceView, PredictorView

SCORES: Final = {
    "corpus_r": "simulation r",
    "top_random_r": "simulation r, top and random windows",
    "detection": "detection",
    "fuzzing": "fuzzing",
    "auroc": "AUROC of firing",
}
OF_BASELINES: Final = {
    "lookup": "r of the token lookup",
    "shuffled": "r of another unit’s explanation",
}
BLIND: Final = {
    "length": "length of its text",
    "author": "what else of its author is accepted",
    "random": "a number drawn at random",
}
SEED: Final = 0

Numbers = NDArray[np.float64]
Counts = NDArray[np.int64]


def measure_acceptance(session: Session, asked: Asked, *, sees_all: bool) -> AcceptanceView:
    """Without `sees_all`, what a campaign is still about is left out, and how much that is said."""
    by_explanation: dict[int, list[Given]] = defaultdict(list)
    for row in given(session, asked, sees_all=sees_all):
        by_explanation[row.explanation_id].append(row)
    ids = sorted(by_explanation)
    of = {
        verdict: np.array(
            [sum(row.verdict == verdict for row in by_explanation[n]) for n in ids], np.int64
        )
        for verdict in ("accept", "edit", "reject", "unsure")
    }
    steps = {
        scale: np.array([_mean_step(by_explanation[number], scale) for number in ids])
        for scale in ("specificity", "sensitivity")
    }
    known = judged_scores(session, ids)
    numbers = numbers_of(ids, known, of["accept"], of["reject"])
    r = numbers["corpus_r"]
    judged = of["accept"] + of["edit"] + of["reject"]
    return AcceptanceView(
        model=asked.model,
        campaign=asked.campaign,
        n_explanations=len(ids),
        n_accepted=int(of["accept"].sum()),
        n_edit=int(of["edit"].sum()),
        n_rejected=int(of["reject"].sum()),
        n_unsure=int(of["unsure"].sum()),
        n_left_out=0 if sees_all else n_left_out(session, asked),
        replicates=REPLICATES,
        predictors=[
            _predictor(name, title, numbers[name], of["accept"], of["reject"], steps)
            for name, title in (SCORES | OF_BASELINES | BLIND).items()
        ],
        bins=[
            AcceptanceBin(
                low=one.low, high=one.high, middle=one.middle, n_explanations=one.n,
                n_accepted=one.n_accepted, n_judged=one.n_judged, share=one.share,
                share_low=one.share_low, share_high=one.share_high,
            )
            for one in bins(r, of["accept"], judged)
        ],
    )  # fmt: skip


def numbers_of(
    ids: Sequence[int], known: Mapping[int, JudgedScores], accepted: Counts, rejected: Counts
) -> dict[str, Numbers]:
    """By name of the predictor, one for each explanation; NaN: it has none."""
    found = {
        name: np.array([_number(known[number].values, name) for number in ids])
        for name in (*SCORES, *OF_BASELINES)
    }
    found["length"] = np.array([float(known[number].n_characters) for number in ids])
    found["random"] = np.random.default_rng(SEED).random(len(ids))
    authors = [known[number].author for number in ids]
    found["author"] = _of_author(authors, accepted, rejected)
    return found


def _of_author(authors: Sequence[str], accepted: Counts, rejected: Counts) -> Numbers:
    """The accepted share of the author's explanations in the first half; of those in the second.
    Of authors that are in one half alone, the share of all."""
    tried = np.random.default_rng([SEED, len(authors)]).random(len(authors)) < 0.5
    learnt = ~tried
    n_all = (accepted + rejected)[learnt].sum()
    found = np.full(len(authors), np.nan)
    if not n_all:
        return found
    overall = accepted[learnt].sum() / n_all
    by_author = np.array(authors)
    for author in set(authors):
        here = by_author == author
        n = (accepted + rejected)[here & learnt].sum()
        found[here & tried] = accepted[here & learnt].sum() / n if n else overall
    return found


def _predictor(
    name: str,
    title: str,
    values: Numbers,
    accepted: Counts,
    rejected: Counts,
    steps: Mapping[str, Numbers],
) -> PredictorView:
    told = MEMORY.of(auroc, values, accepted, rejected, seed=SEED)
    specificity = MEMORY.of(spearman, values, steps["specificity"], seed=SEED)
    sensitivity = MEMORY.of(spearman, values, steps["sensitivity"], seed=SEED)
    return PredictorView(
        name=name,
        title=title,
        is_baseline=name not in SCORES,
        auroc=told.value,
        low=told.low,
        high=told.high,
        n_explanations=told.n,
        specificity=specificity.value,
        specificity_low=specificity.low,
        specificity_high=specificity.high,
        n_specificity=specificity.n,
        sensitivity=sensitivity.value,
        sensitivity_low=sensitivity.low,
        sensitivity_high=sensitivity.high,
        n_sensitivity=sensitivity.n,
    )


def _mean_step(rows: Sequence[Given], scale: str) -> float:
    told = [getattr(row, scale) for row in rows if getattr(row, scale) is not None]
    return float(np.mean(told)) if told else float("nan")


def _number(values: Mapping[str, float], name: str) -> float:
    return values.get(name, float("nan"))
