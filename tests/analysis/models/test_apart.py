"""What lies beside a GGUF file is neither read nor run."""

import json
import shutil
from pathlib import Path

import pytest
import torch

from analysis.models import convert_gguf, load_model
from tests.analysis.models.test_conversion import written as written

MARK = "ran.txt"
CODE = """
from pathlib import Path
(Path(__file__).parent / "ran.txt").write_text("ran")
Path({mark!r}).write_text("ran")
raise RuntimeError("foreign code ran")
"""
CUSTOM = {
    "AutoConfig": "evil.EvilConfig",
    "AutoModelForCausalLM": "evil.EvilModel",
    "AutoTokenizer": ["evil.EvilTokenizer", "evil.EvilTokenizer"],
}
BESIDE = {
    "config.json": {"model_type": "evil", "architectures": ["EvilModel"], "auto_map": CUSTOM},
    "tokenizer_config.json": {"tokenizer_class": "EvilTokenizer", "auto_map": CUSTOM},
    "generation_config.json": {"max_new_tokens": 12345, "custom_generate": "evil"},
    "special_tokens_map.json": {"bos_token": "EVIL"},
    "added_tokens.json": {"EVIL": 5},
    "adapter_config.json": {"peft_type": "LORA", "base_model_name_or_path": "evil/evil"},
}


@pytest.fixture
def poisoned(written, tmp_path: Path) -> Path:
    """The GGUF file in a folder full of code and configuration that must not be touched."""
    folder = tmp_path / "downloads"
    folder.mkdir()
    for name, content in BESIDE.items():
        (folder / name).write_text(json.dumps(content))
    for name in ("evil.py", "__init__.py", "conftest.py", "custom_generate/generate.py"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(CODE.format(mark=str(tmp_path / MARK)))
    (folder / "chat_template.jinja").write_text("EVIL")
    (folder / "pytorch_model.bin").write_bytes(b"\x80\x04not a tensor")
    return Path(shutil.copy(written[0], folder / "model.gguf"))


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_code_and_configuration_beside_a_gguf_file_change_nothing(written, poisoned, tmp_path):
    clean = convert_gguf(written[0], tmp_path / "clean")
    beside = convert_gguf(poisoned, tmp_path / "beside")
    assert contents(beside) == contents(clean)
    assert b"evil" not in b"".join(contents(beside).values()).lower()


def test_code_beside_a_gguf_file_never_runs(poisoned, tmp_path):
    model = load_model(
        str(poisoned), dtype=torch.float32, device=torch.device("cpu"), cache=tmp_path / "cache"
    )
    assert model.facts.n_layers == 2
    assert not list(tmp_path.rglob(MARK))


def test_a_folder_that_asks_for_code_of_its_own_is_loaded_without_it_or_refused(
    written, tmp_path: Path
):
    folder = convert_gguf(written[0], tmp_path / "model")
    for name in ("config.json", "tokenizer_config.json"):
        content = json.loads((folder / name).read_text())
        (folder / name).write_text(json.dumps(content | {"auto_map": CUSTOM}))
    (folder / "evil.py").write_text(CODE.format(mark=str(tmp_path / MARK)))
    cpu = torch.device("cpu")
    model = load_model(str(folder), dtype=torch.float32, device=cpu, cache=tmp_path / "cache")
    assert type(model).__module__.startswith("analysis.")
    assert not list(tmp_path.rglob(MARK))


def test_code_of_models_is_trusted_nowhere():
    sources = list((Path(__file__).parents[3] / "analysis").rglob("*.py"))
    assert sources
    for source in sources:
        assert "trust_remote_code=True" not in source.read_text().replace(" ", ""), source
