"""A GGUF file becomes a transformers folder with exactly the weights that it holds."""

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from analysis.errors import ModelError
from analysis.models import convert_gguf, load_model
from analysis.models.folder import ORIGIN
from tests.analysis.models.tiny_gguf import HEAD, HEADS, KV, MLP, D, write_tiny_gguf

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A tiny quantised Llama with a byte-level tokenizer, and the weights that it really holds."""
    path = tmp_path_factory.mktemp("gguf") / "tiny model.Q4_1.gguf"
    return path, write_tiny_gguf(path)


def _rotated_back(weight: np.ndarray, n_heads: int) -> np.ndarray:
    """GGUF keeps the two halves of a head's rotary pairs interleaved."""
    pairs = weight.reshape(n_heads, HEAD // 2, 2, D)
    return pairs.swapaxes(1, 2).reshape(weight.shape)


def test_the_weights_are_exactly_those_of_the_file(written, tmp_path):
    path, held = written
    folder = convert_gguf(path, tmp_path / "converted")
    saved = load_file(folder / "model.safetensors")
    assert {tensor.dtype for tensor in saved.values()} == {np.dtype("float32")}
    at, there = "model.layers.1", "blk.1"
    for name, other in {
        "model.embed_tokens.weight": "token_embd.weight",
        "model.norm.weight": "output_norm.weight",
        f"{at}.mlp.down_proj.weight": f"{there}.ffn_down.weight",
        f"{at}.mlp.gate_proj.weight": f"{there}.ffn_gate.weight",
        f"{at}.mlp.up_proj.weight": f"{there}.ffn_up.weight",
        f"{at}.self_attn.v_proj.weight": f"{there}.attn_v.weight",
        f"{at}.self_attn.o_proj.weight": f"{there}.attn_output.weight",
        f"{at}.post_attention_layernorm.weight": f"{there}.ffn_norm.weight",
    }.items():
        np.testing.assert_array_equal(saved[name], held[other])
    for name, other, heads in (("q", "attn_q", HEADS), ("k", "attn_k", KV)):
        np.testing.assert_array_equal(
            saved[f"{at}.self_attn.{name}_proj.weight"],
            _rotated_back(held[f"{there}.{other}.weight"], heads),
        )


def test_a_gguf_file_is_converted_once_and_then_loaded(written, tmp_path):
    path, held = written
    first = load_model(str(path), dtype=torch.float32, device=CPU, cache=tmp_path)
    folders = list(tmp_path.iterdir())
    stamps = [file.stat().st_mtime_ns for file in folders[0].iterdir()]
    second = load_model(str(path), dtype=torch.float32, device=CPU, cache=tmp_path)
    assert list(tmp_path.iterdir()) == folders
    assert [file.stat().st_mtime_ns for file in folders[0].iterdir()] == stamps
    assert first.facts == second.facts
    assert (first.facts.n_ctx, first.facts.d_mlp, first.facts.d_head) == (64, MLP, HEAD)
    assert first.facts.quantised == "Q4_1"
    np.testing.assert_array_equal(second.output_vectors("mlp.0"), held["blk.0.ffn_down.weight"].T)
    texts = second.token_texts()
    assert "".join(texts[n] for n in second.encode("The cat sat")) == "The cat sat"
    assert second.run(torch.tensor([[1, 2, 3]])).shape == (1, 3, D)


def test_conversion_says_how_far_it_is(written, tmp_path):
    heard = []
    convert_gguf(
        written[0], tmp_path / "converted", lambda what, share: heard.append((what, share))
    )
    shares = [share for _, share in heard]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)
    assert "dequantising the weights" in dict(heard)


def test_an_interrupted_conversion_leaves_nothing_that_looks_finished(written, tmp_path):
    def interrupt(what, _share):
        if what == "writing":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        convert_gguf(written[0], tmp_path / "converted", interrupt)
    assert list(tmp_path.iterdir()) == []


def test_files_that_are_no_gguf_are_refused(written, tmp_path):
    path = tmp_path / "bad.gguf"
    for content, message in (
        (b"", "is no GGUF file"),
        (b"GGUF", "is no GGUF file"),
        (b"PK\3\4" + bytes(100), "is no GGUF file"),
        (b"GGUF" + bytes(100), "GGUF of version 0 with 0 tensors"),
        (written[0].read_bytes()[:20000], "cannot be converted"),
    ):
        path.write_bytes(content)
        with pytest.raises(ModelError, match=message) as caught:
            load_model(str(path), dtype=torch.float32, device=CPU, cache=tmp_path / "cache")
        assert caught.value.hint
        assert str(tmp_path) not in caught.value.public
    with pytest.raises(ModelError, match="does not exist"):
        load_model("nowhere.gguf", dtype=torch.float32, device=CPU, cache=tmp_path)


def test_a_converted_folder_that_does_not_say_how_it_was_quantised_is_loaded(written, tmp_path):
    path, _ = written
    folder = convert_gguf(path, tmp_path / "converted")
    (folder / ORIGIN).write_text("{}")
    loaded = load_model(str(folder), dtype=torch.float32, device=CPU, cache=tmp_path)
    assert loaded.facts.quantised is None
