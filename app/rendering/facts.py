"""What is true of a model, as its readers ask for it: words, units and an order of their own.

`model_facts` gives what is compared between models; `provenance` the rest, where the weights are
from and what has no words here yet. Together they leave no stored fact out.
"""

import re
from dataclasses import dataclass
from typing import Any, Final

from markupsafe import Markup

from app.rendering.glossary import term
from app.rendering.numbers import count, digest, moment
from app.rendering.words import fact_name, plain, source
from app.store.views.model import ModelView
from app.store.views.run import RunView

ARCHITECTURES: Final = {
    "bert": "BERT", "distilbert": "DistilBERT", "gemma2": "Gemma 2", "gemma3": "Gemma 3",
    "gpt2": "GPT-2", "gpt_neox": "GPT-NeoX", "llama": "Llama", "mistral": "Mistral",
    "plain": "plain transformer", "qwen2": "Qwen 2", "qwen3": "Qwen 3", "roberta": "RoBERTa",
}  # fmt: skip
NORMS: Final = {"rms": "RMS norm", "layer": "layer norm", "none": "none"}
ACTIVATIONS: Final = {
    "silu": "SiLU", "gelu": "GELU", "relu": "ReLU", "tanh": "tanh", "identity": "none (linear)",
    "newgelu": "GELU (tanh approximation)", "gelutanh": "GELU (tanh approximation)",
    "fastgelu": "GELU (fast approximation)", "quickgelu": "GELU (sigmoid approximation)",
}  # fmt: skip
TOLD: Final = frozenset(
    {"d_model", "d_mlp", "n_heads", "d_head", "n_ctx", "n_vocab", "gated", "activation_function",
     "norm", "norm_behind", "linear_head", "quantised", "causal", "bos_token_id",
     "named_bos_token_id"}
)  # fmt: skip


@dataclass(frozen=True)
class Fact:
    label: str
    value: str
    """Escaped when it is rendered, unless it is markup."""


def architecture(name: str) -> str:
    """The architecture as its makers write it: `gpt_neox` reads GPT-NeoX."""
    return ARCHITECTURES.get(name, name.replace("_", " "))


def activation_function(qualified: str) -> str:
    """The usual name of an implementation: `transformers.activations.SiLUActivation` reads SiLU."""
    if "gelu" in qualified and "tanh" in qualified:
        return ACTIVATIONS["gelutanh"]
    name = re.split(r"[:(]", qualified)[0].rpartition(".")[2].removesuffix("Activation")
    return ACTIVATIONS.get(name.lower().replace("_", ""), name) or qualified


def fact(value: object, key: str) -> str:
    """One fact as a page's sentence has it."""
    if key == "activation_function" and isinstance(value, str):
        return activation_function(value)
    return plain(value)


def model_facts(model: ModelView, run: RunView | None) -> list[Fact]:
    """In a reader's order; facts that the store does not have are left out."""
    facts = model.facts
    told = [
        Fact("architecture", architecture(model.architecture)),
        Fact(term("parameters"), count(model.n_parameters)),
        Fact(term("layer", "layers"), count(model.n_layers)),
    ]
    told += _sized(facts, "d_model", term("residual stream", "hidden size"), "{} numbers per token")
    told += _sized(facts, "d_mlp", term("neuron", "neurons per layer"), "{}")
    if "n_heads" in facts:
        width = Markup(" of width {}").format(count(facts["d_head"])) if "d_head" in facts else ""
        told.append(Fact(term("head", "heads per layer"), count(facts["n_heads"]) + width))
    if "activation_function" in facts:
        told.append(Fact(term("activation function"), _activation(facts)))
    if "norm" in facts:
        told.append(Fact(term("normalisation"), _norm(facts)))
    told += _sized(facts, "n_vocab", term("vocabulary"), "{} tokens")
    told += _sized(facts, "n_ctx", term("context length"), "{} tokens")
    if "causal" in facts:
        sees = "itself and what is before it" if facts["causal"] else "the whole window"
        told.append(Fact("a token sees", sees))
    if "bos_token_id" in facts:
        told.append(Fact(term("BOS", "a text begins with"), _bos(facts)))
    if facts.get("quantised") is not None:
        told.append(Fact(term("quantised"), f"yes, as {facts['quantised']}, before it was added"))
    if facts.get("linear_head") is False:
        told.append(Fact("logits", "behind a transform that is not linear"))
    if run is not None:
        told.append(Fact(term("dtype", "computed in"), run.dtype))
    recorded = Markup("{} of {}").format(count(model.unit_count), count(model.n_units))
    return [*told, Fact(term("unit", "units recorded"), recorded)]


def provenance(model: ModelView) -> list[Fact]:
    """Which weights and tokenizer these are, then what newer workers may have stored."""
    return [
        Fact("source", source(model.source, model.source_kind)),
        Fact("SHA-256 of the weights", digest(model.weights_sha256)),
        Fact("SHA-256 of the tokenizer", digest(model.tokenizer_sha256)),
        Fact("added", moment(model.created_at)),
        *(Fact(fact_name(key), plain(value)) for key, value in _others(model.facts)),
    ]


def _others(facts: dict[str, Any]) -> list[tuple[str, Any]]:
    """The implementation that ran, by its qualified name, and facts without words here."""
    exact = [("implementation of the activation function", facts.get("activation_function"))]
    unknown = [(key, value) for key, value in facts.items() if key not in TOLD]
    return [pair for pair in exact if pair[1] is not None] + unknown


def _sized(facts: dict[str, Any], key: str, label: str, phrase: str) -> list[Fact]:
    if key not in facts:
        return []
    if not facts[key]:
        return [Fact(label, "none")]
    return [Fact(label, Markup(phrase).format(count(facts[key])))]  # noqa: S704 - our own phrases


def _activation(facts: dict[str, Any]) -> str:
    name = activation_function(str(facts["activation_function"]))
    if "gated" not in facts:
        return name
    gated = term("gated MLP", "gated") if facts["gated"] else "not gated"
    return Markup("{}, {}").format(name, gated)


def _norm(facts: dict[str, Any]) -> str:
    name = NORMS.get(facts["norm"], str(facts["norm"]))
    return f"{name}, also behind attention and MLP" if facts.get("norm_behind") else name


def _bos(facts: dict[str, Any]) -> str:
    begins, named = facts["bos_token_id"], facts.get("named_bos_token_id")
    if begins is not None:
        return f"BOS, token {begins}"
    return "nothing" if named is None else f"nothing; there is a BOS, token {named}"
