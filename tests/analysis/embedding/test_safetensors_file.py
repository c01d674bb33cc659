"""The reader of safetensors files trusts nothing in them."""

import json

import numpy as np
import pytest
from safetensors.numpy import save_file

from analysis.embedding.errors import EmbeddingError
from analysis.embedding.safetensors_file import LARGEST_HEADER, read_tensors


def write(path, header, data=b"\0" * 16, length=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    size = len(text) if length is None else length
    path.write_bytes(size.to_bytes(8, "little") + text + data)
    return path


def tensor(dtype="F32", shape=(4,), offsets=(0, 16)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


def test_it_reads_what_the_library_writes(tmp_path):
    tensors = {
        "a": np.arange(6, dtype=np.float32).reshape(2, 3),
        "half": np.array([0.5, -2], np.float16),
        "ids": np.arange(3),
    }
    save_file(tensors, tmp_path / "m.safetensors", metadata={"format": "pt"})
    found = read_tensors(tmp_path / "m.safetensors")
    assert found.keys() == {"a", "half"}
    assert found["a"].tolist() == tensors["a"].tolist()
    assert (found["half"].dtype, found["half"].tolist()) == (np.float32, [0.5, -2])


@pytest.mark.parametrize(
    "header",
    [
        b"not json", b"[]", b"[" * 5000, {"a": 1}, {"a": {"dtype": "F32"}},
        {"a": tensor(shape=(5,))}, {"a": tensor(offsets=(0, 160))}, {"a": tensor(offsets=(16, 0))},
        {"a": tensor(offsets=(-16, 0))}, {"a": tensor(shape=(-4,))}, {"a": tensor(shape=(2**50,))},
        {"a": tensor(shape=("4",))}, {"a": tensor(offsets=(0, 8, 16))}, {"a": tensor(shape=(4.0,))},
    ],
    ids=range(14),
)  # fmt: skip
def test_a_header_that_says_what_cannot_be_is_refused(tmp_path, header):
    with pytest.raises(EmbeddingError):
        read_tensors(write(tmp_path / "m.safetensors", header))


@pytest.mark.parametrize("length", [LARGEST_HEADER + 1, 2**63, 10**6])
def test_a_length_beyond_the_file_or_the_bound_is_refused(tmp_path, length):
    with pytest.raises(EmbeddingError, match="cut off"):
        read_tensors(write(tmp_path / "m.safetensors", {}, length=length))


@pytest.mark.parametrize("content", [b"", b"\1\0"])
def test_a_file_that_is_too_short_is_refused(tmp_path, content):
    (tmp_path / "m.safetensors").write_bytes(content)
    with pytest.raises(EmbeddingError, match="cut off"):
        read_tensors(tmp_path / "m.safetensors")
