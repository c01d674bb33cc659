"""A program's rules are counted by verdict, in a sentence above their table."""

from typing import get_args

from analysis.score.rulewise import Verdict
from app.rendering.verdicts import ORDER, verdicts
from app.store.views.program import RuleTestView


def rule(verdict: str) -> RuleTestView:
    return RuleTestView.model_validate(
        {
            "n_held": 9, "n_documents": 9, "claimed": 1.0, "found": 0.2, "low": 0.1, "high": 0.3,
            "verdict": verdict,
        }
    )  # fmt: skip


def test_a_rule_of_another_level_is_counted_apart_from_those_borne_out() -> None:
    shown = ["weaker than claimed", "borne out", "refuted", "borne out", "stronger than claimed"]
    assert verdicts([rule(verdict) for verdict in shown]) == (
        "Of 5 rules: 2 borne out, 1 weaker than claimed, 1 stronger than claimed, 1 refuted."
    )


def test_whatever_a_rule_can_be_is_counted() -> None:
    assert set(ORDER) == set(get_args(Verdict))
    assert verdicts([rule(verdict) for verdict in ORDER]).startswith("Of 6 rules: 1 borne out, 1 ")
    assert verdicts([rule("never held")]) == "Of 1 rule: 1 never held."
    assert verdicts([]) == ""
