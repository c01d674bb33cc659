"""Names as Neuronpedia writes them."""

from typing import Annotated

from fastapi import Path

from app.api.parameters import NAME

SourceName = Annotated[
    str,
    Path(
        description="`{layer}-{set}` as Neuronpedia names it (`12-mlp`), or our own `mlp.12`.",
        pattern=NAME,
        examples=["12-mlp", "mlp.12", "3-attn"],
    ),
]
