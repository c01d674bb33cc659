"""Bad models get a clear error with a hint, and never run code of their own."""

import json
import shutil
from pathlib import Path

import huggingface_hub.constants
import pytest
import torch
from safetensors.torch import load_file, save_file

from analysis.errors import ModelError
from analysis.models import detect_kind, load_model
from tests.analysis.models.tiny import make_tiny

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def saved(tmp_path_factory) -> Path:
    return make_tiny("llama", tmp_path_factory.mktemp("saved") / "llama")


@pytest.fixture
def folder(saved, tmp_path) -> Path:
    """A model folder that a test may spoil."""
    return Path(shutil.copytree(saved, tmp_path / "model"))


def _load(source, **options):
    return load_model(str(source), dtype=torch.float32, device=CPU, cache=Path("unused"), **options)


def _refused(source, message, **options) -> ModelError:
    with pytest.raises(ModelError, match=message) as caught:
        _load(source, **options)
    assert caught.value.hint
    if Path(source).is_absolute() and options.get("kind") != "hub":
        assert str(source) not in caught.value.public, "the network is told where things are"
    return caught.value


def _change_config(folder: Path, **changes) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_a_missing_folder(tmp_path):
    _refused(tmp_path / "nowhere", "does not exist")
    _refused(tmp_path / "nowhere", "does not exist", kind="folder")
    _refused("./nowhere", "does not exist")
    _refused("", "no model was named")


def test_a_folder_without_a_model(tmp_path):
    _refused(tmp_path, r"there is no config\.json")


def test_a_file_of_another_kind(tmp_path):
    (tmp_path / "notes.txt").write_text("hello")
    _refused(tmp_path / "notes.txt", "a file of an unknown kind")


def test_a_config_that_is_no_json(folder):
    (folder / "config.json").write_text("{")
    _refused(folder, "is no valid JSON")
    (folder / "config.json").write_bytes(b"\xff\xfe\x00")
    _refused(folder, "is no valid JSON")
    (folder / "config.json").write_text("[]")
    _refused(folder, "holds no JSON object")


def test_a_config_without_a_model_type(folder):
    _change_config(folder, model_type=None)
    _refused(folder, "has no model_type")


def test_a_config_that_does_not_fit_the_weights(folder):
    _change_config(folder, hidden_size=32)
    _refused(folder, "cannot be loaded")


@pytest.mark.parametrize("changes", [{"num_attention_heads": 0}, {"hidden_size": "wide"}])
def test_a_config_with_impossible_values(folder, changes):
    _change_config(folder, **changes)
    _refused(folder, "cannot be loaded")


def test_an_unknown_architecture_is_told_what_was_found_and_which_file_to_add(folder):
    _change_config(folder, model_type="grand-new")
    error = _refused(folder, "'grand-new' is not known")
    assert "model.layers.0.mlp.down_proj" in error.detail
    assert "model.layers.0.self_attn.o_proj" in error.detail
    assert "analysis/models/architectures/grand_new.py" in error.hint


def test_code_in_the_folder_is_never_run(folder):
    (folder / "modeling_evil.py").write_text("raise SystemExit('it ran')")
    _change_config(folder, auto_map={"AutoModelForCausalLM": "modeling_evil.Evil",
                                     "AutoConfig": "modeling_evil.EvilConfig"})  # fmt: skip
    assert _load(folder).facts.architecture == "llama"
    _change_config(folder, model_type="evil")
    _refused(folder, "'evil' is not known")


def test_truncated_weights(folder):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    error = _refused(folder, "model.safetensors cannot be read")
    assert "damaged" in error.hint
    path.write_bytes(b"")
    _refused(folder, "cannot be read")


def test_missing_weights(folder):
    (folder / "model.safetensors").unlink()
    _refused(folder, "there are no weights")


def test_a_missing_tensor_is_named_instead_of_being_made_up(folder):
    tensors = load_file(folder / "model.safetensors")
    del tensors["model.layers.1.mlp.up_proj.weight"]
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    _refused(folder, r"lack model\.layers\.1\.mlp\.up_proj\.weight")


def test_a_shard_that_is_not_there_or_not_in_the_folder(folder):
    (folder / "model.safetensors").rename(folder / "model-00001-of-00002.safetensors")
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"a": "model-00002-of-00002.safetensors"}}))
    _refused(folder, "lacks model-00002-of-00002")
    index.write_text(json.dumps({"weight_map": {"a": "../../secret.safetensors"}}))
    _refused(folder, "which is not in its folder")
    index.write_text(json.dumps({"weight_map": {}}))
    _refused(folder, "has no weight_map")


