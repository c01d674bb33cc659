"""The additive prediction: by hand where it is a table, and better than one where tokens are near
to each other."""

import numpy as np
import pytest

from analysis.explain.rules import smoothing
from analysis.explain.rules.smoothing import (
    make_basis,
    make_smoother,
    predict_smoothed,
    smooth,
    smoothed_program,
)
from analysis.programs.parsing import parse_program
from analysis.programs.reading import Reading
from analysis.programs.running import predict
from analysis.programs.writing import write_program
from tests.analysis.explain.rules.invented import WORDS, text, vocabulary


def test_without_a_token_space_it_is_three_shrunk_tables() -> None:
    reading = Reading(np.array([[9, 1, 1, 2]]), np.array([4]), vocabulary())
    counted = np.array([[False, True, True, True]])
    basis = make_basis(reading, counted)
    actual = np.array([[4.0, 4.0, -2.0]], np.float32)
    _, predicted = smooth(make_smoother(basis, n_dims=0), actual, n_vocab=len(WORDS))
    # Mean 2; token 1: (2 + 2)/(2 + 3) = 0.8, token 2: −4/(1 + 3) = −1. Left: 1.2, 1.2, −3.
    # After 9: 1.2/(1 + 10); after 1: (1.2 − 3)/(2 + 10) = −0.15. Left: …, 1.35, −2.85.
    # Two after 9: 1.35/(1 + 40); two after 1: −2.85/(1 + 40).
    wanted = [2 + 0.8 + 1.2 / 11, 2 + 0.8 - 0.15 + 1.35 / 41, 2 - 1 - 0.15 - 2.85 / 41]
    assert predicted[0].tolist() == pytest.approx(wanted, abs=1e-5)


def test_it_predicts_the_text_that_it_was_fitted_to_as_it_said() -> None:
    here = text(0, voc=vocabulary(with_space=True))
    basis = make_basis(here.reading, here.counted)
    smoother = make_smoother(basis, n_dims=8)
    actual = np.random.default_rng(0).normal(size=(3, here.n)).astype(np.float32)
    found, predicted = smooth(smoother, actual, n_vocab=len(WORDS))
    np.testing.assert_allclose(predict_smoothed(found, smoother, basis), predicted, atol=1e-4)


def test_what_tokens_mean_carries_over_to_tokens_that_fit_lacks() -> None:
    voc = vocabulary(with_space=True)
    here = text(0, voc=voc, n_windows=200)
    assert voc.space is not None
    likes = voc.space.vectors[:, 0] / 127
    seen = here.counted & (here.reading.tokens % 2 == 0)
    unseen = here.counted & (here.reading.tokens % 2 == 1)
    fit, test = (make_basis(here.reading, where) for where in (seen, unseen))
    smoother = make_smoother(fit, n_dims=8)
    actual = likes[here.reading.tokens]
    found, _ = smooth(smoother, actual[seen][None].astype(np.float32), n_vocab=len(WORDS))
    predicted = predict_smoothed(found, smoother, test)[0]
    assert np.corrcoef(predicted, actual[unseen])[0, 1] > 0.8


@pytest.mark.parametrize("with_space", [True, False])
def test_written_as_a_program_and_run_it_predicts_the_same(with_space: bool) -> None:
    voc = vocabulary(with_space=with_space)
    here, there = text(0, voc=voc), text(1, voc=voc)
    smoother = make_smoother(make_basis(here.reading, here.counted), n_dims=8 if with_space else 0)
    actual = np.random.default_rng(0).normal(size=(2, here.n)).astype(np.float32)
    found, _ = smooth(smoother, actual, n_vocab=len(WORDS))
    wanted = predict_smoothed(found, smoother, make_basis(there.reading, there.counted))
    for unit in range(2):
        program = parse_program(write_program(smoothed_program(found, smoother, unit, voc)))
        ran = predict(program, there.reading)[there.counted]
        np.testing.assert_allclose(ran, wanted[unit], atol=1e-4)


def test_a_program_that_would_list_too_much_leaves_out_the_smallest_levels(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    voc = vocabulary(with_space=True)
    here = text(0, voc=voc)
    smoother = make_smoother(make_basis(here.reading, here.counted), n_dims=8)
    actual = np.random.default_rng(0).normal(size=(1, here.n)).astype(np.float32)
    found, _ = smooth(smoother, actual, n_vocab=len(WORDS))
    whole = [abs(x) for t in smoothed_program(found, smoother, 0, voc).tables for _, x in t.levels]
    monkeypatch.setattr(smoothing, "MOST_WRITTEN", 20)
    few = [abs(x) for t in smoothed_program(found, smoother, 0, voc).tables for _, x in t.levels]
    assert len(few) == 20
    assert sorted(few) == sorted(whole)[-20:]
