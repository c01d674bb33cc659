"""Each rule of a program against text: what it adds there, and whether that is what it claims."""

import numpy as np
import pytest

from analysis.programs.parsing import parse_program
from analysis.programs.reading import Reading
from analysis.programs.running import predict
from analysis.programs.vocabulary import Vocabulary
from analysis.score.rulewise import RuleTest, examine_rules
from tests.analysis.score.pools import pool_of

WORDS = ["<s>", " a", " b", " c", " d"]
N, LENGTH = 40, 30


@pytest.fixture(scope="module")
def reading() -> Reading:
    tokens = np.random.default_rng(0).integers(1, len(WORDS), (N, LENGTH))
    tokens[:, 0] = 0
    return Reading(tokens, np.full(N, LENGTH), Vocabulary(WORDS, None))


def found_of(source: str, truth: str, reading: Reading, noise: float = 0.1) -> list[RuleTest]:
    """`source`, tested on a unit that does what `truth` says, and some noise."""
    rng = np.random.default_rng(1)
    actual = predict(parse_program(truth), reading) + noise * rng.normal(size=reading.shape)
    return examine_rules(
        parse_program(source),
        reading,
        actual,
        pool_of(N, LENGTH, documents=np.arange(N) // 2, counted_from=1),
    )


def test_a_true_rule_is_borne_out_with_its_level(reading: Reading) -> None:
    both = 'when token in {" a"} -> 2\nwhen token[-1] in {" b"} -> -1'
    first, second = found_of(both, both, reading)
    assert (first.verdict, second.verdict) == ("borne out", "borne out")
    assert first.found == pytest.approx(2, abs=0.05)
    assert second.found == pytest.approx(-1, abs=0.05)
    assert first.low is not None
    assert first.high is not None
    assert first.low < 2 < first.high
    assert first.n_held == int((reading.tokens[:, 1:] == 1).sum())


def test_a_rule_of_the_wrong_sign_is_refuted(reading: Reading) -> None:
    truth = 'when token in {" a"} -> -2'
    (one,) = found_of('when token in {" a"} -> 2', truth, reading)
    assert one.verdict == "refuted"
    assert one.found == pytest.approx(-2, abs=0.05)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(
    ("claimed", "true", "verdict"),
    [(5, 0.2, "weaker than claimed"), (0.2, 5, "stronger than claimed"), (2, 2, "borne out")],
)
def test_a_rule_of_the_right_sign_and_another_level_is_not_borne_out(
    reading: Reading, sign: int, claimed: float, true: float, verdict: str
) -> None:
    claim, truth = (f'when token in {{" a"}} -> {sign * level}' for level in (claimed, true))
    (one,) = found_of(claim, truth, reading)
    assert one.verdict == verdict
    assert one.found == pytest.approx(sign * true, abs=0.05)


@pytest.mark.parametrize(
    ("claimed", "low", "high", "verdict"),
    [
        (5, 0.16, 0.23, "weaker than claimed"),
        (-5, -0.23, -0.16, "weaker than claimed"),
        (0.1, 0.16, 0.23, "stronger than claimed"),
        (-0.1, -0.23, -0.16, "stronger than claimed"),
        (0.23, 0.16, 0.23, "borne out"),
        (2, 2.0000001, 2.0000002, "borne out"),
        (-0.2, 0.16, 0.23, "refuted"),
        (0.2, -0.23, -0.16, "refuted"),
        (0, 0.16, 0.23, "refuted"),
        (0.2, 0, 0.23, "not decided"),
    ],
)
def test_a_verdict_is_by_where_the_interval_lies(
    claimed: float, low: float, high: float, verdict: str
) -> None:
    assert RuleTest(9, 9, claimed, (low + high) / 2, low, high).verdict == verdict


def test_a_rule_without_effect_is_not_decided(reading: Reading) -> None:
    truth = 'when token in {" a"} -> 2'
    _, idle = found_of(truth + '\nwhen token[-1] in {" c"} -> 1', truth, reading)
    assert idle.verdict == "not decided"


def test_a_rule_that_never_holds_has_no_number(reading: Reading) -> None:
    truth = 'when token in {" a"} -> 2'
    _, never = found_of(truth + '\nwhen token in {"zebra"} -> 1', truth, reading)
    assert (never.verdict, never.n_held, never.found) == ("never held", 0, None)


def test_of_a_first_rule_list_only_what_a_rule_decides_counts(reading: Reading) -> None:
    source = 'first\nwhen token in {" a"} -> 3\nwhen token in {" a", " b"} -> 1\notherwise 0'
    first, second = found_of(source, source, reading)
    assert second.n_held == int((reading.tokens[:, 1:] == 2).sum())
    assert first.found == pytest.approx(3, abs=0.05)
    assert second.found == pytest.approx(1, abs=0.05)


def test_a_table_claims_its_levels_as_a_whole(reading: Reading) -> None:
    claim = 'table token {" a": 2, " b": -1}'
    truth = 'table token {" a": 1, " b": -0.5}'
    (one,) = found_of(claim, truth, reading)
    assert (one.claimed, one.verdict) == (1, "weaker than claimed")
    assert one.found == pytest.approx(0.5, abs=0.05)
    (same,) = found_of(truth, truth, reading)
    assert (same.claimed, same.verdict) == (1, "borne out")


def test_tokens_without_a_finite_activation_are_left_out(reading: Reading) -> None:
    program = parse_program('when token in {" a"} -> 2')
    actual = predict(program, reading)
    actual[: N // 2] = np.nan
    (one,) = examine_rules(
        program, reading, actual, pool_of(N, LENGTH, documents=np.arange(N) // 2)
    )
    assert one.found == pytest.approx(2)
    assert one.n_held == int((reading.tokens[N // 2 :, 1:] == 1).sum())


@pytest.mark.parametrize("level", [3, -3])
def test_a_rule_that_claims_nothing_happens_is_refuted_by_what_does(
    reading: Reading, level: int
) -> None:
    rest = 'when token in {" b"} -> 1\notherwise 0'
    claim = f'first\nwhen token in {{" a"}} -> 0\n{rest}'
    first, _ = found_of(claim, f'first\nwhen token in {{" a"}} -> {level}\n{rest}', reading)
    assert (first.claimed, first.verdict) == (0, "refuted")
    same, _ = found_of(claim, claim, reading)
    assert same.verdict == "not decided"


@pytest.mark.parametrize("n_holding", [3, 6, 12])
def test_rules_of_no_effect_are_rarely_decided(n_holding: int) -> None:
    """Documents differ in level, and in what happens where the rule holds."""
    rng = np.random.default_rng(n_holding)
    n_decided, n, trials = 0, 60, 100
    pool = pool_of(n, LENGTH)
    vocabulary = Vocabulary(WORDS, None)
    program = parse_program('when token in {" d"} -> 1')
    for _ in range(trials):
        tokens = rng.integers(1, 4, (n, LENGTH))
        tokens[rng.choice(n, n_holding, replace=False)[:, None], rng.permutation(LENGTH)[:4]] = 4
        reading = Reading(tokens, np.full(n, LENGTH), vocabulary)
        held = (tokens == 4).astype(np.float64)
        actual = (
            held * rng.normal(size=(n, 1)) + rng.normal(size=(n, 1)) + rng.normal(size=held.shape)
        )
        (one,) = examine_rules(program, reading, actual, pool)
        n_decided += one.verdict != "not decided"
    assert n_decided / trials <= (0.08 if n_holding >= 6 else 0)


def test_two_documents_decide_nothing(reading: Reading) -> None:
    source = 'when token in {" a"} -> 2'
    actual = predict(parse_program(source), reading)
    (one,) = examine_rules(
        parse_program(source), reading, actual, pool_of(N, LENGTH, documents=np.arange(N) // 20)
    )
    assert (one.verdict, one.low, one.high) == ("not decided", None, None)
    assert one.found == pytest.approx(2)
