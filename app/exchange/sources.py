"""Names of places as Neuronpedia writes them: `12-mlp` is our site `mlp.12`."""

import re

SOURCE = re.compile(r"([0-9]{1,9})-([a-z]+)")


def site_of(source: str) -> str:
    """`12-mlp` is our site `mlp.12`; any other name is taken for a site's."""
    found = SOURCE.fullmatch(source)
    return f"{found[2]}.{found[1]}" if found else source


def source_of(site: str) -> str:
    """`mlp.12` is Neuronpedia's source `12-mlp`."""
    kind, _, layer = site.partition(".")
    return f"{layer}-{kind}"
