"""The evaluation pool: every activation of every unit on a few random windows, unit by unit.

One file per site and split, float16 [unit, window, pos], little-endian, without a header: one
unit is one contiguous read. Positions past a window's end are NaN; what is too large for float16
is ±65504.
"""

import os
from hashlib import sha256
from pathlib import Path

import numpy as np
from jaxtyping import Float16, Int64, UInt32
from numpy import ndarray

from analysis.sweep import kernels
from analysis.sweep.kernels.arguments import Batch

PIECE = 1 << 24


class PoolWriter:
    """Fills the pool file of one site and split, batch by batch."""

    def __init__(self, path: Path, shape: tuple[int, int, int]) -> None:
        """Open the file, or make it with all its space reserved.

        Raises:
            OSError: there is no room. (A mapped file that ran out of room later would kill the
                process.)
        """
        self.path = path
        self.shape = shape
        reserve(path, 2 * int(np.prod(shape)))
        self._mapped = np.memmap(path, dtype="<u2", mode="r+", shape=shape)

    def write(self, batch: Batch, at: int) -> None:
        """Set the windows from `at` on."""
        kernels.store_half(batch, at, self._mapped)

    def batch(
        self, span: slice, lengths: Int64[ndarray, " batch"], windows: UInt32[ndarray, " batch"]
    ) -> Batch:
        """The windows of a span, read back."""
        words = np.asarray(self._mapped[:, span]).transpose(1, 2, 0)
        return Batch(words, kernels.HALF_ALREADY, lengths, windows)

    def close(self) -> None:
        """Let go of the file; what was written survives the process, and with `file_sha256` the
        machine."""
        del self._mapped


def read_pool(path: Path, shape: tuple[int, int, int]) -> Float16[ndarray, "unit window pos"]:
    """The pool of one site and split, mapped into memory."""
    return np.memmap(path, dtype="<f2", mode="r", shape=shape)


def pool_file(folder: Path, site: str, split: str) -> Path:
    return folder / f"{site}.{split.replace(':', '-')}.f16"


def pool_bytes(n_units: int, n_windows: int, n_pos: int) -> int:
    return 2 * n_units * n_windows * n_pos


def file_sha256(path: Path) -> str:
    """Of a file whose contents are on disk from now on."""
    digest = sha256()
    with path.open("r+b") as file:
        os.fsync(file.fileno())
        while piece := file.read(PIECE):
            digest.update(piece)
    return digest.hexdigest()


def reserve(path: Path, n_bytes: int) -> None:
    """Make the file have n_bytes, all of them really on disk.

    Raises:
        OSError: there is no room; what was taken so far is given back.
    """
    if path.exists() and path.stat().st_size == n_bytes:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("wb") as file:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(file.fileno(), 0, n_bytes)
                return
            for start in range(0, n_bytes, PIECE):
                file.write(bytes(min(PIECE, n_bytes - start)))
    except OSError:
        path.unlink(missing_ok=True)
        raise
