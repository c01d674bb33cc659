"""Every architecture: what is recorded equals what its weights say, computed independently."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor
from transformers import BertModel, Gemma3Config, Gemma3ForConditionalGeneration

from analysis.errors import ModelError
from analysis.models import SubjectModel, load_model
from tests.analysis.models.reference import Reference, reference
from tests.analysis.models.tiny import CONFIGS, ENCODERS, make_tiny, make_tokenizer

CPU = torch.device("cpu")
GATED = {"llama", "mistral", "qwen2", "qwen3", "gemma2", "gemma3"}
HEADS = {
    "gpt2": ("transformer.ln_f", "transformer.wte"),
    "gpt_neox": ("gpt_neox.final_layer_norm", "embed_out"),
    "llama": ("model.norm", "lm_head"),
}
"""Final norm and unembedding in the saved weights."""
DECODERS = [name for name in CONFIGS if name not in ENCODERS]


@dataclass(frozen=True)
class Loaded:
    folder: Path
    model: SubjectModel
    tokens: Tensor
    lengths: Tensor
    truth: Reference
    recorded: dict[str, Tensor]
    patterns: dict[str, Tensor]
    last: Tensor


@pytest.fixture(scope="module", params=CONFIGS)
def loaded(request, tmp_path_factory) -> Loaded:
    """A tiny model of each architecture, recorded on a padded batch."""
    return _load(request.param, tmp_path_factory.mktemp(request.param))


def _load(architecture: str, folder: Path) -> Loaded:
    make_tiny(architecture, folder, seed=5)
    model = load_model(str(folder), dtype=torch.float32, device=CPU, cache=folder)
    generator = torch.Generator().manual_seed(1)
    tokens = torch.randint(4, 300, (3, 9), generator=generator)
    lengths = torch.tensor([9, 6, 2])
    real = torch.arange(9) < lengths[:, None]
    tokens[~real] = 1
    truth = reference(architecture, folder, tokens, real.long())
    recorded: dict[str, Tensor] = {}
    patterns: dict[str, Tensor] = {}

    def record(site, activations):
        recorded[site.name] = activations.clone()
        if site.kind == "attn":
            windows, heads = torch.cartesian_prod(torch.arange(3), torch.arange(4)).T
            pairs = model.attention(site.name, windows, heads)
            patterns[site.name] = pairs.reshape(3, 4, *pairs.shape[1:])

    last = model.run(tokens, lengths=lengths, record=record)
    return Loaded(folder, model, tokens, lengths, truth, recorded, patterns, last)


def _assert_close_where_real(loaded: Loaded, found: Tensor, expected: Tensor) -> None:
    for window, length in enumerate(loaded.lengths.tolist()):
        torch.testing.assert_close(
            found[window, :length].double(),
            expected[window, :length].double(),
            atol=1e-5,
            rtol=1e-5,
        )


def test_neurons_are_what_the_weights_make_of_the_layer_input(loaded):
    for layer, expected in enumerate(loaded.truth.neurons):
        _assert_close_where_real(loaded, loaded.recorded[f"mlp.{layer}"], expected)


def test_heads_are_the_norm_of_what_each_adds_to_the_residual_stream(loaded):
    for layer, expected in enumerate(loaded.truth.heads):
        _assert_close_where_real(loaded, loaded.recorded[f"attn.{layer}"], expected)


def test_attention_patterns_are_those_of_the_eager_path(loaded):
    for layer, expected in enumerate(loaded.truth.patterns):
        for window, length in enumerate(loaded.lengths.tolist()):
            found = loaded.patterns[f"attn.{layer}"][window, :, :length, :length]
            torch.testing.assert_close(
                found, expected[window, :, :length, :length], atol=1e-5, rtol=1e-5
            )


def test_the_last_hidden_state_and_the_logits_are_those_of_transformers(loaded):
    _assert_close_where_real(loaded, loaded.last, loaded.truth.last)
    _assert_close_where_real(loaded, loaded.model.logits(loaded.last), loaded.truth.logits)


def test_padding_changes_nothing_at_real_positions(loaded):
    for window, length in enumerate(loaded.lengths.tolist()):
        alone: dict[str, Tensor] = {}
        loaded.model.run(
            loaded.tokens[window : window + 1, :length],
            record=lambda site, values, alone=alone: alone.__setitem__(site.name, values),
        )
        for name, values in alone.items():
            torch.testing.assert_close(
                values[0], loaded.recorded[name][window, :length], atol=1e-5, rtol=1e-5
            )


def test_a_later_token_reaches_earlier_positions_of_encoders_only(loaded):
    changed = loaded.tokens[:1].clone()
    changed[0, -1] = 7 if changed[0, -1] != 7 else 8
    found: dict[str, Tensor] = {}
    loaded.model.run(changed, record=lambda site, values: found.__setitem__(site.name, values))
    earlier = loaded.recorded["mlp.1"][0, :-1]
    assert torch.allclose(found["mlp.1"][0, :-1], earlier, atol=1e-6) == loaded.model.facts.causal


def test_facts_are_those_of_the_configuration(loaded):
    facts = loaded.model.facts
    saved = load_file(loaded.folder / "model.safetensors")
    assert (facts.n_layers, facts.d_model, facts.n_heads, facts.n_ctx) == (2, 24, 4, 32)
    assert facts.n_vocab == 320
    assert facts.n_parameters == sum(tensor.numel() for tensor in saved.values())
    assert [site.name for site in loaded.model.sites] == ["mlp.0", "attn.0", "mlp.1", "attn.1"]
    assert [site.n_units for site in loaded.model.sites[:2]] == [facts.d_mlp, 4]
    assert facts.gated == (facts.architecture in GATED)


def test_only_the_sites_asked_for_are_recorded_in_the_order_of_computation(loaded):
    seen = []
    loaded.model.run(
        loaded.tokens, record=lambda site, _: seen.append(site.name), sites=["mlp.1", "attn.0"]
    )
    assert seen == ["attn.0", "mlp.1"]
    seen.clear()
    loaded.model.run(loaded.tokens)
    assert seen == []


def test_the_tokenizer_survives_saving_and_loading(loaded):
    ids = loaded.model.encode("The cat sat")
    texts = loaded.model.token_texts()
    assert len(texts) == loaded.model.facts.n_vocab
    assert "".join(texts[token] for token in ids).strip() == "The cat sat"


@pytest.mark.parametrize("architecture", DECODERS)
def test_the_unembedding_gives_the_logits_of_the_normalised_residual(architecture, tmp_path):
    """x̂ W = logits, up to what the norm's bias adds, where x̂ is the residual before the gain."""
    loaded = _load(architecture, tmp_path)
    saved = load_file(tmp_path / "model.safetensors")
    norm, head = HEADS.get(architecture, ("model.norm", "model.embed_tokens"))
    gain = saved[f"{norm}.weight"] + (1 if architecture.startswith("gemma") else 0)
    bias = saved.get(f"{norm}.bias", torch.zeros(24))
    logits = loaded.model.logits(loaded.last)
    if architecture == "gemma2":
        logits = 5.0 * torch.atanh(logits / 5.0)
    from_bias = bias @ saved[f"{head}.weight"].T
    found = ((loaded.last - bias) / gain) @ loaded.model.unembedding() + from_bias
    torch.testing.assert_close(found, logits, atol=2e-3, rtol=1e-3)


