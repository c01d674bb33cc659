"""Small texts, and units whose rule is known, for tests of fitting."""

from dataclasses import dataclass

import numpy as np
from numpy import ndarray

from analysis.explain.rules.candidates import Candidates, make_candidates
from analysis.explain.rules.fitting import CalibrationText, FitText, fit_rules
from analysis.explain.rules.smoothing import make_basis, make_smoother, smooth
from analysis.programs.parsing import parse_program
from analysis.programs.program import Program
from analysis.programs.reading import Reading
from analysis.programs.running import predict
from analysis.programs.token_space import TokenSpace
from analysis.programs.vocabulary import Vocabulary

WORDS = [
    "\n", ".", ",", " (", ")", " the", " a", " of", " and", " in", " cat", " dog", " Cat", " run",
    " running", " sing", " singing", " bring", " Rome", " Paris", " one", " 12", " 7", " sea",
    " ship", " whale", " tax", " law", " vote", " red", " blue", " green", " says", " said", "s",
    " she", " he", " it", " was", " is",
]  # fmt: skip


def vocabulary(*, with_space: bool = False) -> Vocabulary:
    vectors = np.random.default_rng(7).normal(size=(len(WORDS), 8))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    space = TokenSpace(np.round(127 * vectors).astype(np.int8)) if with_space else None
    return Vocabulary(WORDS, space)


@dataclass(frozen=True, eq=False)
class Text:
    reading: Reading
    counted: ndarray

    def does(self, program: str) -> ndarray:
        """What a unit with this program does at the counted positions."""
        parsed = parse_program(program)
        return predict(parsed, self.reading)[self.counted].astype(np.float32)

    def says(self, program: Program) -> ndarray:
        return predict(program, self.reading)[self.counted]

    @property
    def n(self) -> int:
        return int(self.counted.sum())


def text(
    seed: int, *, n_windows: int = 48, length: int = 64, voc: Vocabulary | None = None
) -> Text:
    """Words at random, frequent ones first; a few windows are shorter."""
    rng = np.random.default_rng(seed)
    shares = 1 / np.arange(3, 3 + len(WORDS))
    tokens = rng.choice(len(WORDS), (n_windows, length), p=shares / shares.sum())
    lengths = np.full(n_windows, length)
    lengths[: n_windows // 8] = max(2, length // 2)
    counted = (np.arange(length) >= 1) & (np.arange(length) < lengths[:, None])
    return Text(Reading(tokens, lengths, voc or vocabulary()), counted)


def candidates(of: Text) -> Candidates:
    return make_candidates(of.reading, of.counted)


@dataclass(frozen=True, eq=False)
class Fitter:
    """Fit and calibration texts, ready for any number of units."""

    fit: Text
    calibration: Text
    on_fit: FitText
    on_calibration: CalibrationText

    def explain(self, on_fit: ndarray, on_calibration: ndarray, **limits: int) -> Program:
        basis = make_basis(self.fit.reading, self.fit.counted)
        n_vocab = len(self.fit.reading.vocabulary)
        space = self.fit.reading.vocabulary.space
        smoother = make_smoother(basis, n_dims=0 if space is None else space.vectors.shape[1])
        clean = np.where(np.isfinite(on_fit), on_fit, 0).astype(np.float32)
        _, smoothed = smooth(smoother, clean[None], n_vocab=n_vocab)
        return fit_rules(
            on_fit.astype(np.float32),
            smoothed[0],
            on_calibration.astype(np.float32),
            fit=self.on_fit,
            on=self.on_calibration,
            **limits,
        )

    def explain_known(self, program: str, *, noise: float = 0.0, seed: int = 5) -> Program:
        rng = np.random.default_rng(seed)
        fit, calibration = self.fit.does(program), self.calibration.does(program)
        return self.explain(
            fit + noise * rng.normal(size=len(fit)),
            calibration + noise * rng.normal(size=len(calibration)),
        )


def fitter(*, with_space: bool = False, **shape: int) -> Fitter:
    voc = vocabulary(with_space=with_space)
    fit, calibration = text(1, voc=voc, **shape), text(2, voc=voc, **shape)
    return Fitter(
        fit,
        calibration,
        FitText(candidates(fit), fit.counted),
        CalibrationText(calibration.reading, calibration.counted),
    )
