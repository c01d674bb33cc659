"""Reads and writes models in the `plain` format (docs/plain-format.md)."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from pydantic import ValidationError
from safetensors.torch import save_file
from tokenizers import Tokenizer
from torch import Tensor

from analysis.errors import ModelError
from analysis.models.architectures.plain import ACTIVATIONS, Norm, PlainConfig, PlainTransformer
from analysis.models.checks import existing_folder, load_tensors, plain_name, read_json
from analysis.models.hashing import hash_files
from analysis.models.hooked import HookedModel
from analysis.models.parts import Parts
from analysis.models.projections import fold_norm
from analysis.models.relevance import Rules
from analysis.models.tokens import JsonTokeniser, ListTokeniser, Tokeniser
from analysis.records import ModelFacts

WEIGHTS = "model.safetensors"
FORMAT = "docs/plain-format.md lists the entries and tensors."


@dataclass(frozen=True)
class _Slot:
    """One tensor of the format: its name, its shape there, and where it goes in the network."""

    name: str
    shape: tuple[int, ...]
    target: Tensor
    heads: bool = False
    """[n_heads, d_model, d_head] there, [n_heads · d_head, d_model] in a linear layer."""
    transposed: bool = False
    """[in, out] there, [out, in] in a linear layer."""
    required: bool = True

    def fill(self, tensor: Tensor | None) -> None:
        if tensor is None:
            self.target.data.zero_()
            return
        if self.heads:
            tensor = tensor.transpose(1, 2).flatten(0, 1)
        if self.transposed:
            tensor = tensor.flatten(0, -2).t()
        self.target.data.copy_(tensor.reshape(self.target.shape))


def save_plain(folder: Path, config: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Path:
    """Writes a model folder; the configuration is checked, the tensors when they are loaded."""
    checked = _parse(dict(config), folder / "config.json")
    folder.mkdir(parents=True, exist_ok=True)
    text = checked.model_dump_json(indent=1, exclude_none=True)
    (folder / "config.json").write_text(text, encoding="utf-8")
    contiguous = {name: tensor.detach().contiguous() for name, tensor in tensors.items()}
    save_file(contiguous, folder / WEIGHTS)
    return folder


def load_plain(folder: Path, *, dtype: torch.dtype, device: torch.device) -> HookedModel:
    """A plain model, ready to run; ModelError names what is missing or wrong."""
    existing_folder(folder)
    config = _parse(read_json(folder / "config.json"), folder / "config.json")
    tokeniser, n_vocab, bos = _tokeniser(config, folder)
    n_out = n_vocab if config.vocab_out is None else len(config.vocab_out)
    network = PlainTransformer(config, n_vocab=n_vocab, n_out=n_out)
    _fill(network, load_tensors(folder / WEIGHTS), folder / WEIGHTS)
    network.to(device, dtype).eval().requires_grad_(requires_grad=False)
    layers = network.blocks()
    return HookedModel(
        facts=_facts(config, network, folder, n_vocab, bos),
        parts=Parts(
            forward=network,
            layers=layers,
            mlp_adds=True,
            mlp_out=[layer.mlp.out for layer in layers if layer.mlp is not None],
            attn_out=[layer.attn.out for layer in layers],
            mlp_gains=None,
            embedding=lambda: network.embed.weight,
            unembedding=lambda: fold_norm(network.unembed.weight.t(), network.norm.w, config.norm),
            head=network.unembed,
            final_norm=network.norm,
            finish=network.norm,
            rules=lambda: _rules(config, network),
            output_texts=config.vocab_out,
        ),
        tokeniser=tokeniser,
        dtype=dtype,
        device=device,
    )


def _rules(config: PlainConfig, network: PlainTransformer) -> Rules:
    norms = [module for module in network.modules() if isinstance(module, Norm)]
    mlps = [layer.mlp for layer in network.blocks() if layer.mlp is not None]
    return Rules(
        norm=config.norm,
        norms=[] if config.norm == "none" else [(norm, norm.w.float()) for norm in norms],
        activations=[mlp.activation for mlp in mlps],
        products=[mlp.out for mlp in mlps] if config.gated else (),
    )


def _parse(content: dict[str, Any], path: Path) -> PlainConfig:
    try:
        config = PlainConfig.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        entry = ".".join(map(str, first["loc"])) or "the file"
        raise ModelError(f"{path}: {entry}: {first['msg']}", hint=FORMAT, where=path) from error
    if config.positions == "rotary" and config.d_head % 2:
        raise ModelError(f"{path}: rotary positions need an even d_head", hint=FORMAT, where=path)
    if len(set(config.vocab)) < len(config.vocab):
        raise ModelError(f"{path}: vocab names an entry twice", hint=FORMAT, where=path)
    return config


def _tokeniser(config: PlainConfig, folder: Path) -> tuple[Tokeniser, int, int | None]:
    """The tokeniser, the size of the vocabulary, and the id of BOS."""
    if config.tokenize not in {"whitespace", "characters"}:
        return _json_tokeniser(config, folder)
    if not config.vocab:
        raise ModelError(f"{folder / 'config.json'} has no vocab", hint=FORMAT, where=folder)
    bos = config.bos_token
    if bos is not None and bos not in config.vocab:
        raise ModelError(
            f"bos_token {bos!r} is not in the vocab of {folder}", hint=FORMAT, where=folder
        )
    characters = config.tokenize == "characters"
    tokeniser = ListTokeniser(config.vocab, characters=characters, bos=bos)
    return tokeniser, len(config.vocab), None if bos is None else config.vocab.index(bos)


def _json_tokeniser(config: PlainConfig, folder: Path) -> tuple[Tokeniser, int, int | None]:
    path = plain_name(config.tokenize, folder)
    description = json.dumps(read_json(path))
    try:
        backend = Tokenizer.from_str(description)
    except Exception as error:  # the library raises bare Exception
        raise ModelError(f"{path} is no tokenizer: {error}", hint=FORMAT, where=path) from error
    n_vocab = len(config.vocab) or backend.get_vocab_size()
    bos = None if config.bos_token is None else backend.token_to_id(config.bos_token)
    if config.bos_token is not None and bos is None:
        raise ModelError(
            f"bos_token {config.bos_token!r} is not in {path}", hint=FORMAT, where=path
        )
    return JsonTokeniser(backend, n_vocab), n_vocab, bos


def _fill(network: PlainTransformer, tensors: dict[str, Tensor], path: Path) -> None:
    slots = list(_slots(network))
    unknown = sorted(tensors.keys() - {slot.name for slot in slots})
    if unknown:
        raise ModelError(
            f"{path} has a tensor {unknown[0]} that is not in the format", hint=FORMAT, where=path
        )
    for slot in slots:
        tensor = tensors.get(slot.name)
        if tensor is None and slot.required:
            raise ModelError(f"{path} lacks the tensor {slot.name}", hint=FORMAT, where=path)
        if tensor is not None and tuple(tensor.shape) != slot.shape:
            found, wanted = list(tensor.shape), list(slot.shape)
            raise ModelError(
                f"{slot.name} in {path} is {found}, not {wanted}", hint=FORMAT, where=path
            )
        slot.fill(tensor)


def _slots(network: PlainTransformer) -> Iterator[_Slot]:
    """Every tensor that the format has for a network of this shape."""
    c = network.shape
    n_vocab, n_out = network.embed.num_embeddings, network.unembed.out_features
    yield _Slot("W_E", (n_vocab, c.d_model), network.embed.weight)
    if network.positions is not None:
        yield _Slot("W_pos", (c.n_ctx, c.d_model), network.positions.weight)
    yield _Slot("W_U", (c.d_model, n_out), network.unembed.weight, transposed=True)
    yield _Slot("b_U", (n_out,), network.unembed.bias, required=False)
    yield from _norm_slots("ln_final", network.norm)
    for number, layer in enumerate(network.blocks()):
        at = f"blocks.{number}"
        yield from _norm_slots(f"{at}.ln1", layer.ln1)
        read = (c.n_heads, c.d_model, c.d_head)
        for letter, linear in (
            ("Q", layer.attn.query),
            ("K", layer.attn.key),
            ("V", layer.attn.value),
        ):
            yield _Slot(f"{at}.attn.W_{letter}", read, linear.weight, heads=True)
            yield _Slot(f"{at}.attn.b_{letter}", (c.n_heads, c.d_head), linear.bias, required=False)
        out, write = layer.attn.out, (c.n_heads, c.d_head, c.d_model)
        yield _Slot(f"{at}.attn.W_O", write, out.weight, transposed=True)
        yield _Slot(f"{at}.attn.b_O", (c.d_model,), out.bias, required=False)
        if layer.mlp is None or layer.ln2 is None:
            continue
        yield from _norm_slots(f"{at}.ln2", layer.ln2)
        mlp, into = layer.mlp, (c.d_model, c.d_mlp)
        yield _Slot(f"{at}.mlp.W_in", into, mlp.into.weight, transposed=True)
        yield _Slot(f"{at}.mlp.b_in", (c.d_mlp,), mlp.into.bias, required=False)
        if mlp.gate is not None:
            yield _Slot(f"{at}.mlp.W_gate", into, mlp.gate.weight, transposed=True)
        yield _Slot(f"{at}.mlp.W_out", (c.d_mlp, c.d_model), mlp.out.weight, transposed=True)
        yield _Slot(f"{at}.mlp.b_out", (c.d_model,), mlp.out.bias, required=False)


def _norm_slots(name: str, norm: Norm) -> Iterator[_Slot]:
    if norm.kind != "none":
        yield _Slot(f"{name}.w", tuple(norm.w.shape), norm.w)
        yield _Slot(f"{name}.b", tuple(norm.b.shape), norm.b, required=False)


def _facts(
    config: PlainConfig, network: PlainTransformer, folder: Path, n_vocab: int, bos: int | None
) -> ModelFacts:
    if config.tokenize in {"whitespace", "characters"}:
        rules = json.dumps([config.tokenize, config.bos_token, config.vocab])
        tokenizer_sha256 = hashlib.sha256(rules.encode()).hexdigest()
    else:
        tokenizer_sha256 = hash_files([folder / config.tokenize])
    return ModelFacts(
        architecture="plain",
        n_layers=config.n_layers,
        d_model=config.d_model,
        d_mlp=config.d_mlp,
        n_heads=config.n_heads,
        d_head=config.d_head,
        n_ctx=config.n_ctx,
        n_vocab=n_vocab,
        n_parameters=sum(slot.target.numel() for slot in _slots(network)),
        gated=config.gated,
        activation_function=ACTIVATIONS[config.act][1],
        norm=config.norm,
        norm_behind=False,
        linear_head=True,
        quantised=None,
        causal=config.causal,
        bos_token_id=bos,
        named_bos_token_id=bos,
        weights_sha256=hash_files([folder / WEIGHTS]),
        tokenizer_sha256=tokenizer_sha256,
    )
