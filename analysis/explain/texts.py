"""The texts that units are explained from and tested on, made ready once for all units.

Fit and calibration are looked at by what is fitted; test and the held-out domains only by scores.
Where a sweep kept too few calibration windows, some of fit take their place (`score.division`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, Int64
from numpy import ndarray

from analysis.errors import AnalysisError
from analysis.explain.rules.candidates import make_candidates
from analysis.explain.rules.fitting import CalibrationText, FitText
from analysis.explain.rules.smoothing import Basis, Smoother, make_basis, make_smoother
from analysis.programs.reading import Reading
from analysis.programs.vocabulary import Vocabulary
from analysis.score.division import CALIBRATION, FEWEST_WINDOWS, FIT, Division, divide
from analysis.score.pools import Pool, PoolText, prepare_pool
from analysis.score.units import TopWindows


class TooLittleTextError(AnalysisError):
    """Not enough windows to fit anything and test it."""


@dataclass(frozen=True, eq=False)
class PoolWindows:
    """The windows of one split's pool."""

    tokens: Int64[ndarray, "window pos"]
    lengths: Int64[ndarray, " window"]
    documents: Int64[ndarray, " window"]
    """The document, or the group that it is of: what intervals draw as one."""
    numbers: Int64[ndarray, " window"]

    def part(self, chosen: slice) -> "PoolWindows":
        return PoolWindows(
            self.tokens[chosen], self.lengths[chosen], self.documents[chosen], self.numbers[chosen]
        )

    def cut(self, most: int | None) -> "PoolWindows":
        """Each to its first tokens; None: as they are."""
        if most is None:
            return self
        lengths = np.minimum(self.lengths, most)
        return PoolWindows(self.tokens[:, :most], lengths, self.documents, self.numbers)


@dataclass(frozen=True, eq=False)
class UnitTops:
    """Windows of one split that are kept for one unit: those that make it fire most, or all."""

    tokens: Int64[ndarray, "kept pos"]
    about: TopWindows


@dataclass(frozen=True, eq=False)
class SplitText:
    """One split as scores and programs see it."""

    windows: PoolWindows
    reading: Reading
    pool: Pool
    basis: Basis

    @property
    def counted(self) -> Bool[ndarray, "window pos"]:
        return self.pool.within


@dataclass(frozen=True, eq=False)
class Texts:
    fit: SplitText
    calibration: SplitText
    tested: Mapping[str, SplitText]
    """test and every held-out domain."""
    rules_fit: FitText
    rules_calibration: CalibrationText
    smoother: Smoother
    vocabulary: Vocabulary
    division: Division

    def divided(
        self, activations: Mapping[str, Float32[ndarray, "unit _ pos"]]
    ) -> dict[str, Float32[ndarray, "unit _ pos"]]:
        """Activations by split, with calibration taken from fit where it stands in."""
        source, windows = self.division.calibration
        return {
            **activations,
            FIT: activations[FIT][:, self.division.fit],
            CALIBRATION: activations[source][:, windows],
        }


def prepare_texts(
    windows: Mapping[str, PoolWindows],
    vocabulary: Vocabulary,
    *,
    counted_from: int,
    seed: int,
    fewest_tested: int = FEWEST_WINDOWS,
) -> Texts:
    """Raises TooLittleTextError where fit or test are missing or too small."""
    for split, fewest in ((FIT, FEWEST_WINDOWS), ("test", fewest_tested)):
        n = len(windows[split].lengths) if split in windows else 0
        if n < fewest:
            raise TooLittleTextError(
                f"the sweep kept {n} windows of split {split}, and explaining needs at least "
                f"{fewest}",
                hint=f"Sweep again with more: --pool {split}=40.",
            )
    division = divide({split: len(one.lengths) for split, one in windows.items()})
    source, calibrated_on = division.calibration
    divided = {
        **windows,
        FIT: windows[FIT].part(division.fit),
        CALIBRATION: windows[source].part(calibrated_on),
    }
    splits = {
        split: _read(one, vocabulary, counted_from=counted_from, seed=seed)
        for split, one in divided.items()
    }
    fit, calibration = splits.pop(FIT), splits.pop(CALIBRATION)
    n_dims = 0 if vocabulary.space is None else vocabulary.space.vectors.shape[1]
    return Texts(
        fit=fit,
        calibration=calibration,
        tested=splits,
        rules_fit=FitText(make_candidates(fit.reading, fit.counted), fit.counted),
        rules_calibration=CalibrationText(calibration.reading, calibration.counted),
        smoother=make_smoother(fit.basis, n_dims=n_dims),
        vocabulary=vocabulary,
        division=division,
    )


def _read(
    windows: PoolWindows, vocabulary: Vocabulary, *, counted_from: int, seed: int
) -> SplitText:
    about = PoolText(windows.lengths, windows.documents, windows.numbers, counted_from)
    pool = prepare_pool(about, n_pos=windows.tokens.shape[1], seed=seed)
    reading = Reading(windows.tokens, windows.lengths, vocabulary)
    return SplitText(windows, reading, pool, make_basis(reading, np.asarray(pool.within)))
