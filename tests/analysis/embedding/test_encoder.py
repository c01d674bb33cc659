"""Our forward pass against that of transformers, and what makes embeddings comparable."""

import json
import math
import shutil

import numpy as np
import pytest
import torch
from transformers import BertModel, PreTrainedTokenizerFast

from analysis.embedding import finding
from analysis.embedding.encoder import Dense, Norm, gelu, load_encoder
from analysis.embedding.errors import EmbeddingError
from analysis.embedding.finding import find_model

PADDING = "[PAD]"
TEXTS = ["Whales at sea.", "a ship", "the", "", "kraken " * 60, "the whale, the ship, the sea."]


def reference(folder, texts):
    """Mean pooling over all tokens, to unit length, as sentence-transformers does it."""
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_file=str(folder / "tokenizer.json"), pad_token=PADDING
    )
    model = BertModel.from_pretrained(folder, dtype=torch.float32).eval()
    longest = min(256, model.config.max_position_embeddings)
    batch = tokenizer(texts, padding=True, truncation=True, max_length=longest, return_tensors="pt")
    batch.pop("token_type_ids", None)
    with torch.no_grad():
        states = model(**batch).last_hidden_state
    mask = batch["attention_mask"][..., None]
    pooled = (states * mask).sum(1) / mask.sum(1)
    return torch.nn.functional.normalize(pooled).numpy()


def test_embeddings_agree_with_those_of_transformers(small_bert):
    found = load_encoder(small_bert).encode(TEXTS)
    assert np.abs(found - reference(small_bert, TEXTS)).max() < 1e-5


def test_all_minilm_agrees_with_transformers_where_it_is_installed(small_bert):
    folder = find_model() or small_bert
    texts = ["Names of animals", "Fires at whales; less at ships", "Ünïcode 漢字 🦉", "word " * 400]
    found = load_encoder(folder).encode(texts)
    assert np.abs(found - reference(folder, texts)).max() < 1e-4


def test_embeddings_have_unit_length_and_do_not_depend_on_their_company(small_bert):
    encoder = load_encoder(small_bert)
    together = encoder.encode(TEXTS * 20)
    assert together.dtype == np.float32
    assert np.linalg.norm(together, axis=1) == pytest.approx(1, abs=1e-5)
    alone = np.concatenate([encoder.encode([text]) for text in TEXTS])
    assert np.abs(together[: len(TEXTS)] - alone).max() < 1e-5
    assert encoder.encode([]).shape == (0, 64)


def test_gelu_is_that_of_the_error_function():
    x = np.linspace(-6, 6, 97, dtype=np.float32)
    exact = [v * 0.5 * (1 + math.erf(v / math.sqrt(2))) for v in x.tolist()]
    assert np.abs(gelu(x) - exact).max() < 1e-6


def test_a_norm_of_six_numbers_by_hand():
    norm = Norm(np.array([2, 2, 2], np.float32), np.array([0, 1, 0], np.float32), 0.0)
    (row,) = norm(np.array([[1, 2, 3]], np.float32))
    assert row.tolist() == pytest.approx([-math.sqrt(6), 1, math.sqrt(6)], abs=1e-6)


def test_a_dense_layer_by_hand():
    dense = Dense(np.array([[1, 0], [0, 2]], np.float32), np.array([1, -1], np.float32))
    assert dense(np.array([[3, 4]], np.float32)).tolist() == [[4, 7]]


def test_a_folder_that_is_named_is_taken_and_none_is_found_where_nothing_is(tmp_path, monkeypatch):
    assert find_model(tmp_path) == tmp_path
    monkeypatch.setattr(finding, "PACKAGE", "a_package_that_is_not_there")
    assert find_model() is None


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.safetensors"])
def test_a_missing_file_is_named(small_bert, tmp_path, name):
    folder = shutil.copytree(small_bert, tmp_path / "model")
    (folder / name).unlink()
    with pytest.raises(EmbeddingError, match=name):
        load_encoder(folder)


@pytest.mark.parametrize(
    ("change", "said"),
    [({"model_type": "gpt2"}, "no BERT"), ({"hidden_act": "relu"}, "relu"),
     ({"num_hidden_layers": 9}, "encoder.layer.2")],
)  # fmt: skip
def test_a_model_of_another_kind_is_refused(small_bert, tmp_path, change, said):
    folder = shutil.copytree(small_bert, tmp_path / "model")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, **change}))
    with pytest.raises(EmbeddingError, match=said):
        load_encoder(folder)
