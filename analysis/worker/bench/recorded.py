"""Chosen neurons' activations on pools of the starter corpus, as a sweep would keep them.

Only the chosen neurons are kept in memory: 2,400 of a model's 46,080 take a few hundred megabytes.
"""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float16, Float32
from numpy import ndarray

from analysis.corpora.cutting import cut_windows
from analysis.corpora.freezing import freeze_corpus
from analysis.corpora.frozen import read_frozen
from analysis.corpora.reading import HELD_OUT, read_documents
from analysis.corpora.windows import Windows
from analysis.explain.texts import PoolWindows
from analysis.models.subject import SubjectModel
from analysis.records import Site

LENGTH = 128
COUNTED_FROM = 1
WINDOWS = {"fit": 192, "calibration": 96, "test": 192, "ood": 192}
SEEN = {"test": 96, "ood": 96}
"""Of these, so many were looked at while the way in which rules are fitted was found; they are left
out here, so that figures are of windows that nobody has looked at."""
BATCH = 16
SOURCE = "starter"


@dataclass(frozen=True, eq=False)
class Recorded:
    """Texts by split, and what the chosen units do on them."""

    windows: Mapping[str, PoolWindows]
    activations: Mapping[str, Mapping[str, Float16[ndarray, "unit window pos"]]]
    """By split, then site; units in the order in which they were asked for."""

    def of(self, site: str, part: slice) -> dict[str, Float32[ndarray, "unit window pos"]]:
        """Of some of a site's units, by split."""
        return {
            split: sites[site][part].astype(np.float32) for split, sites in self.activations.items()
        }


def record(
    model: SubjectModel,
    units: Mapping[str, Sequence[int]],
    *,
    splits: Sequence[str] | None = None,
    windows: Mapping[str, int] | None = None,
) -> Recorded:
    """The pools of all splits (or those named) of the starter corpus, cut for this model; of some
    splits with so many `windows` that nobody has looked at."""
    asked = {split: n + SEEN.get(split, 0) for split, n in (windows or {}).items()}
    cut, first_of_group = _cut(model, {**WINDOWS, **asked})
    chosen = {
        split: cut.numbers(split)[SEEN.get(split.partition(":")[0], 0) :]
        for split in splits or cut.splits
    }
    pools = {}
    for split, numbers in chosen.items():
        tokens, lengths = cut.batch(np.array(numbers))
        documents = [first_of_group[document] for document in cut.documents[list(numbers)]]
        pools[split] = PoolWindows(tokens, lengths, np.array(documents), np.array(numbers))
    return Recorded(pools, {split: _run(model, pool, units) for split, pool in pools.items()})


def _cut(model: SubjectModel, most: Mapping[str, int]) -> tuple[Windows, dict[int, int]]:
    """The windows, and of every document the first of its group."""
    with tempfile.TemporaryDirectory(prefix="patchclamp-bench-") as folder:
        freeze_corpus(read_documents(SOURCE), Path(folder), held_out=HELD_OUT[SOURCE])
        documents = list(read_frozen(Path(folder)))
    firsts: dict[str, int] = {}
    first_of_group = {
        document.number: firsts.setdefault(document.group, document.number)
        if document.group
        else document.number
        for document in documents
    }
    windows = cut_windows(
        documents,
        model.encode,
        window_length=LENGTH,
        bos=model.facts.bos_token_id,
        max_windows=most,
    )
    return windows, first_of_group


def _run(
    model: SubjectModel, pool: PoolWindows, units: Mapping[str, Sequence[int]]
) -> dict[str, Float16[ndarray, "unit window pos"]]:
    kept = {
        site: np.zeros((len(chosen), *pool.tokens.shape), np.float16)
        for site, chosen in units.items()
    }
    columns = {site: torch.tensor(list(chosen)) for site, chosen in units.items()}
    for start in range(0, len(pool.lengths), BATCH):
        rows = slice(start, start + BATCH)

        def keep(site: Site, activations: torch.Tensor, rows: slice = rows) -> None:
            chosen = activations[:, :, columns[site.name]].permute(2, 0, 1)
            kept[site.name][:, rows] = chosen.to(torch.float16).numpy()

        model.run(
            torch.from_numpy(pool.tokens[rows]),
            lengths=torch.from_numpy(pool.lengths[rows]),
            record=keep,
            sites=list(units),
        )
    return kept
