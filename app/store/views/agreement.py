"""How far people agree, and whether scores say beforehand what they accept, as shown."""

from typing import Final, Literal

from app.store.views.base import View

Level = Literal["nominal", "ordinal"]
Question = Literal["verdict", "verdict_order", "several_meanings", "specificity", "sensitivity"]
QUESTIONS: Final[dict[Question, str]] = {
    "verdict": "verdict",
    "verdict_order": "verdict as an order: reject, edit, accept; unsure left out",
    "several_meanings": "several meanings",
    "specificity": "specificity",
    "sensitivity": "sensitivity",
}


class AlphaView(View):
    """Krippendorff's alpha of one question."""

    question: Question
    level: Level
    value: float | None
    """Null: nothing can be said: nobody answered, no explanation has two answers, or all are the
    same."""
    low: float | None
    """Of the 95 % interval, over units; null of fewer than six."""
    high: float | None
    n_explanations: int
    """With two answers or more: others say nothing of agreement."""
    n_units: int
    """Of which they are."""
    n_judgements: int
    """Of these."""


class KappaView(View):
    """Cohen's kappa of two people's verdicts."""

    first: str
    second: str
    value: float | None
    """Null: both always said the same one thing."""
    agreed: float | None
    """Share of the explanations that both judged on which they said the same."""
    n_explanations: int
    """That both judged."""


class ShareView(View):
    """How many of how many, with Wilson's interval at 95 %."""

    n_right: int
    n: int
    value: float | None
    low: float | None
    high: float | None


class AnnotatorView(View):
    """How one person judges beside the others."""

    actor: str
    origin: str | None
    """Where they judged, if elsewhere; they need have no account here."""
    n: int
    """Judgements, without those of gold items."""
    with_others: ShareView
    """Verdicts that are those of most of the others; where these tie, or there are none, none is
    counted."""
    gold: ShareView | None
    """Verdicts on items with a known answer that are that answer; null: for reviewers only."""
    n_timed: int
    seconds_low: float | None
    """A quarter of the answers took no longer."""
    seconds_median: float | None
    seconds_high: float | None
    """Three quarters took no longer."""


class AgreementView(View):
    model: str
    campaign: str | None
    n_explanations: int
    n_units: int
    n_judgements: int
    n_people: int
    n_gold: int
    """Judgements of gold items, whose answer was known beforehand: they count in `gold` of
    annotators and nowhere else."""
    n_blind: int
    """Of the judgements: given in a campaign here, without a look at scores or at others'."""
    n_imported: int
    """Made elsewhere; the rest was given here outside of a campaign, or after a look."""
    n_left_out: int
    """Explanations that a campaign is still about: what is said of them is not shown to whoever may
    be yet to judge them."""
    replicates: int
    """Of the bootstrap; its seed is 0."""
    alphas: list[AlphaView]
    kappas: list[KappaView]
    """Of the pairs with the most explanations in common, 500 at most."""
    n_pairs: int
    """That have judged the same explanation."""
    annotators: list[AnnotatorView]


class PredictorView(View):
    """Whether one number of an explanation says beforehand what people make of it."""

    name: str
    title: str
    is_baseline: bool
    auroc: float | None
    """Of accept against reject: the share of pairs of which the accepted one has the higher number;
    0.5 where it says nothing."""
    low: float | None
    """Of the 95 % interval, over units; null where fewer than six have the rarer verdict."""
    high: float | None
    n_explanations: int
    """That have the number, and were accepted or rejected by somebody."""
    n_units: int
    """Of which they are."""
    n_accepted: int
    n_rejected: int
    """Judgements of these explanations."""
    n_standing: int
    """Units of the rarer verdict, on which the interval stands."""
    best_baseline: str | None
    """Title of the baseline of the highest AUROC on the explanations that have both; null: of a
    baseline, or there is none to compare with."""
    advantage: float | None
    """AUROC less that of this baseline, on the same explanations."""
    advantage_low: float | None
    advantage_high: float | None
    n_advantage: int
    """Explanations that have both."""
    specificity: float | None
    """Spearman's rank correlation with the mean step."""
    specificity_low: float | None
    specificity_high: float | None
    n_specificity: int
    sensitivity: float | None
    sensitivity_low: float | None
    sensitivity_high: float | None
    n_sensitivity: int


class AcceptanceBin(View):
    """Explanations with neighbouring scores."""

    low: float
    high: float
    middle: float
    """The median of their scores."""
    n_explanations: int
    n_units: int
    n_accepted: int
    n_judged: int
    """Judgements: accepted, to be edited, rejected; unsure ones are left out."""
    share: float
    share_low: float
    """Of Wilson's interval at 95 %, as if each unit had been judged once."""
    share_high: float


class AcceptanceView(View):
    """Human verdicts against automatic scores."""

    model: str
    campaign: str | None
    n_explanations: int
    n_accepted: int
    n_edit: int
    n_rejected: int
    n_unsure: int
    n_left_out: int
    """Explanations that a campaign is still about."""
    n_gold: int
    """Judgements that are left out, since the answer was known beforehand."""
    n_peeked: int
    """Judgements that are left out, since their author had opened what shows scores meanwhile."""
    n_words_edited: int
    """Explanations that are left out, since only their words were edited: the scores are of the
    program, not of these words."""
    r_min: float | None
    r_max: float | None
    """Of the campaign's choice: only explanations with such a simulation r were drawn, so r tells
    less than it would of all."""
    replicates: int
    predictors: list[PredictorView]
    bins: list[AcceptanceBin]
    """By simulation r on the test split."""
