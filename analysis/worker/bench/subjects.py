"""The demo's model as benchmarks run it: in float32, on the CPU."""

from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, PreTrainedModel

from analysis.models.folder import quiet
from analysis.models.loading import load_model, local_folder
from analysis.models.tracing import EditableModel
from analysis.worker.subjects import CACHE
from app.demo_model import find_gguf
from app.settings import get_settings


def editable_demo() -> EditableModel:
    """As the product loads it."""
    return editable_of(str(find_gguf()))


def editable_of(source: str) -> EditableModel:
    model = load_model(
        source,
        dtype=torch.float32,
        device=torch.device("cpu"),
        cache=get_settings().data / CACHE,
    )
    if not isinstance(model, EditableModel):
        raise TypeError("the benchmark's model cannot be edited")
    return model


def demo_folder() -> Path:
    """Its files as transformers reads them."""
    return local_folder(str(find_gguf()), "gguf", get_settings().data / CACHE)


def bare_demo() -> PreTrainedModel:
    """As transformers loads it, from the same files."""
    with quiet():
        model: PreTrainedModel = AutoModelForCausalLM.from_pretrained(
            demo_folder(), dtype=torch.float32, local_files_only=True
        )
    return model.eval().requires_grad_(requires_grad=False)
