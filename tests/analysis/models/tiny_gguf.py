"""Writes a tiny quantised Llama with a byte-level tokenizer as a GGUF file."""

import json
from pathlib import Path

import gguf
import numpy as np

from tests.analysis.models.tiny import make_tokenizer

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


def write_tiny_gguf(path: Path, *, n_ctx: int = 64) -> dict[str, np.ndarray]:
    """The weights that the file really holds, by their names there."""
    backend = make_tokenizer("gpt2").backend_tokenizer
    n_vocab = backend.get_vocab_size()
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(n_ctx)
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
    return held


def _merges(backend):
    return json.loads(backend.to_str())["model"]["merges"]
