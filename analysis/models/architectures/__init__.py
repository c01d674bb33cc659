"""One file per architecture, and the registry that lists them all.

To add one: write its file here (the docstring of `base.py` says what goes in) and its paths in
`analysis.paths`, then add its line below and a tiny model of it in tests/analysis/models/tiny.py.
"""

from analysis.models.architectures.base import Architecture
from analysis.models.architectures.bert import BERT
from analysis.models.architectures.distilbert import DISTILBERT
from analysis.models.architectures.gemma2 import GEMMA2
from analysis.models.architectures.gemma3 import GEMMA3, GEMMA3_SEEING
from analysis.models.architectures.gpt2 import GPT2
from analysis.models.architectures.gpt_neox import GPT_NEOX
from analysis.models.architectures.llama import LLAMA
from analysis.models.architectures.mistral import MISTRAL
from analysis.models.architectures.qwen2 import QWEN2
from analysis.models.architectures.qwen3 import QWEN3
from analysis.models.architectures.roberta import ROBERTA

ARCHITECTURES: tuple[Architecture, ...] = (
    GPT2,
    GPT_NEOX,
    LLAMA,
    MISTRAL,
    QWEN2,
    QWEN3,
    GEMMA2,
    GEMMA3,
    GEMMA3_SEEING,
    BERT,
    ROBERTA,
    DISTILBERT,
)

REGISTRY: dict[str, Architecture] = {
    model_type: architecture
    for architecture in ARCHITECTURES
    for model_type in architecture.model_types
}
"""By the `model_type` of config.json."""
