"""A unit is explained by its own rules, from fit and calibration and nothing else."""

import numpy as np
import pytest

from analysis.programs.length import n_listed
from analysis.programs.parsing import parse_program
from analysis.programs.program import Program
from analysis.programs.writing import write_program
from tests.analysis.explain.rules.invented import Fitter, Text, fitter, text

NUMBERS = "sum\nwhen token is number -> 2\notherwise 0.5"
TWO = (
    'sum\nwhen token in {" cat", " dog"} -> 3\nwhen token[-1] in {" in", " of"} -> -1\notherwise 0'
)
MANY = "sum\n" + "".join(
    f'when token in {{"{word}"}} -> {level}\n'
    for word, level in zip((" cat", " dog", " red", " sea", " law", " vote", " she"),
                           (1, 1.6, 2.3, 3.1, 4, 5, -2), strict=True)
) + "otherwise 0"  # fmt: skip


@pytest.fixture(scope="module")
def fits() -> Fitter:
    return fitter()


def r_on(program: Program, truth: str, other: Text) -> float:
    return float(np.corrcoef(other.says(program), other.does(truth))[0, 1])


def test_one_rule_is_found_as_it_is(fits: Fitter) -> None:
    found = fits.explain_known(NUMBERS)
    assert len(found.rules) == 1
    assert found.rules[0].predicate == parse_program(NUMBERS).rules[0].predicate
    assert found.rules[0].level == pytest.approx(2, rel=0.01)
    assert found.base == pytest.approx(0.5, abs=0.01)


def test_two_meanings_are_two_rules(fits: Fitter) -> None:
    found = fits.explain_known(TWO)
    assert {rule.predicate for rule in found.rules} == {
        rule.predicate for rule in parse_program(TWO).rules
    }


def test_a_noisy_unit_is_explained_nearly_as_well(fits: Fitter) -> None:
    for truth in (NUMBERS, TWO, MANY):
        found = fits.explain_known(truth, noise=1.0)
        assert r_on(found, truth, text(3)) > 0.9


def test_the_limits_hold_for_each_tail_and_in_all(fits: Fitter) -> None:
    rng = np.random.default_rng(0)
    per_word = rng.normal(size=40).astype(np.float32)

    def does(one: Text) -> np.ndarray:
        noise = 0.5 * rng.normal(size=one.n)
        return per_word[one.reading.tokens[one.counted]] + noise

    found = fits.explain(does(fits.fit), does(fits.calibration), most_rules=3, most_listed=10)
    assert found.rules
    assert sum(rule.level > 0 for rule in found.rules) <= 3
    assert sum(rule.level < 0 for rule in found.rules) <= 3
    assert n_listed(found) <= 10


def test_noise_is_explained_by_nothing(fits: Fitter) -> None:
    rng = np.random.default_rng(0)
    found = [
        fits.explain(rng.normal(size=fits.fit.n), rng.normal(size=fits.calibration.n))
        for _ in range(40)
    ]
    assert sum(bool(program.rules) for program in found) <= 2


def test_the_same_is_found_every_time_whatever_was_fitted_before(fits: Fitter) -> None:
    rng = np.random.default_rng(0)
    unit = rng.normal(size=fits.fit.n) + fits.fit.does(MANY)
    calibration = rng.normal(size=fits.calibration.n) + fits.calibration.does(MANY)
    first = write_program(fits.explain(unit, calibration))
    fits.explain_known(TWO, noise=1.0)
    assert write_program(fits.explain(unit, calibration)) == first
    assert write_program(fitter().explain(unit, calibration)) == first


def test_what_is_not_finite_is_left_out(fits: Fitter) -> None:
    unit, calibration = fits.fit.does(NUMBERS), fits.calibration.does(NUMBERS)
    unit[::97], calibration[::89] = np.nan, np.inf
    found = fits.explain(unit, calibration)
    assert r_on(found, NUMBERS, text(3)) > 0.99


def test_a_unit_that_never_fires_has_no_rule(fits: Fitter) -> None:
    zero = np.zeros(fits.fit.n)
    assert fits.explain(zero, np.zeros(fits.calibration.n)) == Program(0.0)


def test_a_constant_unit_is_its_constant(fits: Fitter) -> None:
    found = fits.explain(np.full(fits.fit.n, 2.5), np.full(fits.calibration.n, 2.5))
    assert found == Program(2.5)


def test_a_unit_without_any_finite_activation_has_no_rule(fits: Fitter) -> None:
    nan = np.full(fits.fit.n, np.nan)
    assert fits.explain(nan, np.full(fits.calibration.n, np.nan)) == Program(0.0)


def test_nothing_is_claimed_where_calibration_is_constant_or_not_finite(fits: Fitter) -> None:
    for value in (0.0, np.nan):
        found = fits.explain(fits.fit.does(NUMBERS), np.full(fits.calibration.n, value))
        assert found.rules == ()


def test_a_unit_that_fires_everywhere_is_explained_by_where_it_fires_less(fits: Fitter) -> None:
    truth = "sum\nwhen token is number -> -2\notherwise 9"
    assert r_on(fits.explain_known(truth), truth, text(3)) > 0.99


def test_windows_of_four_tokens_are_enough_to_look_at() -> None:
    short = fitter(n_windows=400, length=4)
    assert r_on(short.explain_known(NUMBERS), NUMBERS, text(3)) > 0.99


def test_neighbourhoods_are_used_where_the_tokens_have_places() -> None:
    near = fitter(with_space=True)
    truth = NUMBERS
    assert r_on(near.explain_known(truth), truth, text(3)) > 0.99


def test_calibration_decides_whether_anything_is_claimed(fits: Fitter) -> None:
    unit = fits.fit.does(NUMBERS)
    assert fits.explain(unit, fits.calibration.does(NUMBERS)).rules
    assert not fits.explain(unit, -fits.calibration.does(NUMBERS)).rules
