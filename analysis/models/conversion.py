"""Converts a GGUF file, once, to a transformers folder with float32 safetensors and a tokenizer.

The weights are those that the file holds, dequantised: float32 keeps them exactly. The file is
read through a link in a folder of its own: what lies beside it (a configuration, a tokenizer, code)
is neither read nor run.
"""

import functools
import json
import shutil
import struct
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import gguf
import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, AutoTokenizer, modeling_gguf_pytorch_utils

from analysis.errors import ModelError
from analysis.models.folder import ORIGIN, first_line, quiet
from analysis.models.subject import Progress

UNQUANTISED = ("F64", "F32", "F16", "BF16")
LINK = "model.gguf"
CONVERT = "Check the file, or convert it yourself and give the transformers folder."


def _unheard(_what: str, _share: float) -> None:
    pass


def convert_gguf(path: Path, folder: Path, progress: Progress = _unheard) -> Path:
    """The folder, which is complete or not there; an existing one is left as it is."""
    if (folder / "config.json").is_file():
        return folder
    _check(path)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".converting-") as unfinished:
        _convert(path, Path(unfinished), progress)
        Path(unfinished).chmod(0o755)
        if folder.exists():
            shutil.rmtree(folder)
        Path(unfinished).rename(folder)
        Path(unfinished).mkdir()
    progress("converted", 1.0)
    return folder


def _convert(path: Path, folder: Path, progress: Progress) -> None:
    source: dict[str, Any] = {
        "gguf_file": LINK,
        "local_files_only": True,
        "trust_remote_code": False,  # unsaid, the user would be asked
    }
    try:
        with quiet(), _reading_once(progress), _apart(path) as alone:
            progress("reading the file", 0.0)
            model = AutoModelForCausalLM.from_pretrained(alone, dtype=torch.float32, **source)
            progress("reading the tokenizer", 0.7)
            tokenizer = AutoTokenizer.from_pretrained(alone, **source)
            progress("writing", 0.95)
            tokenizer.save_pretrained(folder)
    except Exception as error:  # the libraries raise bare Exception
        raise ModelError(
            f"{path} cannot be converted: {first_line(error)}", hint=CONVERT, where=path
        ) from error
    # save_pretrained refuses a model that was dequantised, so its tensors are written as they are.
    kept, seen = {}, set()
    for name, tensor in model.state_dict().items():
        if tensor.data_ptr() not in seen:
            seen.add(tensor.data_ptr())
            kept[name] = tensor.contiguous()
    save_file(kept, folder / "model.safetensors", metadata={"format": "pt"})
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    model.config.architectures = [type(model).__name__]
    model.config.save_pretrained(folder)
    (folder / ORIGIN).write_text(json.dumps({"quantised": ", ".join(quantisations(path))}))


def quantisations(path: Path) -> list[str]:
    """The types of a file's quantised tensors, that of most weights first."""
    weights: Counter[str] = Counter()
    for tensor in gguf.GGUFReader(path).tensors:
        if tensor.tensor_type.name not in UNQUANTISED:
            weights[tensor.tensor_type.name] += int(tensor.n_elements)
    return [name for name, _ in weights.most_common()]


@contextmanager
def _apart(path: Path) -> Iterator[Path]:
    """A folder that holds nothing but a link to the file, and is readable by this user only."""
    with tempfile.TemporaryDirectory(prefix="patchclamp-gguf-") as alone:
        (Path(alone) / LINK).symlink_to(path.resolve())
        yield Path(alone)


@contextmanager
def _reading_once(progress: Progress) -> Iterator[None]:
    """While transformers reads a file: parse it once, not three times, and say how far it is."""

    def counted(tensors: Sequence[Any], **_: object) -> Iterator[Any]:
        for number, tensor in enumerate(tensors):
            progress("dequantising the weights", 0.3 + 0.4 * number / len(tensors))
            yield tensor

    replacements = (
        (gguf, "GGUFReader", functools.cache(gguf.GGUFReader)),
        (gguf, "get_tensor_name_map", functools.cache(gguf.get_tensor_name_map)),
        (modeling_gguf_pytorch_utils, "tqdm", counted),
    )
    originals = [getattr(module, name) for module, name, _ in replacements]
    for module, name, replacement in replacements:
        setattr(module, name, replacement)
    try:
        yield
    finally:
        for (module, name, _), original in zip(replacements, originals, strict=True):
            setattr(module, name, original)


def _check(path: Path) -> None:
    if not path.is_file():
        raise ModelError(
            f"there is no file {path}", hint="Give the path of a .gguf file.", where=path
        )
    with path.open("rb") as file:
        start = file.read(24)
    if len(start) < 24 or start[:4] != b"GGUF":
        raise ModelError(f"{path} is no GGUF file", hint=CONVERT, where=path)
    version, n_tensors, _ = struct.unpack("<IQQ", start[4:])
    if version not in {2, 3} or n_tensors == 0:
        raise ModelError(
            f"{path} is GGUF of version {version} with {n_tensors} tensors; "
            "versions 2 and 3 can be read",
            hint=CONVERT,
            where=path,
        )
