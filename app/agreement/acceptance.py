"""Whether scores say beforehand what people make of explanations, beside what knows no better.

Of each explanation: its scores on the test split, by its program where that was judged, else by the
first judge; and numbers that need no look at the unit, as baselines: the length of its text, one
drawn at random, and how much else of the same author people accept, which is learnt on one half of
the explanations and tried on the other.

Left out: gold items, whose answer somebody knew; what was judged after a look at the scores; and
versions whose words were edited without their program, since the scores are not of these words.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
from sqlalchemy.orm import Session

from analysis.agreement.acceptance import REPLICATES, bins
from app.agreement.predicting import IN_STORE, SEED, TITLES, Counts, Judged, Numbers, predictor
from app.store.queries.asked_judgements import Asked
from app.store.queries.campaign_plan import plan_of
from app.store.queries.given import Given, given, n_left_out
from app.store.queries.judged_scores import JudgedScores, judged_scores
from app.store.views.agreement import AcceptanceBin, AcceptanceView


def measure_acceptance(session: Session, asked: Asked, *, sees_all: bool) -> AcceptanceView:
    """Without `sees_all`, what a campaign is still about is left out, and how much that is said."""
    all_rows = given(session, asked, sees_all=sees_all)
    study = [row for row in all_rows if not row.is_gold]
    unseen = [row for row in study if not row.peeked]
    known = judged_scores(session, sorted({row.explanation_id for row in unseen}))
    by_explanation: dict[int, list[Given]] = defaultdict(list)
    for row in unseen:
        if not known[row.explanation_id].words_edited:
            by_explanation[row.explanation_id].append(row)
    judged = Judged.of(by_explanation)
    numbers = numbers_of(judged.ids, known, judged.accepted, judged.rejected)
    plan = plan_of(session, asked)
    return AcceptanceView(
        model=asked.model,
        campaign=asked.campaign,
        n_explanations=len(judged.ids),
        n_accepted=int(judged.accepted.sum()),
        n_edit=int(judged.edit.sum()),
        n_rejected=int(judged.rejected.sum()),
        n_unsure=int(judged.unsure.sum()),
        n_left_out=0 if sees_all else n_left_out(session, asked),
        n_gold=len(all_rows) - len(study),
        n_peeked=len(study) - len(unseen),
        n_words_edited=sum(one.words_edited for one in known.values()),
        r_min=None if plan is None else plan.choice.get("r_min"),
        r_max=None if plan is None else plan.choice.get("r_max"),
        replicates=REPLICATES,
        predictors=[predictor(name, numbers, judged) for name in TITLES],
        bins=[
            AcceptanceBin(
                low=one.low, high=one.high, middle=one.middle, n_explanations=one.n,
                n_units=one.n_units, n_accepted=one.n_accepted, n_judged=one.n_judged,
                share=one.share, share_low=one.share_low, share_high=one.share_high,
            )
            for one in bins(
                numbers["corpus_r"], judged.accepted,
                judged.accepted + judged.edit + judged.rejected, judged.units,
            )
        ],
    )  # fmt: skip


def numbers_of(
    ids: Sequence[int], known: Mapping[int, JudgedScores], accepted: Counts, rejected: Counts
) -> dict[str, Numbers]:
    """By name of the predictor, one for each explanation; NaN: it has none."""
    found = {
        name: np.array([_number(known[number].values, name) for number in ids]) for name in IN_STORE
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


def _number(values: Mapping[str, float], name: str) -> float:
    return values.get(name, float("nan"))
