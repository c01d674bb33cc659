"""How much memory a model's weights will take, from its files, before it is loaded."""

import math
from pathlib import Path

import torch

from analysis.models.checks import existing_folder, tensor_shapes
from analysis.models.folder import weight_files
from analysis.models.loading import local_folder
from analysis.models.subject import SourceKind


def weight_bytes(source: str, kind: SourceKind, *, dtype: torch.dtype, cache: Path) -> int:
    """Bytes of all tensors in this dtype; fetches and converts where that is needed to load it.

    Of files that are no safetensors the bytes on disk, which may be twice or half as many.
    ModelError: there is no such model.
    """
    if kind == "plain":
        folder = existing_folder(Path(source).expanduser())
    else:
        folder = local_folder(source, kind, cache)
    files = weight_files(folder)
    pickled = sum(file.stat().st_size for file in files if file.suffix != ".safetensors")
    shapes = tensor_shapes([file for file in files if file.suffix == ".safetensors"])
    return pickled + dtype.itemsize * sum(math.prod(shape) for shape in shapes.values())
