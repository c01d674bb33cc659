"""Arrays as bytes of a row: little-endian, no header; dtype and shape are known at the column."""

import json
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray


def pack(array: NDArray[Any], dtype: DTypeLike) -> bytes:
    return np.ascontiguousarray(array, dtype=np.dtype(dtype).newbyteorder("<")).tobytes()


def unpack(data: bytes, dtype: DTypeLike, *shape: int) -> NDArray[Any]:
    """The array, read-only; `shape` may hold one -1."""
    array = np.frombuffer(data, dtype=np.dtype(dtype).newbyteorder("<"))
    return array.reshape(shape) if shape else array


TOP, BOTTOM, RANDOM, FIRST_INTERVAL = 0, 1, 2, 16
"""What a kept window was kept for: `ExemplarTable.groups`."""


def group_kind(group: int) -> str:
    """top, bottom, interval or random."""
    return "interval" if group >= FIRST_INTERVAL else ("top", "bottom", "random")[group]


METRICS = (
    "corpus_r",
    "top_random_r",
    "r2_uncentred",
    "r2_centred",
    "deviation",
    "detection",
    "detection_precision",
    "detection_recall",
    "fuzzing",
    "auroc",
)
"""Rows of `ScoreTable.values`; docs/methods.md, section 4, defines them."""
COLUMNS = ("value", "low", "high", "mean", "lookup", "shuffled")
"""The score with its 95 % interval, and the same metric of the three baselines."""

PROTOCOLS = {
    "corpus_r": "corpus",
    "top_random_r": "top+random",
    "r2_uncentred": "corpus",
    "r2_centred": "corpus",
    "deviation": "corpus",
    "detection": "windows",
    "detection_precision": "windows",
    "detection_recall": "windows",
    "fuzzing": "marked tokens",
    "auroc": "corpus",
}
"""What each metric is computed over."""
NOT_ASKED = float("-inf")
"""As the value of a metric that nobody computed; what could not be computed is NaN."""

HISTOGRAM_HEADER = 4


def pack_scores(metrics: Mapping[str, Sequence[float | None]]) -> bytes:
    """The numbers of each metric, in the order of `COLUMNS` as far as they are given; None is
    undefined. Metrics that are not named were not asked."""
    values = np.full((len(METRICS), len(COLUMNS)), np.nan, np.float32)
    values[:, 0] = NOT_ASKED
    for name, numbers in metrics.items():
        row = METRICS.index(name)
        values[row] = np.nan
        values[row, : len(numbers)] = [np.nan if n is None else n for n in numbers]
    return pack(values, np.float32)


def unpack_scores(data: bytes) -> NDArray[np.float32]:
    """[metric, column]"""
    return unpack(data, np.float32, len(METRICS), len(COLUMNS))


def pack_histograms(counts: NDArray[Any]) -> list[bytes]:
    """Each row of counts [unit, bin] without its empty ends.

    Four bytes say how: number of bins, first bin kept, bytes per count, 0; then the counts.
    """
    n_bins = counts.shape[1]
    there = counts > 0
    firsts = np.where(there.any(1), there.argmax(1), 0).tolist()
    ends = np.where(there.any(1), n_bins - there[:, ::-1].argmax(1), 0).tolist()
    wide = (counts.max(1, initial=0) > np.iinfo(np.uint16).max).tolist()
    narrow_bytes, wide_bytes = pack(counts, np.uint16), pack(counts, np.uint32)
    packed = []
    for unit, (first, end, is_wide) in enumerate(zip(firsts, ends, wide, strict=True)):
        data, size = (wide_bytes, 4) if is_wide else (narrow_bytes, 2)
        start = (unit * n_bins + first) * size
        header = bytes((n_bins, first, size, 0))
        packed.append(header + data[start : start + (end - first) * size])
    return packed


def pack_histogram(counts: NDArray[Any]) -> bytes:
    return pack_histograms(np.asarray(counts)[None])[0]


def unpack_histogram(data: bytes) -> NDArray[np.uint32]:
    n_bins, first, size, _ = data[:HISTOGRAM_HEADER]
    counts = np.zeros(n_bins, np.uint32)
    kept = np.frombuffer(data, dtype=f"<u{size}", offset=HISTOGRAM_HEADER)
    counts[first : first + len(kept)] = kept
    return counts


def pack_vocabulary(tokens: list[str]) -> bytes:
    return zlib.compress(json.dumps(tokens, ensure_ascii=False).encode(), level=6)


def unpack_vocabulary(data: bytes) -> list[str]:
    tokens: list[str] = json.loads(zlib.decompress(data))
    return tokens


def histogram_edges(parameters: Mapping[str, Any]) -> list[float]:
    """The bins + 1 rising edges of a run's sign-log histogram, from its `histogram` parameters.

    Half of the bins are negative. Magnitudes go up in octaves of `steps` equal parts, from
    2^smallest_exponent on; the two innermost bins meet at 0, the outermost also hold what lies
    beyond (with the defaults 128 bins between -2^8 and 2^8).
    """
    low, octaves, steps = (int(parameters[k]) for k in ("smallest_exponent", "octaves", "steps"))
    if parameters["bins"] != 2 * octaves * steps:
        raise ValueError(f"{octaves} octaves of {steps} steps are not {parameters['bins']} bins")
    rising = [
        2.0 ** (low + octave) * (1 + step / steps)
        for octave in range(octaves)
        for step in range(steps)
    ]
    rising = [*rising[1:], 2.0 ** (low + octaves)]
    return [*(-edge for edge in reversed(rising)), 0.0, *rising]
