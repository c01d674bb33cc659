"""Badges of an explanation from its stored scores, decided by `analysis.score.badges` alone."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Row

from app.store.views.causal import BadgeView, Standing
from app.store.views.score import IMPORTED, HeadlineView

Scores = Mapping[str, Row[*tuple[Any, ...]]]
"""Rows of causal scores on the test split, by name."""


FORETELLS: Final = frozenset({"output"})
"""Methods whose explanations say themselves which tokens rise and fall. Beside others stands what
the unit's weights foretell, which is none of their doing."""


def badges_of(
    method: str, headlines: Sequence[HeadlineView], causal: Scores, *, site: str
) -> list[BadgeView]:
    """Those of what was tested, in the order predicts, controls, replaces. Of a head, the length of
    what it writes is replaced; where that points is its own doing, so *replaces* is not earned."""
    found = [
        _predicts(headlines),
        _controls(causal) if method in FORETELLS else None,
        None if site.startswith("attn.") else _replaces(causal),
    ]
    return [badge for badge in found if badge is not None]


def _predicts(headlines: Sequence[HeadlineView]) -> BadgeView | None:
    """What an import says of itself is no test, nor is a split that something was chosen on."""
    test = next((one for one in headlines if one.split == "test"), None)
    if test is None or test.judge.startswith(IMPORTED) or test.status in ("not run", "failed"):
        return None
    from analysis.score.badges import predicts  # the store opens without the analysis

    standing = predicts((test.low, test.high), test.baselines.shuffled, test.p)
    return BadgeView(name="predicts", standing=standing, reason=_why(standing, test.reason))


def _replaces(causal: Scores) -> BadgeView | None:
    score = causal.get("ablation_to_simulation")
    if score is None or score.status == "failed":
        return None
    from analysis.score.badges import replaces

    difference = (score.difference_low, score.difference_high)
    standing = replaces((score.low, score.high), difference)
    return BadgeView(name="replaces", standing=standing, reason=_why(standing, score.reason))


def _controls(causal: Scores) -> BadgeView | None:
    precision, sign = causal.get("control_precision"), causal.get("control_sign")
    if precision is None or sign is None or precision.status == "failed":
        return None
    from analysis.score.badges import controls

    standing = controls(
        (sign.low, sign.high),
        (
            (precision.difference_low, precision.difference_high),
            (sign.difference_low, sign.difference_high),
        ),
        (precision.p, sign.p),
    )
    return BadgeView(name="controls", standing=standing, reason=_why(standing, precision.reason))


def _why(standing: Standing, reason: str | None) -> str | None:
    return reason if standing == "undecided" else None
