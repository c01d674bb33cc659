"""The plain format: the network equals a naive one, and what is wrong with a folder is named."""

import json
import math

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file
from safetensors.torch import save_file

from analysis.errors import ModelError
from analysis.models import load_plain, save_plain
from tests.analysis.models.tiny import PLAIN, make_tiny_plain, make_tokenizer, plain_tensors

CPU = torch.device("cpu")


def _load(folder):
    return load_plain(folder, dtype=torch.float32, device=CPU)


VARIANTS = {
    "relu without norm": {},
    "layer norm and gelu": {"norm": "layer", "act": "gelu"},
    "rms norm, gated silu, rotary": {
        "norm": "rms", "act": "silu", "gated": True, "positions": "rotary", "rotary_base": 100.0,
    },
    "encoder without positions": {"causal": False, "positions": "none", "act": "gelu_tanh"},
    "attention only with its own scale": {"d_mlp": 0, "attn_scale": 1.5, "norm": "layer"},
    "fewer outputs": {"vocab_out": ["yes", "no"]},
}  # fmt: skip


def _norm(config, w, x, name):
    if config["norm"] == "none":
        return x
    if config["norm"] == "layer":
        x = x - x.mean()
    return x / math.sqrt((x * x).mean() + 1e-5) * w[f"{name}.w"] + w[f"{name}.b"]


def _act(name, x):
    if name == "relu":
        return np.maximum(x, 0)
    if name == "silu":
        return x / (1 + np.exp(-x))
    if name == "gelu":
        return np.array([v * 0.5 * (1 + math.erf(v / math.sqrt(2))) for v in x])
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def _turned(config, x, position):
    if config["positions"] != "rotary":
        return x
    half = len(x) // 2
    turned = x.copy()
    for i in range(half):
        angle = position * config["rotary_base"] ** (-i / half)
        c, s = math.cos(angle), math.sin(angle)
        turned[i], turned[i + half] = x[i] * c - x[i + half] * s, x[i + half] * c + x[i] * s
    return turned


def naive(config, w, tokens):
    """Position by position, head by head, in float64: logits, neurons, head norms, patterns."""
    w = {name: tensor.astype(np.float64) for name, tensor in w.items()}
    n = len(tokens)
    scale = config["attn_scale"] or config["d_head"] ** -0.5
    h = [w["W_E"][t] + (w["W_pos"][p] if "W_pos" in w else 0) for p, t in enumerate(tokens)]
    seen = {}
    for layer in range(config["n_layers"]):
        at = f"blocks.{layer}"
        x = [_norm(config, w, v, f"{at}.ln1") for v in h]
        added = [w[f"{at}.attn.b_O"].copy() for _ in range(n)]
        norms, patterns = np.zeros((n, config["n_heads"])), np.zeros((config["n_heads"], n, n))
        for head in range(config["n_heads"]):
            q, k, v = (
                [x_p @ w[f"{at}.attn.W_{c}"][head] + w[f"{at}.attn.b_{c}"][head] for x_p in x]
                for c in "QKV"
            )
            q = [_turned(config, one, p) for p, one in enumerate(q)]
            k = [_turned(config, one, p) for p, one in enumerate(k)]
            for p in range(n):
                read = range(p + 1 if config["causal"] else n)
                scores = np.exp([q[p] @ k[j] * scale for j in read])
                patterns[head, p, : len(scores)] = scores / scores.sum()
                z = sum(patterns[head, p, j] * v[j] for j in read)
                added[p] += z @ w[f"{at}.attn.W_O"][head]
                norms[p, head] = np.linalg.norm(z @ w[f"{at}.attn.W_O"][head])
        h = [a + b for a, b in zip(h, added, strict=True)]
        seen[f"attn.{layer}"], seen[f"pattern.{layer}"] = norms, patterns
        if not config["d_mlp"]:
            continue
        x = [_norm(config, w, v, f"{at}.ln2") for v in h]
        entered = [v @ w[f"{at}.mlp.W_in"] + w[f"{at}.mlp.b_in"] for v in x]
        if config["gated"]:
            gates = [_act(config["act"], v @ w[f"{at}.mlp.W_gate"]) for v in x]
            neurons = [g * e for g, e in zip(gates, entered, strict=True)]
        else:
            neurons = [_act(config["act"], e) for e in entered]
        seen[f"mlp.{layer}"] = np.array(neurons)
        h = [v + a @ w[f"{at}.mlp.W_out"] + w[f"{at}.mlp.b_out"]
             for v, a in zip(h, neurons, strict=True)]  # fmt: skip
    seen["logits"] = np.array([_norm(config, w, v, "ln_final") @ w["W_U"] + w["b_U"] for v in h])
    return seen


