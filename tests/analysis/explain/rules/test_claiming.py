"""Chance is told from fit."""

import numpy as np
import pytest

from analysis.explain.rules import claiming
from analysis.explain.rules.claiming import CHANCE, LEAST_R, is_borne_out, r_or_least

N = 2_000


def test_correlation_is_pearsons_and_below_everything_where_undefined() -> None:
    assert r_or_least(np.array([1.0, 2, 3]), np.array([2.0, 4, 7])) == pytest.approx(0.9933993)
    assert r_or_least(np.ones(4), np.arange(4.0)) == -1


def test_noise_is_claimed_no_oftener_than_the_stated_chance(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(claiming, "LEAST_R", -1.0)
    rng = np.random.default_rng(0)
    claims = sum(is_borne_out(rng.normal(size=N), rng.normal(size=N)) for _ in range(2_000))
    assert claims <= 2_000 * CHANCE + 3 * np.sqrt(2_000 * CHANCE)


def test_a_unit_that_fires_a_few_times_by_chance_is_not_claimed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(claiming, "LEAST_R", -1.0)
    rng = np.random.default_rng(0)
    fired, said = (rng.random((2_000, N)) < 0.003 for _ in range(2))
    claims = sum(is_borne_out(a.astype(float), p.astype(float)) for a, p in zip(fired, said,
                 strict=True))  # fmt: skip
    assert claims <= 2_000 * CHANCE + 3 * np.sqrt(2_000 * CHANCE)


def test_what_fits_is_claimed() -> None:
    rng = np.random.default_rng(0)
    truth = (rng.random(N) < 0.05).astype(float)
    assert is_borne_out(truth + 0.3 * rng.normal(size=N), truth)


def test_what_fits_but_explains_next_to_nothing_is_not_claimed() -> None:
    rng = np.random.default_rng(0)
    said = rng.normal(size=100_000)
    actual = LEAST_R / 2 * said + rng.normal(size=100_000)
    assert not is_borne_out(actual, said)


def test_the_opposite_is_not_claimed() -> None:
    said = np.random.default_rng(0).normal(size=N)
    assert not is_borne_out(-said, said)


def test_nothing_is_claimed_of_a_text_too_short_to_shift() -> None:
    said = np.random.default_rng(0).normal(size=100)
    assert not is_borne_out(said, said)
