"""Chosen neurons' activations on the pools of the starter corpus, as a sweep would keep them.

Only the chosen neurons are kept in memory: 2,400 of a model's 46,080 take a few hundred megabytes.
"""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Bool, Float16, Int64
from numpy import ndarray

from analysis.corpora.cutting import cut_windows
from analysis.corpora.freezing import freeze_corpus
from analysis.corpora.frozen import read_frozen
from analysis.corpora.reading import HELD_OUT, read_documents
from analysis.corpora.windows import Windows
from analysis.models.subject import SubjectModel
from analysis.records import Site

LENGTH = 128
BATCH = 16
SOURCE = "starter"


@dataclass(frozen=True, eq=False)
class RecordedPool:
    tokens: Int64[ndarray, "window pos"]
    lengths: Int64[ndarray, " window"]
    documents: Int64[ndarray, " window"]
    numbers: Int64[ndarray, " window"]
    activations: Mapping[str, Float16[ndarray, "unit window pos"]]
    """By site, units in the order in which they were asked for."""

    @property
    def counted(self) -> Bool[ndarray, "window pos"]:
        places = np.arange(self.tokens.shape[1])
        return (places >= 1) & (places < self.lengths[:, None])


def starter_windows(model: SubjectModel, n_windows: Mapping[str, int]) -> Windows:
    """Of the starter corpus, at most so many per split."""
    with tempfile.TemporaryDirectory(prefix="patchclamp-bench-") as folder:
        frozen = freeze_corpus(
            read_documents(SOURCE), Path(folder), held_out=HELD_OUT[SOURCE]
        )
        return cut_windows(
            read_frozen(frozen.folder),
            model.encode,
            window_length=LENGTH,
            bos=model.facts.bos_token_id,
            max_windows=n_windows,
        )


def record_pool(
    model: SubjectModel, windows: Windows, split: str, units: Mapping[str, Int64[ndarray, " unit"]]
) -> RecordedPool:
    """One split's windows, all of them."""
    numbers = np.array(windows.numbers(split), np.int64)
    tokens, lengths = windows.batch(numbers)
    kept = {
        site: np.zeros((len(chosen), *tokens.shape), np.float16) for site, chosen in units.items()
    }
    for start in range(0, len(numbers), BATCH):
        rows = slice(start, start + BATCH)

        def record(site: Site, activations: torch.Tensor, rows: slice = rows) -> None:
            chosen = activations[:, :, torch.from_numpy(units[site.name])]
            kept[site.name][:, rows] = chosen.permute(2, 0, 1).to(torch.float16).numpy()

        model.run(
            torch.from_numpy(tokens[rows]),
            lengths=torch.from_numpy(lengths[rows]),
            record=record,
            sites=list(units),
        )
    documents = windows.documents[numbers]
    return RecordedPool(tokens, lengths, documents, numbers, kept)
