"""Shapes and types are checked at run time wherever tensors are handled.

The annotations are those in the code; beartype reads them, with jaxtyping for the axes. An int may
stand for a float, as it may for mypy.
"""

from pathlib import Path

from jaxtyping import install_import_hook

COMPILED = {"grouping", "hashing", "lengths", "overlaps", "pursuit", "recency"}
"""Modules that numba compiles, which checks types by itself; `sweep.kernels` is another."""
WITHOUT_ARRAYS = {"cursor", "lexing", "program"}
"""Called for every word of long programs; and checking a record draws at random, which hypothesis
must do alone where it makes records."""

ANALYSIS = Path(__file__).resolve().parents[1] / "analysis"


def check_shapes() -> None:
    """To be called before any of these modules is imported."""
    install_import_hook(
        [
            "analysis.assistants",
            "analysis.explain.language_model",
            "analysis.models.architectures",
            "analysis.weights",
            *(
                f"analysis.{room}.{path.stem}"
                for room in (
                    "causal",
                    "explain",
                    "explain.rules",
                    "interventions",
                    "live",
                    "models",
                    "programs",
                    "score",
                    "solving",
                    "sweep",
                )
                for path in (ANALYSIS / room.replace(".", "/")).glob("*.py")
                if path.stem not in COMPILED | WITHOUT_ARRAYS
            ),
        ],
        "beartype.beartype(conf=beartype.BeartypeConf(is_pep484_tower=True))",
    )