@pytest.mark.parametrize("architecture", ["gpt2", "gpt_neox", "llama", "gemma3", "bert"])
def test_output_vectors_are_the_rows_of_the_down_projection(architecture, tmp_path):
    make_tiny(architecture, tmp_path)
    model = load_model(str(tmp_path), dtype=torch.float32, device=CPU, cache=tmp_path)
    saved = load_file(tmp_path / "model.safetensors")
    name, transposed = {
        "gpt2": ("transformer.h.1.mlp.c_proj.weight", False),
        "gpt_neox": ("gpt_neox.layers.1.mlp.dense_4h_to_h.weight", True),
        "llama": ("model.layers.1.mlp.down_proj.weight", True),
        "gemma3": ("model.layers.1.mlp.down_proj.weight", True),
        "bert": ("bert.encoder.layer.1.output.dense.weight", True),
    }[architecture]
    rows = saved[name].T if transposed else saved[name]
    if architecture == "gemma3":
        rows = rows * (1 + saved["model.layers.1.post_feedforward_layernorm.weight"])
    assert torch.equal(model.output_vectors("mlp.1"), rows)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("architecture", ["gpt2", "llama", "gemma2", "bert"])
def test_low_precision_gives_nearly_the_same(architecture, dtype, tmp_path):
    exact = _load(architecture, tmp_path)
    model = load_model(str(tmp_path), dtype=dtype, device=CPU, cache=tmp_path)
    seen: dict[str, Tensor] = {}
    model.run(
        exact.tokens,
        lengths=exact.lengths,
        record=lambda site, values: seen.__setitem__(site.name, values),
    )
    assert seen["mlp.0"].dtype == dtype
    assert seen["attn.0"].dtype == torch.float32
    for name in ("mlp.0", "attn.0"):
        found, expected = seen[name][0].float(), exact.recorded[name][0]
        assert (found - expected).norm() < 0.03 * expected.norm()