class _Bomb:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self):
        return (Path.touch, (self.mark,))


def test_a_pickle_that_would_run_code_is_refused_unopened(folder, tmp_path):
    (folder / "model.safetensors").unlink()
    torch.save({"weight": _Bomb(tmp_path / "ran")}, folder / "pytorch_model.bin")
    error = _refused(folder, "a pickle that holds more than tensors")
    assert "safetensors" in error.hint
    assert not (tmp_path / "ran").exists()


def test_a_pickle_of_tensors_alone_is_loaded(folder):
    tensors = load_file(folder / "model.safetensors")
    with_safetensors = _load(folder)
    (folder / "model.safetensors").unlink()
    torch.save(tensors, folder / "pytorch_model.bin")
    tokens = torch.tensor([[0, 5, 6]])
    assert torch.equal(_load(folder).run(tokens), with_safetensors.run(tokens))


def test_a_truncated_pickle(folder):
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    path = folder / "pytorch_model.bin"
    path.write_bytes(path.read_bytes()[:1000])
    _refused(folder, "cannot be loaded")


def test_a_model_without_a_tokenizer(folder):
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (folder / name).unlink()
    error = _refused(folder, "there is no tokenizer")
    assert "tokenizer.json" in error.hint


def test_a_broken_tokenizer(folder):
    (folder / "tokenizer.json").write_text("{}")
    _refused(folder, "the tokenizer in .* cannot be loaded")


@pytest.mark.parametrize("name", ["../x", "a/../b", "..", "a/b/c", "/etc/passwd", "~root/x", "a\\b",
                                  "a b", "x--y", "<script>", "a\0b"])  # fmt: skip
def test_path_tricks_in_names(name):
    _refused(name, r"no hub id|does not exist|a file of an unknown|no model|no config")
    _refused(name, "no hub id|no model was named", kind="hub")


def test_kinds_are_told_apart(folder, tmp_path):
    assert detect_kind(str(folder)) == "folder"
    assert detect_kind(str(make_tiny("plain", tmp_path / "plain"))) == "plain"
    (tmp_path / "m.gguf").write_bytes(b"GGUF")
    assert detect_kind(str(tmp_path / "m.gguf")) == "gguf"
    assert detect_kind("EleutherAI/pythia-70m") == "hub"
    assert detect_kind("gpt2") == "hub"


@pytest.fixture
def hub(tmp_path, monkeypatch) -> Path:
    """An empty hub cache, and no hub to be reached."""
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    return tmp_path / "hub"


@pytest.mark.usefixtures("hub")
def test_a_hub_model_that_is_not_here_and_no_network():
    error = _refused("someone/some-model", "is not on this machine")
    assert "network" in error.hint


def test_a_hub_model_in_the_cache_needs_no_network(hub, saved):
    repository = hub / "models--someone--some-model"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text("a" * 40)
    shutil.copytree(saved, repository / "snapshots" / ("a" * 40))
    assert _load("someone/some-model").facts == _load(saved).facts


def test_a_window_longer_than_the_context(saved):
    model = _load(saved)
    with pytest.raises(ModelError, match="longer than the model's context, 32"):
        model.run(torch.zeros(1, 33, dtype=torch.long))


def test_an_unknown_site(saved):
    model = _load(saved)
    with pytest.raises(ModelError, match=r"no site 'mlp\.9'"):
        model.run(torch.tensor([[1]]), record=lambda *_: None, sites=["mlp.9"])
    with pytest.raises(ModelError, match="has no output vectors"):
        model.output_vectors("attn.0")


def test_patterns_are_only_there_while_their_layer_is_recorded(saved):
    model = _load(saved)
    with pytest.raises(RuntimeError, match="from inside its recorder"):
        model.attention("attn.0", torch.tensor([0]), torch.tensor([0]))


def test_a_recorder_that_fails_leaves_the_model_usable(saved):
    model = _load(saved)

    def fail(_site, _activations):
        raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        model.run(torch.tensor([[1, 2]]), record=fail)
    assert model.run(torch.tensor([[1, 2]])).shape == (1, 2, 24)
