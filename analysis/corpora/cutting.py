"""Cut documents into windows: the runs of tokens that a model sees at once.

Windows do not overlap and never reach across documents. All are of the same length but a
document's last, which is kept if it is long enough. Which are taken, and their order, depends on
the seed and on each document's own text, not on the order of documents.
"""

from collections.abc import Iterable, Mapping

import numpy as np

from analysis.corpora.pieces import Encode, encode_in_pieces
from analysis.corpora.progress import Progress, no_progress
from analysis.corpora.sampling import Sample
from analysis.corpora.splitting import SPLITS, order_splits
from analysis.corpora.windows import WindowCounts, Windows
from analysis.errors import CorpusError
from analysis.records import FrozenDocument

MIN_TOKENS = 16


def cut_windows(
    documents: Iterable[FrozenDocument],
    encode: Encode,
    *,
    window_length: int = 128,
    bos: int | None,
    max_windows: Mapping[str, int] | None = None,
    seed: int = 0,
    min_tokens: int = MIN_TOKENS,
    n_documents: int | None = None,
    progress: Progress = no_progress,
) -> Windows:
    """The windows of all splits, numbered.

    `window_length` counts BOS, `min_tokens` (of a document's last, shorter window) does not.
    `max_windows` bounds a split by its name, every held-out domain by `ood`, the others by
    `default`; the windows taken are a uniform sample. `progress` hears of documents done, with
    `n_documents` as total. Raises CorpusError when there is no window at all.
    """
    limits = dict(max_windows or {})
    length = window_length - (bos is not None)
    _check(limits, length, window_length)
    samples: dict[str, Sample] = {split: Sample(_limit(limits, split)) for split in SPLITS}
    for split in limits:
        if split.startswith("ood:"):
            samples[split] = Sample(limits[split])
    for done, document in enumerate(documents, start=1):
        split = document.split
        sample = samples.setdefault(split, Sample(_limit(limits, split)))
        sample.add(
            encode_in_pieces(document.text, encode),
            document=document.number,
            sha256=document.sha256,
            length=length,
            min_tokens=min_tokens,
            seed=seed,
        )
        progress(done, n_documents)
    ordered = {split: samples[split] for split in order_splits(samples)}
    if not any(sample.n_taken for sample in ordered.values()):
        raise _no_window(ordered, min_tokens)
    return _join(ordered, window_length, bos)


def _join(samples: Mapping[str, Sample], window_length: int, bos: int | None) -> Windows:
    extra = 0 if bos is None else 1
    orders = {split: sample.order() for split, sample in samples.items()}
    sizes = [
        sample.n_tokens(orders[split]) + extra * len(orders[split])
        for split, sample in samples.items()
    ]
    n = sum(len(order) for order in orders.values())
    tokens = np.empty(sum(sizes), dtype=np.uint32)
    lengths, documents, starts = np.empty((3, n), dtype=np.int64)
    low = low_token = 0
    for size, (split, sample) in zip(sizes, samples.items(), strict=True):
        part = slice(low, low + len(orders[split]))
        sample.write(
            orders[split],
            bos,
            tokens=tokens[low_token : low_token + size],
            lengths=lengths[part],
            documents=documents[part],
            starts=starts[part],
        )
        low, low_token = part.stop, low_token + size
    return Windows(
        tokens=tokens,
        offsets=np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(lengths)]),
        documents=documents,
        starts=starts,
        window_length=window_length,
        bos=bos,
        counts={
            split: WindowCounts(sample.limit, sample.found, sample.n_taken, sample.n_short)
            for split, sample in samples.items()
        },
    )


def _limit(limits: Mapping[str, int], split: str) -> int | None:
    family = "ood" if split.startswith("ood:") else "default"
    return limits.get(split, limits.get(family))


def _check(limits: Mapping[str, int], length: int, window_length: int) -> None:
    if length < 1:
        raise CorpusError(
            f"Windows of {window_length} tokens have no room for text.",
            hint="Give a longer window length, such as 128.",
        )
    known = (*SPLITS, "ood", "default")
    for split, limit in limits.items():
        if split not in known and not split.startswith("ood:"):
            raise CorpusError(
                f"There is no split '{split}'.",
                hint=f"Splits are {', '.join(known)}, ood:<domain>.",
            )
        if limit < 0:
            raise CorpusError(
                f"{limit} windows of the split {split} were asked for.",
                hint="Give a number that is not negative, or none for all.",
            )


def _no_window(samples: Mapping[str, Sample], min_tokens: int) -> CorpusError:
    if any(sample.found for sample in samples.values()):
        return CorpusError(
            "No window is left: the limits allow none in the splits that have windows.",
            hint="Raise the numbers of windows asked for.",
        )
    return CorpusError(
        f"The corpus has no window: none of its documents has {min_tokens} tokens.",
        hint="Take longer texts, or allow shorter windows.",
    )
