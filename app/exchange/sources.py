"""Names of places as Neuronpedia writes them: `12-mlp` is our site `mlp.12`."""

import re

from app.errors import BadRequestError

SOURCE = re.compile(r"([0-9]{1,9})-([a-z]+)")
HOOK = re.compile(r"blocks\.([0-9]{1,9})\.hook_resid_(pre|post)")


def site_of(source: str) -> str:
    """`12-mlp` is our site `mlp.12`, `blocks.7.hook_resid_post` is `resid.7`; any other name is
    taken for a site's."""
    found = SOURCE.fullmatch(source)
    if found:
        return f"{found[2]}.{found[1]}"
    hook = HOOK.fullmatch(source)
    return stream_of(int(hook[1]), before=hook[2] == "pre") if hook else source


def source_of(site: str) -> str:
    """`mlp.12` is Neuronpedia's source `12-mlp`."""
    kind, _, layer = site.partition(".")
    return f"{layer}-{kind}"


def stream_of(layer: int, *, before: bool) -> str:
    """The residual stream as it leaves a layer; before a layer, it is as it left the last one.

    Raises BadRequestError for the stream before the first layer: nothing has been added to the
    embedding there, and it is no site of ours.
    """
    if before and layer == 0:
        raise BadRequestError(
            "Before layer 0 the residual stream is the embedding, which cannot be steered here.",
            hint="Use hook_resid_post of layer 0, or hook_resid_pre of a later layer.",
        )
    return f"resid.{layer - 1 if before else layer}"


def hook_of(stream: str) -> str:
    """`resid.7` is `blocks.7.hook_resid_post`."""
    return f"blocks.{stream.partition('.')[2]}.hook_resid_post"
