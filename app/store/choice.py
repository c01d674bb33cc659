"""What a campaign judges: explanations that pass filters, of which a seed draws so many units.

Kept with the campaign and shown, so that it can be repeated: units are put in the order of the
SHA-256 of `seed:site/index`, and the first are taken. Adding or removing others changes no place.
"""

import re
from hashlib import sha256
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.store.views.explanation import CLAIMS, Method
from app.store.views.judgement import Verdict

MOST_ITEMS: Final = 10_000
MOST_GOLD: Final = 1_000
LARGEST_SEED: Final = 2**53 - 1
UNIT: Final = r"^(mlp|attn)\.(0|[1-9][0-9]{0,3})/(0|[1-9][0-9]{0,8})$"
SITE: Final = r"^(mlp|attn)\.(0|[1-9][0-9]{0,3})$"

SiteText = Annotated[str, Field(pattern=SITE, examples=["mlp.3"])]
UnitText = Annotated[str, Field(pattern=UNIT, examples=["mlp.3/17"])]
Correlation = Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False)]


class Choice(BaseModel):
    """Filters, of which all must hold, and a sample of the units that are left."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    n: int = Field(
        default=100, ge=1, le=MOST_ITEMS, description="Units to draw; fewer where there are fewer.",
        examples=[100],
    )  # fmt: skip
    seed: int = Field(
        default=0, ge=0, le=LARGEST_SEED, description="Of the sample, and of the order in which "
        "items are handed out.", examples=[0],
    )  # fmt: skip
    sites: tuple[SiteText, ...] = Field(
        default=(), max_length=1000, description="Only of these sites.", examples=[["mlp.3"]]
    )
    layers: tuple[Annotated[int, Field(ge=0, le=9999)], ...] = Field(
        default=(), max_length=1000, description="Only of these layers.", examples=[[3]]
    )
    methods: tuple[Method, ...] = Field(
        default=CLAIMS, min_length=1, max_length=6, description="Only made so. By default: what "
        "says what a unit responds to.", examples=[["rules"]],
    )  # fmt: skip
    author: str | None = Field(
        default=None, min_length=1, max_length=200, description="Only by this method with its "
        "version, language model, or person.", examples=["rules 3"],
    )  # fmt: skip
    r_min: Correlation | None = Field(
        default=None, description="Only with a simulation r on test of at least this.",
        examples=[0.2],
    )  # fmt: skip
    r_max: Correlation | None = Field(
        default=None, description="Only with a simulation r on test of at most this.",
        examples=[0.8],
    )  # fmt: skip
    disagreed: bool = Field(
        default=False, description="Only what people gave different verdicts on.", examples=[False]
    )
    query: str | None = Field(
        default=None, min_length=1, max_length=1000, description="Only what search finds by all of "
        "these words: the best tested 2,000.", examples=["names of months"],
    )  # fmt: skip
    units: tuple[UnitText, ...] = Field(
        default=(), max_length=MOST_ITEMS, description="Only of these units.",
        examples=[["mlp.3/17"]],
    )  # fmt: skip
    all_of_unit: bool = Field(
        default=False, description="Everything that is left of a drawn unit; else one explanation "
        "of each, drawn by the seed.", examples=[False],
    )  # fmt: skip

    @model_validator(mode="after")
    def _range(self) -> Self:
        if self.r_min is not None and self.r_max is not None and self.r_min > self.r_max:
            raise ValueError("r_min is above r_max")
        return self

    def place(self, what: str) -> bytes:
        """Where something stands in the random order of this seed."""
        return sha256(f"{self.seed}:{what}".encode()).digest()


class Gold(BaseModel):
    """An explanation of which the right verdict is known."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    explanation_id: int = Field(ge=1, le=2**63 - 1, description="Its id.", examples=[17])
    verdict: Verdict = Field(description="The right answer.", examples=["reject"])


GOLD_LINE: Final = re.compile(
    r"^(?:.*/explanations/)?(?P<id>[1-9][0-9]{0,17})[\s,;:]+(?P<verdict>accept|edit|reject|unsure)$"
)


def read_gold(text: str) -> list[Gold]:
    """Of lines with the id or address of an explanation and the right verdict. Raises ValueError
    that names the line."""
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        read = GOLD_LINE.match(line.strip())
        if read is None:
            raise ValueError(f"line {number}: {line.strip()[:60]!r}")
        found.append(
            Gold.model_validate({"explanation_id": int(read["id"]), "verdict": read["verdict"]})
        )
    return found
