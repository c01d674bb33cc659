"""From what the user names to a model that runs."""

import hashlib
import re
from pathlib import Path
from typing import Literal

import torch

from analysis.errors import ModelError
from analysis.models.checks import existing_folder, read_json
from analysis.models.conversion import convert_gguf
from analysis.models.folder import load_folder
from analysis.models.hub import fetch
from analysis.models.plain import load_plain
from analysis.models.subject import SourceKind
from analysis.models.tracing import EditableModel

HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")
SOURCES = "Give a hub id such as gpt2 or EleutherAI/pythia-70m, a folder, or a .gguf file."


def load_model(
    source: str,
    *,
    kind: Literal["auto"] | SourceKind = "auto",
    dtype: torch.dtype,
    device: torch.device,
    cache: Path,
) -> EditableModel:
    """The model that a source names, ready to run; `cache` keeps what was converted.

    Raises ModelError, with a hint, for everything that can be wrong with it.
    """
    found = detect_kind(source) if kind == "auto" else kind
    if found == "plain":
        return load_plain(_path(source), dtype=dtype, device=device)
    return load_folder(local_folder(source, found, cache), dtype=dtype, device=device)


def local_folder(source: str, kind: SourceKind, cache: Path) -> Path:
    """The folder that a source is loaded from, fetched or converted if need be."""
    if kind == "hub":
        return fetch(checked_hub_id(source))
    if kind == "gguf":
        return convert_gguf(_path(source), converted_folder(_path(source), cache))
    return existing_folder(_path(source))


def detect_kind(source: str) -> SourceKind:
    """What a source is: an existing file or folder, else a hub id."""
    path = _path(source)
    if path.is_dir():
        is_plain = read_json(path / "config.json").get("format") == "plain"
        return "plain" if is_plain else "folder"
    if path.is_file():
        if path.suffix == ".gguf":
            return "gguf"
        raise ModelError(f"{source} is a file of an unknown kind", hint=SOURCES, where=path)
    if source.startswith((".", "/", "~")) or source.count("/") > 1 or path.suffix == ".gguf":
        raise ModelError(f"{source} does not exist", hint=SOURCES, where=Path(source))
    checked_hub_id(source)
    return "hub"


def checked_hub_id(source: str) -> str:
    if ".." in source or "--" in source or not HUB_ID.fullmatch(source):
        raise ModelError(f"{source!r} is no hub id", hint=SOURCES)
    return source


def converted_folder(path: Path, cache: Path) -> Path:
    """Where a GGUF file's conversion lies: named by the file's name, size and time of change."""
    if not path.is_file():
        raise ModelError(
            f"there is no file {path}", hint="Give the path of a .gguf file.", where=path
        )
    status = path.stat()
    mark = hashlib.sha256(f"{path.name} {status.st_size} {status.st_mtime_ns}".encode())
    stem = re.sub(r"[^\w.-]", "_", path.stem)
    return cache / f"{stem}-{mark.hexdigest()[:12]}"


def _path(source: str) -> Path:
    if not source or "\0" in source:
        raise ModelError("no model was named", hint=SOURCES)
    return Path(source).expanduser()
