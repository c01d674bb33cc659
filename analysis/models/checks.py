"""Looks at the files of a model before anything is loaded, and says what is wrong with them."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from torch import Tensor

from analysis.errors import ModelError

AGAIN = "Copy or download the model again; the file is damaged."


def existing_folder(folder: Path) -> Path:
    if folder.is_dir():
        return folder
    what = "is a file, not a folder" if folder.exists() else "does not exist"
    raise ModelError(
        f"the model folder {folder} {what}",
        hint="Give the folder that holds the model's config.json.",
        where=folder,
    )


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in a file."""
    if not path.is_file():
        raise ModelError(
            f"there is no {path.name} in {path.parent}",
            hint="Give the folder that holds the model's config.json and its weights.",
            where=path.parent,
        )
    try:
        content = json.loads(path.read_bytes())
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ModelError(f"{path} is no valid JSON: {error}", hint=AGAIN, where=path) from error
    if not isinstance(content, dict):
        raise ModelError(f"{path} holds no JSON object", hint=AGAIN, where=path)
    return content


def plain_name(name: str, where: Path) -> Path:
    """The path of a file in a folder; names that would lead out of the folder are refused."""
    if not name or Path(name).name != name or "\\" in name or name in {".", ".."}:
        raise ModelError(
            f"{where} names the file {name!r}, which is not in its folder",
            hint="Name a file that lies next to it, without any folder.",
            where=where,
        )
    return where / name


def tensor_shapes(paths: Sequence[Path]) -> dict[str, tuple[int, ...]]:
    """Name and shape of every tensor of some safetensors files; damaged files are refused."""
    shapes = {}
    for path in paths:
        try:
            with safe_open(path, framework="pt") as file:
                for name in file.keys():  # noqa: SIM118 - a safe_open is no dict
                    shapes[name] = tuple(file.get_slice(name).get_shape())
        except (SafetensorError, OSError) as error:
            raise ModelError(f"{path} cannot be read: {error}", hint=AGAIN, where=path) from error
    return shapes


def load_tensors(path: Path) -> dict[str, Tensor]:
    """Every tensor of a safetensors file."""
    if not path.is_file():
        raise ModelError(
            f"there is no {path.name} in {path.parent}",
            hint="Save the model's tensors there as safetensors.",
            where=path.parent,
        )
    try:
        tensors: dict[str, Tensor] = load_file(path)
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{path} cannot be read: {error}", hint=AGAIN, where=path) from error
    return tensors
