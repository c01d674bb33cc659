"""Loads a local transformers folder: checked first, then loaded without any code of its own."""

import functools
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from huggingface_hub.errors import HFValidationError, StrictDataclassError
from safetensors import SafetensorError
from torch import Tensor, nn
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForMaskedLM
from transformers.utils import logging

from analysis.errors import ModelError
from analysis.models import attention
from analysis.models.architectures import REGISTRY
from analysis.models.architectures.base import Architecture, module_at
from analysis.models.checks import AGAIN, existing_folder, plain_name, read_json, tensor_shapes
from analysis.models.hashing import hash_files
from analysis.models.hooked import HookedModel
from analysis.models.norm_scales import gain_of
from analysis.models.parts import Parts
from analysis.models.projections import fold_norm, rows_of
from analysis.models.relevance import rules_of
from analysis.models.tokens import Bos, load_tokeniser, tokenizer_files
from analysis.records import ModelFacts

ORIGIN = "converted-from.json"
"""What a conversion says of the file that a folder was made from."""
_LOADING_ERRORS = (
    OSError, ValueError, TypeError, KeyError, AttributeError, IndexError, RuntimeError, ImportError,
    ZeroDivisionError, SafetensorError, HFValidationError, StrictDataclassError,
)  # fmt: skip
"""What transformers raises when a configuration and its weights do not fit together."""


def load_folder(folder: Path, *, dtype: torch.dtype, device: torch.device) -> HookedModel:
    """A transformers model, ready to run; ModelError says what is missing or wrong."""
    config = read_json(existing_folder(folder) / "config.json")
    weights = weight_files(folder)
    architecture = _architecture(config, weights)
    tokeniser, bos = load_tokeniser(folder)
    model, has_head = _load(folder, architecture, weights, dtype)
    model.to(device).eval().requires_grad_(requires_grad=False)
    facts = _facts(model, architecture, folder, weights, bos)
    return HookedModel(
        facts=facts,
        parts=_parts(model, architecture, has_head=has_head),
        tokeniser=tokeniser.for_vocabulary(facts.n_vocab),
        dtype=dtype,
        device=device,
    )


def weight_files(folder: Path) -> list[Path]:
    """The files that hold the weights: safetensors, else pickles that only hold tensors."""
    for stem, suffix in (("model", "safetensors"), ("pytorch_model", "bin")):
        index = folder / f"{stem}.{suffix}.index.json"
        if index.is_file():
            names = read_json(index).get("weight_map")
            if not isinstance(names, dict) or not names:
                raise ModelError(f"{index} has no weight_map", hint=AGAIN, where=index)
            paths = [plain_name(str(name), folder) for name in sorted(set(names.values()))]
            missing = [path.name for path in paths if not path.is_file()]
            if missing:
                raise ModelError(f"{folder} lacks {missing[0]}", hint=AGAIN, where=folder)
            return paths
        if (folder / f"{stem}.{suffix}").is_file():
            return [folder / f"{stem}.{suffix}"]
    raise ModelError(
        f"there are no weights in {folder}",
        hint="It needs model.safetensors (or pytorch_model.bin) next to config.json.",
        where=folder,
    )


def _architecture(config: dict[str, Any], weights: list[Path]) -> Architecture:
    shapes = tensor_shapes([path for path in weights if path.suffix == ".safetensors"])
    model_type = config.get("model_type")
    if not isinstance(model_type, str):
        raise ModelError(
            "config.json has no model_type",
            hint="Save the model with save_pretrained, or as a plain model with format: plain.",
        )
    if model_type not in REGISTRY:
        linear = sorted(
            name.removesuffix(".weight")
            for name, shape in shapes.items()
            if ".0." in name and len(shape) == 2
        )
        file = model_type.replace("-", "_")
        raise ModelError(
            f"the architecture {model_type!r} is not known; the modules of its layer 0 are: "
            + (", ".join(linear) or "none found"),
            hint=f"Say where its units live in analysis/models/architectures/{file}.py and list it "
            f"in that folder's __init__.py. Known: {', '.join(sorted(REGISTRY))}.",
        )
    return REGISTRY[model_type]


def _load(
    folder: Path, architecture: Architecture, weights: list[Path], dtype: torch.dtype
) -> tuple[nn.Module, bool]:
    """The network with its head, and whether the head came with weights."""
    auto = AutoModelForCausalLM if architecture.causal else AutoModelForMaskedLM
    try:
        with quiet():
            config = AutoConfig.from_pretrained(
                folder, local_files_only=True, trust_remote_code=False
            )
            # Feed-forward in chunks would call a recorder once per chunk.
            config.chunk_size_feed_forward = 0
            model, report = auto.from_pretrained(
                folder,
                config=config,
                dtype=dtype,
                attn_implementation=attention.NAME,
                use_safetensors=weights[0].suffix == ".safetensors",
                weights_only=True,
                local_files_only=True,
                trust_remote_code=False,
                output_loading_info=True,
            )
    except pickle.UnpicklingError as error:
        raise ModelError(
            f"{weights[0]} is a pickle that holds more than tensors; it was not opened",
            hint="Convert it to safetensors where you trust it, and give that folder.",
            where=weights[0],
        ) from error
    except _LOADING_ERRORS as error:
        raise ModelError(
            f"{folder} cannot be loaded: {first_line(error)}", hint=AGAIN, where=folder
        ) from error
    missing = sorted(report["missing_keys"])
    has_head = True
    if not architecture.causal:
        inside = [name for name in missing if name.startswith(architecture.backbone + ".")]
        has_head, missing = not missing, inside
    if missing:
        raise ModelError(f"the weights in {folder} lack {missing[0]}", hint=AGAIN, where=folder)
    return model, has_head


