"""Shapes and types are checked at run time wherever tensors are handled.

The annotations are those in the code; beartype reads them, with jaxtyping for the axes. An int may
stand for a float, as it may for mypy.
"""

from pathlib import Path

from jaxtyping import install_import_hook

COMPILED = {"kernels", "hashing"}
"""Modules of the sweep that numba compiles, which checks types by itself."""

SWEEP = Path(__file__).resolve().parents[2] / "analysis" / "sweep"

install_import_hook(
    [
        "analysis.models",
        "analysis.weights",
        *(
            f"analysis.sweep.{path.stem}"
            for path in SWEEP.glob("*.py")
            if path.stem not in COMPILED
        ),
    ],
    "beartype.beartype(conf=beartype.BeartypeConf(is_pep484_tower=True))",
)
