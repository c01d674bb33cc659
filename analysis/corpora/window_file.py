"""Windows as a file, so that every worker and every restart has the same ones."""

import json
import zipfile
from dataclasses import asdict
from pathlib import Path
from uuid import uuid4

import numpy as np

from analysis.corpora.windows import WindowCounts, Windows
from analysis.errors import CorpusError

_ARRAYS = ("tokens", "offsets", "documents", "starts")


def save_windows(windows: Windows, file: Path) -> None:
    """Writes the file whole or not at all; equal windows give equal bytes."""
    facts = {
        "window_length": windows.window_length,
        "bos": windows.bos,
        "counts": {split: asdict(count) for split, count in windows.counts.items()},
        "sha256": windows.sha256,
    }
    arrays = {name: getattr(windows, name) for name in _ARRAYS}
    temporary = file.with_name(f".{file.name}.{uuid4().hex}")
    try:
        with temporary.open("wb") as stream:
            np.savez(stream, facts=np.frombuffer(json.dumps(facts).encode(), np.uint8), **arrays)
        temporary.replace(file)
    finally:
        temporary.unlink(missing_ok=True)


def load_windows(file: Path) -> Windows:
    """The windows as saved; raises CorpusError if the file is not there or was changed."""
    try:
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
            facts = json.loads(stored["facts"].tobytes())
            arrays = {name: stored[name] for name in _ARRAYS}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise CorpusError(
            f"The windows in {file} cannot be read: {error}.", hint="Cut the windows again."
        ) from error
    counts = {split: WindowCounts(**count) for split, count in facts["counts"].items()}
    windows = Windows(
        **arrays, window_length=facts["window_length"], bos=facts["bos"], counts=counts
    )
    if windows.sha256 != facts["sha256"]:
        raise CorpusError(
            f"The windows in {file} are not those that were saved.", hint="Cut the windows again."
        )
    return windows
