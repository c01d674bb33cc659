"""What tokens add up to that several rules list."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.programs.english import in_english
from analysis.programs.netting import net_tokens
from analysis.programs.parsing import parse_program
from analysis.programs.program import At, OneOf, Rule
from analysis.programs.writing import write_predicate

LISTING = st.builds(
    Rule,
    st.builds(
        At,
        st.integers(0, 1),
        st.builds(OneOf, st.lists(st.sampled_from("abcde"), min_size=1, max_size=5).map(tuple)),
    ),
    st.integers(-3, 3).map(float),
)


@pytest.mark.parametrize(
    ("source", "english"),
    [
        (  # the sum is below 0: named where it falls alone
            'when token in {" House", " half"} -> 0.241 when token in {" Di", " half"} -> -0.497',
            "Fires on “ House”. Falls below its usual level on “ Di” and “ half”.",
        ),
        (  # nothing is left of the weaker rule
            'when token in {" a", " b"} -> 2 when token in {" b"} -> -0.5',
            "Fires on “ a” and “ b”.",
        ),
        (
            'when token in {" a"} -> 0.3 when token in {" a"} -> -0.3 otherwise 1',
            "Predicts 1 everywhere.",
        ),
        (  # the strongest sum first, and each token once
            'when token in {" a", " b"} -> 1 when token in {" b", " c"} -> 0.5',
            "Fires most on “ b” and “ a”; also on “ c”.",
        ),
        (  # a rule is as strong as what is left of it
            'when token in {" a"} -> 3 when token is number -> 1 when token in {" a"} -> -2.5',
            "Fires most on numbers; also on “ a”.",
        ),
        (  # the same of the token before, and places are not mixed
            'when token[-1] in {" a", " b"} -> 1 when token[-1] in {" b"} -> -2 '
            'when token in {" a"} -> -3',
            "Fires after “ a”. Falls below its usual level most on “ a”; also after “ b”.",
        ),
        (  # `word in` and conditions say something else than the token alone
            'when token in {"a"} -> 1 when word in {"a"} -> -2 '
            'when token in {"a"} and inside code -> -3',
            "Fires on “a”. Falls below its usual level most on “a” inside code; "
            "also on “a” (any case).",
        ),
        (  # where the first rule has its say, nothing is added
            'first when token in {" a"} -> 1 when token in {" a"} -> -2 otherwise 0',
            "Predicts 1 on “ a”; failing that, −2 on “ a”; elsewhere 0.",
        ),
    ],
)
def test_a_token_of_several_rules_is_named_on_the_side_of_its_sum(
    source: str, english: str
) -> None:
    assert in_english(parse_program(source)) == english


def test_rules_that_share_no_token_stay_as_they_are() -> None:
    program = parse_program(
        'when token in {" b", " a"} -> 1 when token in {" c"} -> -1 when always -> 2'
    )
    assert net_tokens(program.rules) == list(program.rules)


@given(st.lists(LISTING, max_size=6))
def test_every_token_is_listed_once_on_the_side_of_its_sum(rules: list[Rule]) -> None:
    totals: Counter[str] = Counter()
    for rule in rules:
        for token in _listed(rule):
            totals[token] += int(rule.level)
    named = [(token, rule.level) for rule in net_tokens(rules) for token in _listed(rule)]
    sides = {token: level > 0 for token, level in named if level != 0}
    assert sides == {token: total > 0 for token, total in totals.items() if total != 0}
    assert len(named) == len({token for token, _ in named})


def _listed(rule: Rule) -> set[str]:
    """Each with its place."""
    assert isinstance(rule.predicate, At)
    assert isinstance(rule.predicate.test, OneOf)
    return {
        write_predicate(At(rule.predicate.back, OneOf((text,))))
        for text in rule.predicate.test.texts
    }
