"""Where the units of each architecture live, as paths of transformers' modules; no torch.

A path is a dotted attribute path; a number indexes a list of modules, and may be negative. The
models are loaded by these paths, and the web side writes them into scripts that it exports.
"""

from dataclasses import dataclass, replace
from typing import Final


@dataclass(frozen=True)
class ModulePaths:
    backbone: str
    """From the model with its LM head to the part that ends with the last hidden state."""
    layers: str
    """From the backbone to its list of layers."""
    mlp_out: str
    """From a layer to the down projection, whose input the neurons' activations are."""
    attn_out: str
    """From a layer to the projection whose input the heads' outputs are, side by side."""


BERT: Final = ModulePaths("bert", "encoder.layer", "output.dense", "attention.output.dense")
DISTILBERT: Final = ModulePaths("distilbert", "transformer.layer", "ffn.lin2", "attention.out_lin")
GPT2: Final = ModulePaths("transformer", "h", "mlp.c_proj", "attn.c_proj")
GPT_NEOX: Final = ModulePaths("gpt_neox", "layers", "mlp.dense_4h_to_h", "attention.dense")
LLAMA: Final = ModulePaths("model", "layers", "mlp.down_proj", "self_attn.o_proj")
ROBERTA: Final = replace(BERT, backbone="roberta")
GEMMA3_SEEING: Final = replace(LLAMA, backbone="model.language_model")

PATHS: Final[dict[str, tuple[ModulePaths, ...]]] = {
    "bert": (BERT,),
    "distilbert": (DISTILBERT,),
    "gemma2": (LLAMA,),
    "gemma3": (GEMMA3_SEEING, LLAMA),
    "gpt2": (GPT2,),
    "gpt_neox": (GPT_NEOX,),
    "llama": (LLAMA,),
    "mistral": (LLAMA,),
    "qwen2": (LLAMA,),
    "qwen3": (LLAMA,),
    "roberta": (ROBERTA,),
}
"""By the architecture's name; the first that a model has is its own."""
