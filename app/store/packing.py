"""Arrays as bytes of a row: little-endian, no header; dtype and shape are known at the column."""

import json
import zlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray
from pydantic_core import PydanticSerializationError, from_json, to_json

from app.deflating import deflating
from app.store.reasons import REASONS


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
COLUMNS = ("value", "low", "high", "mean", "lookup", "shuffled", "lookup_cut")
"""The score with its 95 % interval, and the same metric of the baselines. New ones go to the end:
rows that were stored before have fewer."""
COUNTED = ("detection", "fuzzing", "auroc")
"""Metrics that are decided case by case; precision and recall are of the cases of detection."""

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

NO_NUMBERS = (b"NaN", b"Infinity")
"""Found also where a text says so."""
PACKING = 1
"""Level of compression."""


class ScoreNote(NamedTuple):
    """What stands beside the numbers of one metric."""

    reason: str | None = None
    """Of `REASONS`: why there is no value, or no interval."""
    n_yes: int | None = None
    """Of the cases: firing windows, windows marked rightly, firing tokens."""
    n_cases: int | None = None
    tail: str | None = None
    """Of `TAILS`: where the unit fires; None: not known, or no question of firing."""
    pool_prevalence: float | None = None
    """Of detection_precision, where windows were chosen to be judged: the share of the pool's
    windows in which the unit fires."""
    precision_in_pool: float | None = None
    """And the precision at that share."""


NO_NOTE = ScoreNote()
TAILS = ("upper", "lower")
COLUMN_BYTES = 4 * len(METRICS)
NOTES_BYTES = len(METRICS) + 8 * len(COUNTED)
TAILS_BYTES = len(COUNTED)
IN_POOL, IN_POOL_BYTES = "detection_precision", 8
NOTES_LENGTHS = (
    0,
    NOTES_BYTES,
    NOTES_BYTES + TAILS_BYTES,
    NOTES_BYTES + TAILS_BYTES + IN_POOL_BYTES,
)
"""What may follow the numbers: rows that were stored before notes or tails were told have none."""
LENGTH_OF = {length % COLUMN_BYTES: length for length in NOTES_LENGTHS}
"""No two are alike beyond whole columns, so the length of a row tells how many columns it has."""


def pack_scores(
    metrics: Mapping[str, Sequence[float | None]], notes: Mapping[str, ScoreNote] | None = None
) -> bytes:
    """The numbers of each metric, in the order of `COLUMNS` as far as they are given; None is
    undefined. Metrics that are not named were not asked."""
    values = np.full((len(METRICS), len(COLUMNS)), np.nan, np.float32)
    values[:, 0] = NOT_ASKED
    for name, numbers in metrics.items():
        row = METRICS.index(name)
        values[row] = np.nan
        values[row, : len(numbers)] = [np.nan if n is None else n for n in numbers]
    return pack(values, np.float32) + pack_notes(notes or {})


def pack_notes(notes: Mapping[str, ScoreNote]) -> bytes:
    """What follows the numbers: a byte for each metric, the place of its reason in `REASONS` from 1
    (0: none); then uint32 [COUNTED, 2], the cases and how many of them are yes, 0 of 0: unknown;
    then a byte for each of COUNTED, the place of its tail in `TAILS` from 1 (0: unknown); then,
    where windows were chosen, two float32 of IN_POOL: prevalence in the pool, precision there."""
    reasons = np.zeros(len(METRICS), np.uint8)
    counts = np.zeros((len(COUNTED), 2), np.uint32)
    tails = np.zeros(len(COUNTED), np.uint8)
    for name, note in notes.items():
        if note.reason in REASONS:
            reasons[METRICS.index(name)] = REASONS.index(note.reason) + 1
        if name in COUNTED and note.n_cases is not None:
            counts[COUNTED.index(name)] = note.n_yes or 0, note.n_cases
        if name in COUNTED and note.tail in TAILS:
            tails[COUNTED.index(name)] = TAILS.index(note.tail) + 1
    told = notes.get(IN_POOL, NO_NOTE)
    in_pool = [np.nan if n is None else n for n in (told.pool_prevalence, told.precision_in_pool)]
    return b"".join(
        (
            pack(reasons, np.uint8),
            pack(counts, np.uint32),
            pack(tails, np.uint8),
            b"" if told.pool_prevalence is None else pack(np.array(in_pool), np.float32),
        )
    )


