"""Badges: what an explanation has survived, failed, or left undecided, each a link to its evidence.

The state is a word and a sign besides its colour; what was not tested has no badge.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from markupsafe import Markup, escape

from app.rendering.glossary import GLOSSARY
from app.rendering.markup import trusted
from app.rendering.score_bar import Bar, number, small
from app.store.views.causal import (
    BADGES,
    Badge,
    BadgeView,
    CausalScoreView,
    CausalSummaryView,
    ModelEvidenceView,
    SiteReplacementView,
    Standing,
)
from app.store.views.score import BaselinesView

SIGNS: Final[dict[Standing, str]] = {"earned": "✓", "refuted": "✗", "undecided": "?"}
SAID: Final[dict[Standing, str]] = {
    "earned": "survived", "refuted": "refuted", "undecided": "undecided",
}  # fmt: skip
CAUSAL: Final = {
    "ablation_to_simulation": "ablation to simulation", "replacement": "replacement",
    "control_precision": "precision at 10", "control_sign": "sign agreement",
}  # fmt: skip
FROM_ZERO: Final = frozenset({"ablation_to_simulation", "replacement"})
"""Scores that are 0 with the unit's mean in its place."""


def badges(found: Sequence[BadgeView], address: str = "") -> Markup:
    """`address`: of the explanation's page; empty on the page itself."""
    if not found:
        return Markup("")
    marks = " ".join(_badge(one, address) for one in found)
    return trusted(f'<span class="claim-badges">{marks}</span>')


def short_badges(found: Sequence[BadgeView], address: str) -> Markup:
    """For tables: a sign and a letter each, with the words for those who listen or hover."""
    marks = "".join(
        f'<a class="claim-badge is-{one.standing}" href="{escape(address)}#{one.name}"'
        f' title="{one.name}: {SAID[one.standing]}"><span aria-hidden="true">'
        f"{SIGNS[one.standing]}{one.name[0].upper()}</span>"
        f'<span class="visually-hidden">{one.name}: {SAID[one.standing]} </span></a>'
        for one in found
    )
    return trusted(f'<span class="claim-badges">{marks}</span>' if marks else "")


def _badge(one: BadgeView, address: str) -> str:
    why = f" ({one.reason})" if one.reason else ""
    told = f"{GLOSSARY[one.name]} Here: {SAID[one.standing]}{why}."
    return (
        f'<a class="claim-badge is-{one.standing}" href="{escape(address)}#{one.name}"'
        f' data-definition="{escape(told)}"><span aria-hidden="true">{SIGNS[one.standing]}</span>'
        f' {one.name}<span class="visually-hidden">: {SAID[one.standing]}</span></a>'
    )


def standing_of(found: Sequence[BadgeView], name: Badge) -> str:
    """In words, with the reason; nothing where it was not tested."""
    one = next((badge for badge in found if badge.name == name), None)
    if one is None:
        return ""
    return SAID[one.standing] + (f": {one.reason}" if one.reason else "")


def causal_title(score: str) -> str:
    return CAUSAL[score]


def causal_bar(score: CausalScoreView | SiteReplacementView, start: float = -1.0) -> Markup:
    """The value with its interval, the mean where that is 0, the foil and the cut lookup, on an
    axis that all of a table share."""
    if score.value is None:
        return Markup("")
    baselines = BaselinesView(
        mean=0.0 if score.score in FROM_ZERO else None,
        lookup=None,
        shuffled=score.foil,
        lookup_cut=score.lookup_cut if isinstance(score, CausalScoreView) else None,
    )
    title = CAUSAL[score.score]
    return small(Bar(title, score.split, score.value, score.low, score.high, baselines), start)


def difference(score: CausalScoreView | SiteReplacementView) -> Markup:
    """By how much the foil is exceeded, with the interval of that."""
    if score.difference is None:
        return Markup('<span class="absent"><span class="visually-hidden">none</span>–</span>')
    sign = "+" if score.difference >= 0 else ""
    ends = ""
    if score.difference_low is not None and score.difference_high is not None:
        ends = (
            ' <span class="interval"><span class="visually-hidden">95 % interval </span>'
            f"{number(score.difference_low)} to {number(score.difference_high)}</span>"
        )
    return trusted(f"{sign}{number(score.difference)}{ends}")


@dataclass(frozen=True)
class BadgeTotal:
    """One badge over all units that were chosen at random."""

    badge: Badge
    n_units: int
    n_earned: int
    n_refuted: int
    n_undecided: int
    n_untested: int
    n_valued: int
    mean: float | None
    medians: tuple[float, float, float] | None
    """Of the sites' medians the lowest, the middle and the highest."""
    by_luck: float

    @property
    def share(self) -> float:
        return self.n_earned / self.n_units if self.n_units else 0.0


@dataclass(frozen=True)
class EvidenceLayer:
    """One site: its badges, and all of its programs at once."""

    site: str
    layer: int
    n_units: int
    n_units_of_site: int
    badges: dict[str, CausalSummaryView]
    whole: SiteReplacementView | None


def totals(evidence: ModelEvidenceView) -> list[BadgeTotal]:
    """In the order predicts, controls, replaces; empty where nothing was tested."""
    found = []
    for badge in BADGES:
        rows = [one for one in evidence.summaries if one.badge == badge]
        if not rows:
            continue
        n_valued = sum(one.n_valued for one in rows)
        summed = sum((one.mean or 0.0) * one.n_valued for one in rows)
        found.append(
            BadgeTotal(
                badge=badge,
                n_units=sum(one.n_units for one in rows),
                n_earned=sum(one.n_earned for one in rows),
                n_refuted=sum(one.n_refuted for one in rows),
                n_undecided=sum(one.n_undecided for one in rows),
                n_untested=sum(one.n_untested for one in rows),
                n_valued=n_valued,
                mean=summed / n_valued if n_valued else None,
                medians=_spread([one.median for one in rows if one.median is not None]),
                by_luck=sum(one.by_luck for one in rows),
            )
        )
    return found


def _spread(medians: Sequence[float]) -> tuple[float, float, float] | None:
    return (min(medians), median(medians), max(medians)) if medians else None


def layers(evidence: ModelEvidenceView) -> list[EvidenceLayer]:
    whole = {one.site: one for one in evidence.sites if one.score == "ablation_to_simulation"}
    by_site: dict[str, dict[str, CausalSummaryView]] = {}
    for one in evidence.summaries:
        by_site.setdefault(one.site, {})[one.badge] = one
    return [
        EvidenceLayer(
            site=site,
            layer=next(iter(found.values())).layer,
            n_units=next(iter(found.values())).n_units,
            n_units_of_site=next(iter(found.values())).n_units_of_site,
            badges=found,
            whole=whole.get(site),
        )
        for site, found in by_site.items()
    ]
