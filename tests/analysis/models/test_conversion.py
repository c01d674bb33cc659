"""A GGUF file becomes a transformers folder with exactly the weights that it holds."""

import json

import gguf
import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from analysis.errors import ModelError
from analysis.models import convert_gguf, load_model
from tests.analysis.models.tiny import make_tokenizer

CPU = torch.device("cpu")
D, HEADS, KV, HEAD, MLP = 64, 4, 2, 16, 96
Q4 = gguf.GGMLQuantizationType.Q4_1


def _tensors(n_vocab: int) -> dict[str, np.ndarray]:
    shapes = {"token_embd.weight": (n_vocab, D), "output_norm.weight": (D,)}
    for layer in range(2):
        at = f"blk.{layer}"
        shapes |= {
            f"{at}.attn_norm.weight": (D,), f"{at}.ffn_norm.weight": (D,),
            f"{at}.attn_q.weight": (HEADS * HEAD, D), f"{at}.attn_k.weight": (KV * HEAD, D),
            f"{at}.attn_v.weight": (KV * HEAD, D), f"{at}.attn_output.weight": (D, HEADS * HEAD),
            f"{at}.ffn_gate.weight": (MLP, D), f"{at}.ffn_up.weight": (MLP, D),
            f"{at}.ffn_down.weight": (D, MLP),
        }  # fmt: skip
    rng = np.random.default_rng(0)
    return {name: rng.normal(0, 0.3, shape).astype(np.float32) for name, shape in shapes.items()}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A tiny quantised Llama with a byte-level tokenizer, and the weights that it really holds."""
    path = tmp_path_factory.mktemp("gguf") / "tiny model.Q4_1.gguf"
    backend = make_tokenizer("gpt2").backend_tokenizer
    n_vocab = backend.get_vocab_size()
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(64)
    writer.add_embedding_length(D)
    writer.add_block_count(2)
    writer.add_feed_forward_length(MLP)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV)
    writer.add_rope_dimension_count(HEAD)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(10000.0)
    writer.add_vocab_size(n_vocab)
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list([backend.id_to_token(n) for n in range(n_vocab)])
    writer.add_token_types([3, *[1] * (n_vocab - 1)])
    writer.add_token_merges([" ".join(pair) for pair in _merges(backend)])
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(0)
    held = {}
    for name, tensor in _tensors(n_vocab).items():
        if tensor.ndim == 1:
            held[name] = tensor
            writer.add_tensor(name, tensor)
        else:
            packed = gguf.quantize(tensor, Q4)
            held[name] = gguf.dequantize(packed, Q4)
            writer.add_tensor(name, packed, raw_dtype=Q4)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path, held


def _merges(backend):
    return json.loads(backend.to_str())["model"]["merges"]


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
    with pytest.raises(ModelError, match="does not exist"):
        load_model("nowhere.gguf", dtype=torch.float32, device=CPU, cache=tmp_path)