@pytest.mark.parametrize("changes", VARIANTS.values(), ids=VARIANTS.keys())
def test_the_network_equals_a_naive_one(changes, tmp_path):
    make_tiny_plain(tmp_path, seed=4, **changes)
    model = _load(tmp_path)
    tokens = [0, 3, 1, 4, 1, 5, 9]
    truth = naive(PLAIN | changes, load_file(tmp_path / "model.safetensors"), tokens)

    def compare(site, activations):
        np.testing.assert_allclose(activations[0], truth[site.name], atol=1e-5, rtol=1e-5)
        if site.kind == "attn":
            for head in range(2):
                pattern = model.attention(site.name, torch.tensor([0]), torch.tensor([head]))[0]
                expected = truth[f"pattern.{site.layer}"][head]
                np.testing.assert_allclose(pattern, expected, atol=1e-5)

    last = model.run(torch.tensor([tokens]), record=compare)
    np.testing.assert_allclose(model.logits(last)[0], truth["logits"], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("causal", [True, False])
def test_padding_changes_nothing_at_real_positions(causal, tmp_path):
    make_tiny_plain(tmp_path, causal=causal)
    model = _load(tmp_path)
    alone = model.run(torch.tensor([[0, 3, 1]]))
    padded = model.run(
        torch.tensor([[0, 3, 1, 9, 9], [0, 1, 2, 3, 4]]), lengths=torch.tensor([3, 5])
    )
    torch.testing.assert_close(padded[0, :3], alone[0], atol=1e-6, rtol=1e-5)


def test_a_missing_bias_is_zero(tmp_path):
    tensors = plain_tensors(PLAIN)
    zeroed = {n: t * 0 if ".b_" in n or n == "b_U" else t for n, t in tensors.items()}
    without = {n: t for n, t in tensors.items() if not (".b_" in n or n == "b_U")}
    save_plain(tmp_path / "zeroed", PLAIN, zeroed)
    save_plain(tmp_path / "without", PLAIN, without)
    tokens = torch.tensor([[0, 1, 2]])
    one, other = (_load(tmp_path / name).run(tokens) for name in ("zeroed", "without"))
    assert torch.equal(one, other)


def test_words_and_characters_become_tokens_and_texts(tmp_path):
    words = _load(make_tiny_plain(tmp_path / "w"))
    assert words.encode(" a  c\nb") == [1, 3, 2]
    assert words.token_texts()[:3] == ["BOS", " a", " b"]
    assert words.facts.bos_token_id == 0
    changes = {"tokenize": "characters", "vocab": list("ab cdefghi"), "bos_token": None}
    letters = _load(make_tiny_plain(tmp_path / "c", **changes))
    assert letters.encode("b a") == [1, 2, 0]
    assert letters.token_texts()[:3] == ["a", "b", " "]
    assert letters.facts.bos_token_id is None


def test_a_tokenizer_json_in_the_folder_is_used(tmp_path):

    backend = make_tokenizer("gpt2").backend_tokenizer
    vocab = [backend.id_to_token(n) for n in range(backend.get_vocab_size())]
    changes = {"vocab": vocab, "bos_token": "<s>", "tokenize": "tokenizer.json"}
    make_tiny_plain(tmp_path, **changes)
    backend.save(str(tmp_path / "tokenizer.json"))
    model = _load(tmp_path)
    texts = model.token_texts()
    assert "".join(texts[n] for n in model.encode("The cat")) == "The cat"
    assert model.facts.bos_token_id == 0


def test_the_columns_of_the_unembedding_have_their_own_names(tmp_path):
    make_tiny_plain(tmp_path, vocab_out=["yes", "no"])
    model = _load(tmp_path)
    assert model.output_texts() == ["yes", "no"]
    assert model.unembedding().shape == (12, 2)


def test_a_word_outside_the_vocabulary_is_an_error_unless_there_is_an_unknown(tmp_path):
    model = _load(make_tiny_plain(tmp_path / "a"))
    with pytest.raises(ModelError, match="'zebra' is not in the model's vocabulary"):
        model.encode("a zebra")
    vocab = ["BOS", *"abcdefgh", "<unk>"]
    model = _load(make_tiny_plain(tmp_path / "b", vocab=vocab))
    assert model.encode("a zebra") == [1, 9]


WRONG_CONFIGS = {
    "n_layers: Field required": {"n_layers": None},
    "d_model: Input should be": {"d_model": -1},
    "act: Input should be": {"act": "swish"},
    "heads: Extra inputs": {"heads": 3},
    "version: Input should be 1": {"version": 2},
    "vocab names an entry twice": {"vocab": ["BOS", "a", "a"]},
    "bos_token 'START' is not in the vocab": {"bos_token": "START"},
    "need an even d_head": {"positions": "rotary", "d_head": 5},
    "which is not in its folder": {"tokenize": "../tokenizer.json"},
    "there is no tokenizer.json": {"tokenize": "tokenizer.json"},
    "has no vocab": {"vocab": []},
}


@pytest.mark.parametrize(("message", "changes"), WRONG_CONFIGS.items(), ids=WRONG_CONFIGS.keys())
def test_a_wrong_entry_is_named(message, changes, tmp_path):
    make_tiny_plain(tmp_path)
    config = PLAIN | changes
    config = {name: value for name, value in config.items() if name != "n_layers" or value}
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match=message) as caught:
        _load(tmp_path)
    assert caught.value.hint
    assert str(tmp_path) not in caught.value.public


def test_a_missing_misshapen_or_unknown_tensor_is_named(tmp_path):
    tensors = plain_tensors(PLAIN)
    wrong = {
        "lacks the tensor W_U": {n: t for n, t in tensors.items() if n != "W_U"},
        r"blocks.1.mlp.W_in in .* is \[3, 3\], not \[12, 20\]": tensors
        | {"blocks.1.mlp.W_in": torch.ones(3, 3)},
        "has a tensor W_X that is not in the format": tensors | {"W_X": torch.ones(1)},
    }
    make_tiny_plain(tmp_path)
    for message, saved in wrong.items():
        save_file(saved, tmp_path / "model.safetensors")
        with pytest.raises(ModelError, match=message) as caught:
            _load(tmp_path)
        assert str(tmp_path) not in caught.value.public