def test_the_language_part_of_a_model_that_also_sees_is_recorded(tmp_path):
    text = make_tiny("gemma3", tmp_path / "text")
    alone = load_model(str(text), dtype=torch.float32, device=CPU, cache=tmp_path)
    vision = {
        "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1,
        "num_attention_heads": 2, "image_size": 28, "patch_size": 14,
    }  # fmt: skip
    both = Gemma3ForConditionalGeneration(
        Gemma3Config(
            text_config=CONFIGS["gemma3"]().to_dict(), vision_config=vision, mm_tokens_per_image=4
        )
    )
    saved = load_file(text / "model.safetensors")
    both.model.language_model.load_state_dict(
        {name.removeprefix("model."): tensor for name, tensor in saved.items()}
    )
    both.save_pretrained(tmp_path / "both")
    make_tokenizer("gemma3").save_pretrained(tmp_path / "both")
    seeing = load_model(str(tmp_path / "both"), dtype=torch.float32, device=CPU, cache=tmp_path)
    tokens = torch.tensor([[0, 5, 6, 7, 8, 9]])
    found: list[Tensor] = []
    expected: list[Tensor] = []
    last = seeing.run(tokens, record=lambda _, values: found.append(values))
    alone.run(tokens, record=lambda _, values: expected.append(values))
    assert seeing.sites == alone.sites
    assert len(found) == 4
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other)
    torch.testing.assert_close(seeing.unembedding(), alone.unembedding())
    torch.testing.assert_close(seeing.logits(last), alone.logits(alone.run(tokens)))


def test_an_encoder_without_its_head_is_recorded_but_gives_no_logits(tmp_path):
    whole = _load("bert", tmp_path / "whole")
    BertModel.from_pretrained(tmp_path / "whole").save_pretrained(tmp_path / "bare")
    make_tokenizer("bert").save_pretrained(tmp_path / "bare")
    bare = load_model(str(tmp_path / "bare"), dtype=torch.float32, device=CPU, cache=tmp_path)
    last = bare.run(whole.tokens, lengths=whole.lengths)
    torch.testing.assert_close(last, whole.last)
    assert torch.equal(bare.unembedding(), whole.model.unembedding())
    with pytest.raises(ModelError, match="without its language-model head"):
        bare.logits(last)


def test_the_activation_function_that_ran_is_named(tmp_path):
    names = {}
    for architecture in ("gpt2", "llama", "gemma2"):
        folder = make_tiny(architecture, tmp_path / architecture)
        model = load_model(str(folder), dtype=torch.float32, device=CPU, cache=tmp_path)
        names[architecture] = model.facts.activation_function
    assert names == {
        "gpt2": "transformers.activations.NewGELUActivation",
        "llama": "transformers.activations.SiLUActivation",
        "gemma2": "transformers.activations.GELUTanh: torch._C._nn.gelu(approximate='tanh')",
    }


def test_hashes_tell_weights_and_tokenizers_apart(tmp_path):
    facts = []
    for seed, architecture in ((0, "llama"), (0, "llama"), (1, "llama"), (0, "bert")):
        folder = make_tiny(architecture, tmp_path / str(len(facts)), seed=seed)
        facts.append(load_model(str(folder), dtype=torch.float32, device=CPU, cache=tmp_path).facts)
    assert facts[0] == facts[1]
    assert facts[0].weights_sha256 != facts[2].weights_sha256
    assert facts[0].tokenizer_sha256 == facts[2].tokenizer_sha256
    assert facts[0].tokenizer_sha256 != facts[3].tokenizer_sha256
    content = (tmp_path / "0" / "model.safetensors").read_bytes()
    assert facts[0].weights_sha256 == hashlib.sha256(content).hexdigest()
