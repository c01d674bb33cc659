"""Which of three claims an explanation has earned: the one place that decides it.

*predicts*: on test text its r is better than that of other units' explanations. *replaces*: put in
the place of its unit, it keeps the output nearer to the unedited one than the unit's mean does, and
than another unit's explanation does. *controls*: the tokens that it names rise and fall when the
unit is moved, more than when random other units of the site are, and their signs agree more often
than a coin.

Each compares a 95 % interval with a border: earned where the interval lies above it, refuted where
it does not reach above it, undecided where the border is in it or there is no interval. A claim of
two parts is as good as the weaker. Nothing is imported here, for whoever opens the store decides by
this, too.
"""

from typing import Final, Literal, TypeAlias

Badge: TypeAlias = Literal["predicts", "controls", "replaces"]
Standing: TypeAlias = Literal["earned", "refuted", "undecided"]
Interval: TypeAlias = tuple[float | None, float | None]
"""Low and high end; None where there is none."""

BADGES: Final[tuple[Badge, ...]] = ("predicts", "controls", "replaces")
CHANCE: Final = 0.05
COIN: Final = 0.5


def survived(interval: Interval, shuffled: float | None, p: float | None) -> bool | None:
    """Whether a test of r is survived: the interval above the shuffled baseline and above 0, and
    where it was compared with many other units' explanations, p at most CHANCE. None: there is no
    interval or no baseline."""
    low, _ = interval
    if low is None or shuffled is None:
        return None
    by_luck = p is not None and p > CHANCE
    return not by_luck and low > max(0.0, shuffled)


def predicts(interval: Interval, shuffled: float | None, p: float | None) -> Standing:
    """Earned where the test is survived; what only p speaks against is undecided."""
    if survived(interval, shuffled, p):
        return "earned"
    standing = beside(interval, None if shuffled is None else max(0.0, shuffled))
    return "undecided" if standing == "earned" else standing


def replaces(simulation: Interval, difference: Interval) -> Standing:
    """`simulation`: of ablation to simulation; `difference`: of its value less the foil's."""
    return weaker(beside(simulation, 0.0), beside(difference, 0.0))


def controls(
    sign: Interval,
    differences: tuple[Interval, Interval],
    ps: tuple[float | None, float | None],
) -> Standing:
    """`differences`, `ps`: of precision and of sign agreement, beside those of random other units.
    What only a p speaks against (too few other units, or one that does as well) is undecided."""
    precise, signed = (beside(one, 0.0) for one in differences)
    standing = weaker(weaker(precise, signed), beside(sign, COIN))
    by_luck = any(p is None or p > CHANCE for p in ps)
    return "undecided" if standing == "earned" and by_luck else standing


def beside(interval: Interval, border: float | None) -> Standing:
    low, high = interval
    if low is None or high is None or border is None:
        return "undecided"
    if low > border:
        return "earned"
    return "refuted" if high <= border else "undecided"


def weaker(one: Standing, other: Standing) -> Standing:
    if "refuted" in (one, other):
        return "refuted"
    return "earned" if one == other == "earned" else "undecided"
