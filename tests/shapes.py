"""Shapes and types are checked at run time wherever tensors are handled.

The annotations are those in the code; beartype reads them, with jaxtyping for the axes. An int may
stand for a float, as it may for mypy.

jaxtyping's own decorator binds the arguments of every call and checks them twice. Functions that
explain a unit are called a million times, so ours lets beartype check each once: with the axes of
the call where an array is named, and by itself where none is.
"""

import inspect
from collections.abc import Callable
from dataclasses import is_dataclass
from functools import wraps
from hashlib import sha256
from pathlib import Path
from typing import Any, get_args

import jaxtyping
from beartype import BeartypeConf, beartype
from jaxtyping import AbstractArray, install_import_hook, jaxtyped

COMPILED = {"grouping", "hashing", "lengths", "overlaps", "pursuit", "recency"}
"""Modules that numba compiles, which checks types by itself; `sweep.kernels` is another."""
WITHOUT_ARRAYS = {"cursor", "lexing", "program"}
"""Called for every word of long programs; and checking a record draws at random, which hypothesis
must do alone where it makes records."""
ROOMS = (
    "agreement", "causal", "circuits", "circuits.planted", "explain", "explain.rules",
    "interventions", "live", "models", "programs", "score", "solving", "sweep",
)  # fmt: skip

ANALYSIS = Path(__file__).resolve().parents[1] / "analysis"


def check_shapes() -> None:
    """To be called before any of these modules is imported."""
    jaxtyping.jaxtyped = _jaxtyped
    install_import_hook(
        [
            "analysis.assistants",
            "analysis.explain.language_model",
            "analysis.models.architectures",
            "analysis.weights",
            *(
                f"analysis.{room}.{path.stem}"
                for room in ROOMS
                for path in (ANALYSIS / room.replace(".", "/")).glob("*.py")
                if path.stem not in COMPILED | WITHOUT_ARRAYS
            ),
        ],
        # the hook keeps bytecode under a name that it makes of this text: other modules, other text
        f"tests.shapes.of_modules('{_modules_version()}')",
    )


def _modules_version() -> str:
    names = (*ROOMS, "-", *sorted(COMPILED | WITHOUT_ARRAYS))
    return sha256(" ".join(names).encode()).hexdigest()[:12]


typed = beartype(conf=BeartypeConf(is_pep484_tower=True))


def of_modules(version: str) -> Callable[..., Any]:  # noqa: ARG001
    return typed


def _jaxtyped(*, typechecker: Callable[..., Any]) -> Callable[[Any], Any]:
    """What the import hook writes above every function and class, as `jaxtyping.jaxtyped`."""

    def decorate(found: Any) -> Any:
        if inspect.isclass(found):
            if is_dataclass(found) and "__init__" in vars(found):
                found.__init__ = checked(found.__init__)
            return found
        if _is_plain(found):
            return checked(found)
        return jaxtyped(found, typechecker=typechecker)

    return decorate


def checked(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, whose arguments and result are checked against its annotations."""
    checking = typed(function)
    if not any(map(_names_an_array, function.__annotations__.values())):
        return checking

    @wraps(function)
    def with_axes(*args: Any, **kwargs: Any) -> Any:
        with jaxtyped("context"):  # an axis has one length in the whole call
            return checking(*args, **kwargs)

    return with_axes


def _is_plain(found: Any) -> bool:
    """Whether a call of it is over when it returns, and beartype can read its annotations."""
    return (
        inspect.isfunction(found)
        and not inspect.isgeneratorfunction(found)
        and not inspect.iscoroutinefunction(found)
        and not inspect.isasyncgenfunction(found)
        and not any(isinstance(annotation, str) for annotation in found.__annotations__.values())
    )


def _names_an_array(annotation: object) -> bool:
    if inspect.isclass(annotation) and issubclass(annotation, AbstractArray):
        return True
    if isinstance(annotation, list):  # of a callable's arguments
        return any(map(_names_an_array, annotation))
    return any(map(_names_an_array, get_args(annotation)))
