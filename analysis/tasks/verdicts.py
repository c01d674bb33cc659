"""What came of a claim about units, in words."""

from typing import Final

from analysis.protocol.proofs import Estimate
from analysis.tasks.features import Sharing

LEAST_MATTER: Final = 0.02
"""Of what the whole model does: below it there is nothing that a claim could explain."""
NEARLY_ALL: Final = 0.8
LITTLE: Final = 0.3
MINUS: Final = "\u2212"


def verdict(n_units: int, shared: Sharing, matter: Estimate, explained: Estimate | None) -> str:
    """`matter`: what the circuit does more with the units' own values than with any prompt's;
    `explained`: which part of it is left with those of prompts that share what is claimed."""
    if shared.mostly_alone:
        return (
            f"This cannot be tested here: {shared.n_alone} of {shared.n_prompts} prompts share "
            "what is claimed with no other pair of their length, or do not have it."
        )
    if shared.n_values < 2:
        return (
            "Nothing was tested: what is claimed is the same in all of these prompts, and tells "
            "none of them apart."
        )
    one = n_units == 1
    these = "this unit" if one else f"these {n_units} units"
    if explained is None or not _matters(matter):
        return (
            f"Nothing was tested, for {these} {'does' if one else 'do'} not matter here: "
            f"{'its' if one else 'their'} own values recover {_number(matter)} more than those of "
            "any prompt."
        )
    hinders = f", which {'hinders' if one else 'hinder'}," if matter.value < 0 else ""
    return (
        f"The claim explains {_number(explained)} of the {_number(matter)} that {these}"
        f"{hinders} {'matters' if one else 'matter'} here: {_said(explained, one=one)}."
    )


def is_tested(shared: Sharing, matter: Estimate) -> bool:
    """Whether enough prompts share what is claimed, it tells them apart, and the units matter."""
    return not shared.mostly_alone and shared.n_values > 1 and _matters(matter)


def _matters(matter: Estimate) -> bool:
    """Whether what they do is beyond doubt, and large enough to be shared out."""
    low, high = matter.low, matter.high
    if low is not None and high is not None and low <= 0 <= high:
        return False
    return abs(matter.value) >= LEAST_MATTER


def _said(explained: Estimate, *, one: bool) -> str:
    low, high = explained.low, explained.high
    carry = "it carries" if one else "they carry"
    if low is None or high is None:
        return "of so few prompts nothing says how surely"
    if low >= NEARLY_ALL:
        return f"{carry} that, and hardly anything else that counts"
    if high <= LITTLE:
        return f"that is little or nothing of what {carry}"
    if low > 0:
        return f"it is part of what {carry}, {'but not all' if high < 1 else 'or all'}"
    return "too uncertain to tell"


def _number(estimate: Estimate) -> str:
    if estimate.low is None or estimate.high is None:
        return _two(estimate.value)
    return f"{_two(estimate.value)} [{_two(estimate.low)}, {_two(estimate.high)}]"


def _two(value: float) -> str:
    return f"{round(value, 2) + 0.0:.2f}".replace("-", MINUS)
