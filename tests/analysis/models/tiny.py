"""Makes small randomly initialised models of every architecture, saved for real.

folder = make_tiny("llama", tmp_path)   # a transformers folder with safetensors and tokenizer
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import (
    AutoModelForCausalLM,
    AutoModelForMaskedLM,
    BertConfig,
    DistilBertConfig,
    Gemma2Config,
    Gemma3TextConfig,
    GPT2Config,
    GPTNeoXConfig,
    LlamaConfig,
    MistralConfig,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen3Config,
    RobertaConfig,
)

from analysis.models import save_plain

TEXT = "The cat sat on the mat, and the other cat was not at all happy about it. " * 3
BOS, CLS, SEP, PAD, UNK = "<s>", "[CLS]", "[SEP]", "[PAD]", "[UNK]"
N_VOCAB = 320
N_CTX = 32

_SIZES: dict[str, Any] = {
    "vocab_size": N_VOCAB,
    "hidden_size": 24,
    "intermediate_size": 40,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "max_position_embeddings": N_CTX,
    "pad_token_id": None,
    "bos_token_id": 0,
    "eos_token_id": 0,
}
_GROUPED = _SIZES | {"num_key_value_heads": 2, "head_dim": 8}
_ENCODER = _SIZES | {"pad_token_id": 1}
_WINDOW = 4
"""Tokens in a sliding attention window: shorter than the tests' windows."""

CONFIGS: dict[str, Callable[[], Any]] = {
    "gpt2": lambda: GPT2Config(
        vocab_size=N_VOCAB, n_embd=24, n_layer=2, n_head=4, n_positions=N_CTX,
        bos_token_id=0, eos_token_id=0,
    ),
    "gpt_neox": lambda: GPTNeoXConfig(**_SIZES, rotary_pct=0.5, tie_word_embeddings=False),
    "llama": lambda: LlamaConfig(**_GROUPED, tie_word_embeddings=False),
    "mistral": lambda: MistralConfig(**_GROUPED, sliding_window=_WINDOW),
    "qwen2": lambda: Qwen2Config(**_SIZES, num_key_value_heads=2),
    "qwen3": lambda: Qwen3Config(**_GROUPED),
    "gemma2": lambda: Gemma2Config(
        **_GROUPED, sliding_window=_WINDOW, query_pre_attn_scalar=8,
        attn_logit_softcapping=2.0, final_logit_softcapping=5.0,
    ),
    "gemma3": lambda: Gemma3TextConfig(
        **_GROUPED, sliding_window=_WINDOW, query_pre_attn_scalar=8,
        layer_types=["sliding_attention", "full_attention"],
    ),
    "bert": lambda: BertConfig(**_ENCODER),
    "roberta": lambda: RobertaConfig(**_ENCODER | {"max_position_embeddings": N_CTX + 2}),
    "distilbert": lambda: DistilBertConfig(
        vocab_size=N_VOCAB, dim=24, hidden_dim=40, n_layers=2, n_heads=4,
        max_position_embeddings=N_CTX, pad_token_id=1,
    ),
}  # fmt: skip
ENCODERS = ("bert", "roberta", "distilbert")
ARCHITECTURES = (*CONFIGS, "plain")


def make_tiny(architecture: str, folder: Path, *, seed: int = 0) -> Path:
    """A model of an architecture, with random weights and a tokenizer, in a folder."""
    if architecture == "plain":
        return make_tiny_plain(folder, seed=seed)
    auto = AutoModelForMaskedLM if architecture in ENCODERS else AutoModelForCausalLM
    model = auto.from_config(CONFIGS[architecture]())
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            noise = torch.randn(parameter.shape, generator=generator) * 0.3
            # Norms keep their ones and biases their zeros, plus noise; matrices are noise alone.
            parameter.copy_(noise if parameter.ndim > 1 else parameter + noise)
    model.save_pretrained(folder)
    make_tokenizer(architecture).save_pretrained(folder)
    return folder


def make_tokenizer(architecture: str) -> PreTrainedTokenizerFast:
    if architecture in ENCODERS:
        return _word_pieces()
    return _byte_pairs(bos=architecture in {"llama", "mistral", "gemma2", "gemma3"})


def _byte_pairs(*, bos: bool) -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=N_VOCAB - 10,
        special_tokens=[BOS],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([TEXT], trainer)
    if bos:
        tokenizer.post_processor = processors.TemplateProcessing(
            single=f"{BOS} $A", special_tokens=[(BOS, tokenizer.token_to_id(BOS))]
        )
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token=BOS, eos_token=BOS)


def _word_pieces() -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(models.WordPiece(unk_token=UNK))
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    trainer = trainers.WordPieceTrainer(
        vocab_size=100, special_tokens=[CLS, PAD, SEP, UNK], show_progress=False
    )
    tokenizer.train_from_iterator([TEXT], trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{CLS} $A {SEP}", special_tokens=[(CLS, 0), (SEP, 2)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, cls_token=CLS, sep_token=SEP, pad_token=PAD, unk_token=UNK
    )


PLAIN: dict[str, Any] = {
    "format": "plain", "version": 1, "n_layers": 2, "d_model": 12, "n_heads": 2, "d_head": 6,
    "d_mlp": 20, "n_ctx": N_CTX, "act": "relu", "gated": False, "norm": "none", "causal": True,
    "positions": "learned", "attn_scale": None, "vocab": ["BOS", *"abcdefghi"],
    "bos_token": "BOS", "tokenize": "whitespace",
}  # fmt: skip


def make_tiny_plain(folder: Path, *, seed: int = 0, **changes: Any) -> Path:
    """A plain model with random weights; `changes` are entries of its config.json."""
    config = PLAIN | changes
    return save_plain(folder, config, plain_tensors(config, seed=seed))


def plain_tensors(config: dict[str, Any], *, seed: int = 0) -> dict[str, torch.Tensor]:
    """Random tensors, biases too, of every name that the format has for a configuration."""
    d, h, e, m = (config[name] for name in ("d_model", "n_heads", "d_head", "d_mlp"))
    n_vocab = len(config["vocab"])
    n_out = len(config.get("vocab_out") or config["vocab"])
    norms = ["ln_final"] if config["norm"] != "none" else []
    shapes: dict[str, tuple[int, ...]] = {"W_E": (n_vocab, d), "W_U": (d, n_out), "b_U": (n_out,)}
    if config["positions"] == "learned":
        shapes["W_pos"] = (config["n_ctx"], d)
    for layer in range(config["n_layers"]):
        at = f"blocks.{layer}"
        shapes |= {f"{at}.attn.W_{x}": (h, d, e) for x in "QKV"}
        shapes |= {f"{at}.attn.b_{x}": (h, e) for x in "QKV"}
        shapes |= {f"{at}.attn.W_O": (h, e, d), f"{at}.attn.b_O": (d,)}
        if config["norm"] != "none":
            norms += [f"{at}.ln1", f"{at}.ln2"] if m else [f"{at}.ln1"]
        if m:
            shapes |= {f"{at}.mlp.W_in": (d, m), f"{at}.mlp.b_in": (m,)}
            shapes |= {f"{at}.mlp.W_out": (m, d), f"{at}.mlp.b_out": (d,)}
            if config["gated"]:
                shapes[f"{at}.mlp.W_gate"] = (d, m)
    shapes |= {f"{name}.{part}": (d,) for name in norms for part in "wb"}
    generator = torch.Generator().manual_seed(seed)
    return {name: torch.randn(shape, generator=generator) * 0.3 for name, shape in shapes.items()}
