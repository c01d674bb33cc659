"""What web side and inference service say to each other about what units are claimed to carry."""

from collections.abc import Sequence
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field

from analysis.protocol.base import Message
from analysis.protocol.edits import UnitRef
from analysis.protocol.experiments import Ran
from analysis.protocol.proofs import Estimate, Feature
from analysis.tasks.proving import MOST_KEPT, AboutPairs

MOST_CLAIMS: Final = 16

Others = Literal["keep", "nothing"]
"""What units of the circuit do of which nothing is claimed: they compute from what reaches them, so
that the claim alone is tested; or they carry nothing, so that the claim must be all that counts."""


class Claim(Message):
    """These units carry this feature of the prompt, and nothing else of it that matters."""

    units: tuple[UnitRef, ...] = Field(min_length=1, max_length=MOST_KEPT)
    feature: Feature


def _each_unit_once(claims: tuple[Claim, ...]) -> tuple[Claim, ...]:
    seen: dict[tuple[str, int], int] = {}
    for number, claim in enumerate(claims, start=1):
        for unit in claim.units:
            first = seen.setdefault((unit.site, unit.index), number)
            if first != number:
                raise ValueError(
                    f"{unit.site}/{unit.index} is named by claims {first} and {number}: say of "
                    "each unit one thing at a time"
                )
    return claims


Claims = Annotated[
    tuple[Claim, ...],
    Field(min_length=1, max_length=MOST_CLAIMS),
    AfterValidator(_each_unit_once),
]


class ScrubRequest(AboutPairs):
    """Some claims about units of a circuit, tested together on some pairs of a task."""

    kept: tuple[UnitRef, ...] = Field(max_length=MOST_KEPT)
    """The circuit, with the units of the claims; all others are resampled from any prompt."""
    claims: Claims
    others: Others = "keep"
    seed: int = Field(default=0, ge=0, le=2**63 - 1)
    """Of who lends values to whom, and of random units."""


class ScrubAnswer(Message):
    """Recovered: 1 − (L_scrubbed − L) / (L_random − L), 1 of the whole model, 0 of one whose every
    unit is resampled from any prompt."""

    recovered: Estimate
    """Where the claim is taken at its word."""
    everything: Estimate
    """The same circuit where the claimed units have their own values."""
    nothing: Estimate
    """Where they are resampled from any prompt."""
    random: Estimate | None
    """The same, but that as many random units of the circuit are said to carry it instead; None:
    there are too few others."""
    matter: Estimate
    """everything − nothing: what there is to explain."""
    explained: Estimate | None
    """(recovered − nothing) / (everything − nothing); None where nothing was tested."""
    verdict: str
    whole: float
    """The metric of the untouched model, mean over prompts."""
    scrubbed: float
    """Where the claim is taken at its word."""
    resampled: float
    """Where every unit is resampled."""
    n_claimed: int
    """Units of the claims, each counted once."""
    n_kept: int
    n_prompts: int
    n_alone: int
    """Of these, that share a claimed feature with no other pair: they are not counted in what is
    recovered."""
    ran: Ran
    """`clean_reused`: the pairs were traced already."""


def units_of(claims: Sequence[Claim]) -> list[tuple[UnitRef, Feature]]:
    return [(unit, claim.feature) for claim in claims for unit in claim.units]
