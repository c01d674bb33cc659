"""The circuits that can be planted, by name."""

from analysis.circuits.planted import (
    addition,
    backup,
    cancelling,
    chain,
    conjunction,
    distraction,
    induction,
    redundancy,
    saturation,
    suppression,
)
from analysis.circuits.planted.truth import Make

KINDS: dict[str, Make] = {
    "induction": induction.make,
    "token AND": conjunction.make,
    "copy suppression": suppression.make,
    "sum of two": addition.make,
    "backup": backup.make,
    "distractor": distraction.make,
    "chain": chain.make,
    "cancelling": cancelling.make,
    "saturation": saturation.make,
    "either of two": redundancy.make,
}