def unpack_scores(data: bytes) -> NDArray[np.float32]:
    """[metric, column]: NaN in columns that are younger than the row."""
    n_columns = _notes_start(data) // COLUMN_BYTES
    stored = unpack(data[: COLUMN_BYTES * n_columns], np.float32, len(METRICS), n_columns)
    if n_columns == len(COLUMNS):
        return stored
    values = np.full((len(METRICS), len(COLUMNS)), np.nan, np.float32)
    values[:, :n_columns] = stored
    return values


def unpack_reason(data: bytes, metric: int = 0) -> str | None:
    """The reason alone, of one metric: lists need no more, and pages have many of them."""
    start = _notes_start(data)
    if len(data) < start + NOTES_BYTES:
        return None
    code = data[start + metric]
    return REASONS[code - 1] if 0 < code <= len(REASONS) else None


def unpack_notes(data: bytes) -> list[ScoreNote]:
    """One for each of `METRICS`; empty in rows that are older."""
    start = _notes_start(data)
    if len(data) < start + NOTES_BYTES:
        return [NO_NOTE] * len(METRICS)
    counts = unpack(data[start + len(METRICS) : start + NOTES_BYTES], np.uint32, -1, 2).tolist()
    tails_end = start + NOTES_BYTES + TAILS_BYTES
    tails = data[start + NOTES_BYTES : tails_end] or bytes(TAILS_BYTES)
    in_pool = [None if np.isnan(n) else n for n in unpack(data[tails_end:], np.float32).tolist()]
    notes = []
    for place, metric in enumerate(METRICS):
        family = metric.partition("_")[0]
        n_yes, n_cases = counts[COUNTED.index(family)] if family in COUNTED else (0, 0)
        tail = tails[COUNTED.index(family)] if family in COUNTED else 0
        told = TAILS[tail - 1] if 0 < tail <= len(TAILS) else None
        if not n_cases:
            n_yes = n_cases = None
        more = in_pool if metric == IN_POOL else []
        notes.append(ScoreNote(unpack_reason(data, place), n_yes, n_cases, told, *more))
    return notes


def _notes_start(data: bytes) -> int:
    rest = len(data) % COLUMN_BYTES
    return len(data) - LENGTH_OF.get(rest, rest)


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


def pack_json(value: Any) -> bytes:  # noqa: ANN401 - any JSON
    """ValueError for NaN and infinity."""
    return pack_text(write_json(value))


def unpack_json(data: bytes) -> Any:  # noqa: ANN401 - any JSON
    return read_json(unpack_text(data))


def pack_text(text: bytes) -> bytes:
    """With zlib; fast rather than small: somebody waits for it."""
    packed: bytes = deflating.compress(text, PACKING)
    return packed


def unpack_text(data: bytes) -> bytes:
    return zlib.decompress(data)


def write_json(value: Any) -> bytes:  # noqa: ANN401 - any JSON, or a message
    """A JSON document; ValueError for NaN and infinity."""
    try:
        text = to_json(value, inf_nan_mode="constants")
    except PydanticSerializationError:  # half a surrogate pair, which only JSON's escapes can say
        text = json.dumps(value, allow_nan=False).encode()
    if any(word in text for word in NO_NUMBERS) and text != to_json(value, inf_nan_mode="null"):
        raise ValueError("JSON has no word for NaN and infinity")
    return text


def read_json(text: bytes) -> Any:  # noqa: ANN401 - any JSON
    try:
        return from_json(text)
    except ValueError:
        return json.loads(text)


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
