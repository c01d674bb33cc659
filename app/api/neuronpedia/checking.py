"""Names of Neuronpedia's that must be places of the model that is asked."""

import re
from typing import Final

from app.errors import BadRequestError, NotFoundError
from app.exchange.sources import site_of
from app.live.subject import Subject

UNIT_SITE: Final = re.compile(r"(mlp|attn)\.(0|[1-9][0-9]{0,3})")
STREAM: Final = re.compile(r"resid\.(0|[1-9][0-9]{0,3})")


def model_site(subject: Subject, source: str) -> str:
    """The site of units that a source names. Raises NotFoundError."""
    site = site_of(source)
    found = UNIT_SITE.fullmatch(site)
    if found is None or int(found[2]) >= subject.n_layers:
        raise NotFoundError(
            f"Model {subject.spec.name} has no source {source!r}.",
            hint=f"Its sources run from 0-mlp and 0-attn to layer {subject.n_layers - 1}.",
        )
    return site


def sites_of_set(subject: Subject, name: str) -> tuple[str, ...]:
    """All sites of `mlp` or `attn`. Raises NotFoundError."""
    if name not in ("mlp", "attn"):
        raise NotFoundError(
            f"Model {subject.spec.name} has no source set {name!r}.",
            hint="Its sets are mlp (neurons) and attn (heads).",
        )
    return tuple(f"{name}.{layer}" for layer in range(subject.n_layers))


def check_method(steer_special_tokens: bool) -> None:
    if not steer_special_tokens:
        raise BadRequestError(
            "Here every token of a prompt is steered, those of the chat template too.",
            hint="Set steer_special_tokens to true.",
        )
