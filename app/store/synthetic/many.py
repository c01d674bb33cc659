"""Rows for very many units at once: plausible numbers without any activation behind them."""

import numpy as np
from numpy.typing import NDArray

from app.store.packing import TOP, pack, pack_histogram
from app.store.synthetic.text import Text
from app.store.synthetic.units import EDGES
from app.store.writing import ExemplarRow, StatisticsRow, SummaryRow

RANGES = {
    "density": (0, 1), "above": (0, 1), "mean": (-1, 1), "variance": (0, 2), "skewness": (-8, 8),
    "kurtosis": (0, 64), "minimum": (-8, 8), "maximum": (-8, 8),
}  # fmt: skip
SUMMARY_BINS = 32
N_DRAWN = 32
"""Different histograms, and windows' worth of values: drawing some for each unit takes minutes."""


def draw_statistics(
    generator: np.random.Generator, text: Text, split: str, units: list[int]
) -> list[tuple[object, ...]]:
    """StatisticsRow values, drawn column by column."""
    n = len(units)
    windows = len(text.windows_of(split))
    positions = windows * (text.tokens.shape[1] - 1)
    density = generator.beta(0.6, 2, n)
    variance = generator.gamma(1.5, 0.1, n)
    columns = (
        [split] * n, units, [windows] * n, [positions] * n, [0] * n,
        generator.normal(0, 0.2, n).tolist(), variance.tolist(),
        generator.normal(1, 2, n).tolist(), (3 + generator.gamma(1, 6, n)).tolist(),
        (-generator.gamma(2, 0.6, n)).tolist(), generator.gamma(3, 0.8, n).tolist(),
        density.tolist(), (density * generator.uniform(0, 0.3, n)).tolist(),
    )  # fmt: skip
    return list(zip(*columns, strict=True))


def draw_histograms(
    generator: np.random.Generator, text: Text, split: str, units: list[int]
) -> list[tuple[object, ...]]:
    """HistogramRow values."""
    positions = len(text.windows_of(split)) * (text.tokens.shape[1] - 1)
    different = [_histogram(generator, positions) for _ in range(N_DRAWN)]
    chosen = generator.integers(0, N_DRAWN, len(units)).tolist()
    return [(split, unit, different[n]) for unit, n in zip(units, chosen, strict=True)]


def draw_small_exemplars(
    generator: np.random.Generator, text: Text, units: list[int]
) -> list[ExemplarRow]:
    """One window for each unit, in the fit split."""
    shape = (N_DRAWN, text.tokens.shape[1])
    drawn = generator.normal(0, 0.3, shape).astype(np.float16)
    ended: dict[tuple[int, int], tuple[bytes, bytes, bytes]] = {}
    rows = []
    for unit, number, window in zip(
        units,
        generator.integers(0, N_DRAWN, len(units)).tolist(),
        generator.choice(text.windows_of("fit"), len(units)).tolist(),
        strict=True,
    ):
        length = int(text.lengths[window])
        if (number, length) not in ended:
            ended[number, length] = _end_at(drawn[number], length)
        peak, position, activations = ended[number, length]
        rows.append(
            ExemplarRow(
                unit, "fit", groups=bytes((TOP,)), edges=b"", counts=b"",
                windows=pack(np.array([window]), np.uint32), peaks=peak, peak_positions=position,
                activations=activations,
            )
        )  # fmt: skip
    return rows


def _end_at(values: NDArray[np.float16], length: int) -> tuple[bytes, bytes, bytes]:
    """Peak, its position and the activations, packed, of a window of so many tokens."""
    position = 1 + int(values[1:length].argmax())
    within = np.where(np.arange(len(values)) < length, values, np.float16(np.nan))
    return (
        pack(values[[position]], np.float32),
        pack(np.array([position]), np.uint16),
        pack(within, np.float16),
    )


def summarise(split: str, rows: list[tuple[object, ...]], *, relu: bool) -> list[SummaryRow]:
    """One row of the map per statistic, from a site's StatisticsRow values of one split."""
    column = {name: n for n, name in enumerate(StatisticsRow._fields)}

    def values_of(name: str) -> NDArray[np.float64]:
        return np.array([row[column[name]] for row in rows], dtype=np.float64)

    low, high = values_of("minimum"), values_of("maximum")
    dead = int(((high <= 0) if relu else (low == high)).sum())
    flagged = int((values_of("n_nonfinite") > 0).sum())
    summaries = []
    for statistic, (start, stop) in RANGES.items():
        values = values_of(statistic)
        finite = values[np.isfinite(values)]
        edges = np.linspace(start, stop, SUMMARY_BINS + 1)
        counts, _ = np.histogram(np.clip(finite, start, stop), bins=edges)
        quantiles = np.quantile(finite, np.linspace(0, 1, 101)) if len(finite) else np.zeros(101)
        summaries.append(
            SummaryRow(
                split, statistic, len(finite), len(values) - len(finite), dead, flagged,
                pack(edges, np.float32), pack(counts, np.uint32), pack(quantiles, np.float32),
            )
        )  # fmt: skip
    return summaries


def _histogram(generator: np.random.Generator, positions: int) -> bytes:
    sample = generator.normal(0, generator.uniform(0.2, 2), 2000)
    counts, _ = np.histogram(sample, bins=EDGES)
    return pack_histogram(counts * max(1, positions // 2000))
