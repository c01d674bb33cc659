"""The text that explanations are held to account on, and that on which foils get their line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32
from numpy import ndarray

from analysis.causal.standing_in import Readings
from analysis.causal.windows import MeasuredText, measured_text
from analysis.corpora.windows import Windows
from analysis.explain.texts import PoolWindows
from analysis.programs.reading import Reading
from analysis.programs.vocabulary import Vocabulary
from analysis.score.division import FIT, Division, divide
from analysis.score.lookup import Lookup, cut_lookup, fit_lookup, predict_lookup
from analysis.score.pools import Pool, PoolText, prepare_pool
from analysis.worker.explaining.sources import PoolFile, pool_windows, read_units
from app.errors import NotFoundError

TEST = "test"


@dataclass(frozen=True, eq=False)
class Texts:
    measured: MeasuredText
    readings: Readings
    fit: PoolWindows
    fit_pool: Pool
    division: Division
    vocabulary: Vocabulary

    def seen(
        self, pools: Mapping[str, PoolFile], units: Sequence[int]
    ) -> tuple[Float32[ndarray, "unit fit pos"], Float32[ndarray, "unit calibration pos"]]:
        """Activations on what explanations were made from: of fit and of calibration."""
        source, windows = self.division.calibration
        found = read_units({split: pools[split] for split in {FIT, source}}, units)
        return found[FIT][:, self.division.fit], found[source][:, windows]

    def means(self, fit: Float32[ndarray, "unit window pos"]) -> list[float]:
        """NaN where nothing is finite."""
        on_fit = fit[:, self.fit_pool.within]
        finite = np.isfinite(on_fit)
        sums = np.where(finite, on_fit, 0).sum(1, dtype=np.float64)
        n = finite.sum(1)
        found = np.divide(sums, n, out=np.full(len(n), np.nan), where=n > 0)
        return [float(mean) for mean in found]

    def cut_to(
        self, fit: Float32[ndarray, "unit window pos"], lengths: Sequence[int]
    ) -> Float32[ndarray, "unit window pos"]:
        """What each unit's token lookup of its length says on the measured windows."""
        whole: Lookup = fit_lookup(
            fit, self.fit.tokens, self.fit_pool, same_text=self.vocabulary.first_of_text
        )
        return predict_lookup(cut_lookup(whole, n=list(lengths)), self.measured.tokens)


def read_texts(
    windows: Windows,
    pools: Mapping[str, PoolFile],
    first_of_group: Mapping[int, int],
    vocabulary: Vocabulary,
    *,
    counted_from: int,
    most_windows: int,
    most_places: int,
    most_tokens: int | None,
    seed: int,
) -> Texts:
    """`pools` of any one site: all have the same windows. NotFoundError: none of test or fit."""
    for split in (FIT, TEST):
        if split not in pools:
            raise NotFoundError(
                f"The sweep kept no windows of split {split}.",
                hint=f"Sweep again with more: --sampling {split}:pool=20.",
            )
    return make_texts(
        pool_windows(windows, pools, first_of_group),
        vocabulary,
        counted_from=counted_from,
        most_windows=most_windows,
        most_places=most_places,
        most_tokens=most_tokens,
        seed=seed,
    )


def make_texts(
    by_split: Mapping[str, PoolWindows],
    vocabulary: Vocabulary,
    *,
    counted_from: int,
    most_windows: int,
    most_places: int,
    most_tokens: int | None = None,
    seed: int,
) -> Texts:
    """Of the windows of fit, calibration and test. `most_tokens`: of each of those that runs are
    measured on, the first so many, which makes the runs that much shorter."""
    division = divide({split: len(one.lengths) for split, one in by_split.items()})
    source, calibrated_on = division.calibration
    fit, calibration = by_split[FIT].part(division.fit), by_split[source].part(calibrated_on)
    test = by_split[TEST].cut(most_tokens)
    measured, _ = measured_text(
        test.tokens,
        _about(test, counted_from),
        most_windows=most_windows,
        most_places=most_places,
        seed=seed,
    )
    readings = Readings(
        Reading(measured.tokens, measured.lengths, vocabulary),
        Reading(calibration.tokens, calibration.lengths, vocabulary),
        _pool(calibration, counted_from),
    )
    return Texts(measured, readings, fit, _pool(fit, counted_from), division, vocabulary)


def _about(one: PoolWindows, counted_from: int) -> PoolText:
    return PoolText(one.lengths, one.documents, one.numbers, counted_from)


def _pool(one: PoolWindows, counted_from: int) -> Pool:
    return prepare_pool(_about(one, counted_from), n_pos=one.tokens.shape[1], replicates=0)
