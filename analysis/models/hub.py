"""Fetches a model from the hub, or takes it from the hub's cache on this machine."""

from pathlib import Path

import httpx
from huggingface_hub import snapshot_download
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
)

from analysis.errors import ModelError
from analysis.models.folder import weight_files
from analysis.models.tokens import VOCABULARIES

_FILES = ["*.json", "*.jinja", "*.txt", "*.model"]


def fetch(name: str) -> Path:
    """The folder of a hub model: complete in the cache, else downloaded (safetensors if it can)."""
    try:
        cached = Path(snapshot_download(name, local_files_only=True))
    except (LocalEntryNotFoundError, HFValidationError):
        cached = None
    if cached is not None and _complete(cached):
        return cached
    try:
        folder = Path(snapshot_download(name, allow_patterns=[*_FILES, "*.safetensors"]))
        if not any(folder.glob("*.safetensors")):
            folder = Path(snapshot_download(name, allow_patterns=[*_FILES, "*.bin"]))
    except GatedRepoError as error:
        raise ModelError(
            f"the hub gives {name} only to those whom its owners let in",
            hint="Ask for access on its page, then log in with `hf auth login`.",
        ) from error
    except RepositoryNotFoundError as error:
        raise ModelError(
            f"the hub has no model {name}", hint="Check its spelling, or give a folder."
        ) from error
    except (LocalEntryNotFoundError, HfHubHTTPError, httpx.HTTPError, OSError) as error:
        raise ModelError(
            f"{name} is not on this machine, and the hub cannot be reached",
            hint="Connect to the network once, or give a local folder or a .gguf file.",
        ) from error
    return folder


def _complete(folder: Path) -> bool:
    try:
        weight_files(folder)
    except ModelError:
        return False
    has_tokenizer = any((folder / name).is_file() for name in VOCABULARIES)
    return has_tokenizer and (folder / "config.json").is_file()