def _parts(
    model: Any,  # noqa: ANN401 - a transformers model
    architecture: Architecture,
    *,
    has_head: bool,
) -> Parts:
    backbone = module_at(model, architecture.backbone)
    layers = list(module_at(backbone, architecture.layers))  # type: ignore[call-overload]
    norms = gains = None
    offset = architecture.gain_offset
    if architecture.mlp_norm is not None:
        norms = [module_at(layer, architecture.mlp_norm) for layer in layers]
        gains = [gain_of(norm, offset) for norm in norms]

    def forward(tokens: Tensor, mask: Tensor | None) -> Tensor:
        extra = {"use_cache": False} if architecture.causal else {}
        last: Tensor = backbone(input_ids=tokens, attention_mask=mask, **extra).last_hidden_state
        return last

    def unembedding() -> Tensor:
        if not has_head and not model.config.tie_word_embeddings:
            raise _no_head()
        gain = gain_of(module_at(backbone, architecture.final_norm), offset)
        return fold_norm(rows_of(model.get_output_embeddings()), gain, architecture.norm)

    def head(last: Tensor) -> Tensor:
        if not has_head:
            raise _no_head()
        return architecture.head(model, last)

    def step(tokens: Tensor, memory: object | None) -> tuple[Tensor, object]:
        found = backbone(input_ids=tokens, past_key_values=memory, use_cache=True)
        return found.last_hidden_state, found.past_key_values

    final_norm = module_at(backbone, architecture.final_norm)
    ends_inside = architecture.final_norm.startswith(f"{architecture.layers}.")
    return Parts(
        forward=forward,
        layers=layers,
        mlp_out=[module_at(layer, architecture.mlp_out) for layer in layers],
        attn_out=[module_at(layer, architecture.attn_out) for layer in layers],
        mlp_adds=architecture.mlp_adds,
        mlp_gains=gains,
        embedding=lambda: model.get_input_embeddings().weight,
        unembedding=unembedding,
        head=head,
        final_norm=final_norm,
        finish=_as_it_is if ends_inside else final_norm,
        rules=lambda: rules_of(model, architecture),
        mlp_norms=norms,
        end_tokens=_end_tokens(model),
        step=step if architecture.causal else None,
    )


def _end_tokens(model: Any) -> frozenset[int]:  # noqa: ANN401 - a transformers model
    """Of its configuration, and of what it says of generation."""
    found: set[int] = set()
    for config in (model.config.get_text_config(), getattr(model, "generation_config", None)):
        named = getattr(config, "eos_token_id", None)
        found |= {named} if isinstance(named, int) else set(named or ())
    return frozenset(found)


def _as_it_is(stream: Tensor) -> Tensor:
    return stream


def _facts(
    model: Any,  # noqa: ANN401 - a transformers model
    architecture: Architecture,
    folder: Path,
    weights: list[Path],
    bos: Bos,
) -> ModelFacts:
    config = model.config.get_text_config()
    backbone = module_at(model, architecture.backbone)
    first = module_at(module_at(backbone, architecture.layers), "0")
    width = rows_of(module_at(first, architecture.attn_out)).shape[0]
    return ModelFacts(
        architecture=architecture.name,
        n_layers=config.num_hidden_layers,
        d_model=config.hidden_size,
        d_mlp=rows_of(module_at(first, architecture.mlp_out)).shape[0],
        n_heads=config.num_attention_heads,
        d_head=width // config.num_attention_heads,
        n_ctx=architecture.context(config),
        n_vocab=model.get_input_embeddings().weight.shape[0],
        n_parameters=sum(parameter.numel() for parameter in model.parameters()),
        gated=architecture.gated,
        activation_function=qualified_name(module_at(first, architecture.activation)),
        norm=architecture.norm,
        norm_behind=architecture.mlp_norm is not None,
        linear_head=architecture.linear_head,
        quantised=_quantised(folder),
        causal=architecture.causal,
        bos_token_id=bos.begins,
        named_bos_token_id=bos.named,
        weights_sha256=hash_files(weights),
        tokenizer_sha256=hash_files(tokenizer_files(folder)),
    )


def _quantised(folder: Path) -> str | None:
    """How the weights had been quantised before they were converted."""
    origin = folder / ORIGIN
    if not origin.is_file():
        return None
    found = read_json(origin).get("quantised")
    return str(found) if found else None


def qualified_name(activation: Any) -> str:  # noqa: ANN401 - a module or a function
    """Which implementation runs: the module's class, and the function behind it if it names one."""
    if not isinstance(activation, nn.Module):
        return f"{activation.__module__}.{activation.__qualname__}"
    name = f"{type(activation).__module__}.{type(activation).__qualname__}"
    inner = getattr(activation, "act", None)
    settings = ""
    if isinstance(inner, functools.partial):
        settings = ", ".join(f"{key}={value!r}" for key, value in inner.keywords.items())
        inner = inner.func
    if inner is None:
        return name
    return f"{name}: {inner.__module__}.{inner.__name__}" + (f"({settings})" if settings else "")


def _no_head() -> ModelError:
    return ModelError(
        "this encoder came without its language-model head",
        hint="Use a checkpoint saved with its head (…ForMaskedLM), or do without logits.",
    )


def first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:300]


@contextmanager
def quiet() -> Iterator[None]:
    """Without transformers' own progress bars and warnings; what matters is checked here."""
    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()
