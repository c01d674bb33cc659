"""What requests may carry, named once: patterns, bounds, words and examples of every parameter.

Bounds keep what the store cannot compare out of it: no NUL or lone surrogate passes a pattern, no
integer is larger than the store's columns.
"""

from typing import Annotated, Literal

from fastapi import Path, Query
from pydantic import BaseModel, ConfigDict, Field

from app.store.claiming import LONGEST_TEXT
from app.trials.reading import LONGEST_PROGRAM

LARGEST = 2**31 - 1

NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"
SPLIT = r"^(fit|calibration|test|ood:[A-Za-z0-9._-]{1,60})$"
JOB = r"^[0-9a-f]{32}$"
CURSOR = r"^[A-Za-z0-9_=-]{1,512}$"

ModelName = Annotated[
    str,
    Path(
        description="Name of the model, as in /api/v1/models.",
        pattern=NAME,
        examples=["smollm2-135m-instruct"],
    ),
]
SiteName = Annotated[
    str,
    Path(
        description="Name of the site: `mlp.<layer>` for neurons, `attn.<layer>` for heads.",
        pattern=NAME,
        examples=["mlp.12"],
    ),
]
UnitIndex = Annotated[
    int,
    Path(description="Index of the unit in its site.", ge=0, le=LARGEST, examples=[345]),
]
CorpusName = Annotated[
    str,
    Path(
        description="Name of the corpus, as in /api/v1/corpora.", pattern=NAME, examples=["starter"]
    ),
]
DocumentNumber = Annotated[
    int,
    Path(description="Number of the document in its corpus.", ge=0, le=LARGEST, examples=[12]),
]
RunId = Annotated[int, Path(description="Number of the run.", ge=1, le=LARGEST, examples=[1])]
JobId = Annotated[
    str,
    Path(
        description="Id of the job.",
        pattern=JOB,
        examples=["5f2c1f0e9b7a4d3c8e6f0a1b2c3d4e5f"],
    ),
]

ExplanationId = Annotated[
    int, Path(description="Number of the explanation.", ge=1, le=LARGEST, examples=[1])
]
Status = Annotated[
    Literal["current", "replaced", "withdrawn", "failed"] | None,
    Query(description="Only explanations in this state.", examples=["current"]),
]
Method = Annotated[
    Literal["rules", "hand", "language_model", "output", "lookup", "import"] | None,
    Query(description="Only explanations made in this way.", examples=["rules"]),
]

OfRun = Annotated[
    int | None,
    Query(
        alias="run_id",
        description="Numbers of this sweep; default: the model's current run.",
        ge=1,
        le=LARGEST,
        examples=[1],
    ),
]
Split = Annotated[
    str,
    Query(
        description="Split that the numbers are from: fit, calibration, test, or ood:<domain>.",
        pattern=SPLIT,
        examples=["fit", "test", "ood:code"],
    ),
]
Kind = Annotated[
    Literal["top", "bottom", "interval", "random"],
    Query(
        description="Which windows: of the highest maximum, the lowest minimum, random ones from "
        "each interval of the window maximum, or uniformly random ones.",
        examples=["top"],
    ),
]
SiteKind = Annotated[
    Literal["mlp", "attn"] | None,
    Query(alias="kind", description="Only neurons or only heads.", examples=["mlp"]),
]
Statistic = Annotated[
    Literal["density", "above", "mean", "variance", "skewness", "kurtosis", "minimum", "maximum"],
    Query(description="Which statistic's distribution.", examples=["density"]),
]
Limit = Annotated[int, Query(description="At most so many items.", ge=1, le=200, examples=[50])]
Cursor = Annotated[
    str | None,
    Query(
        description="`next_cursor` of the page before; it fits only the same query.",
        pattern=CURSOR,
    ),
]


class ClaimBody(BaseModel):
    """What a person says of a unit: words, a program, or both."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: str = Field(
        default="",
        max_length=LONGEST_TEXT,
        description="In words. Left out, a program says what it does by itself.",
        examples=["The articles the and a."],
    )
    program: str | None = Field(
        default=None,
        max_length=LONGEST_PROGRAM,
        description="In the language of programs (docs/programs.md). It is scored at once on the "
        "pools of the model's current sweep.",
        examples=['when token in {" the", " a"} -> 1'],
    )


class TrialBody(BaseModel):
    """A program that somebody tries."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    program: str = Field(
        max_length=LONGEST_PROGRAM,
        description="In the language of programs (docs/programs.md).",
        examples=['when token in {" the", " a"} -> 1'],
    )


class WithdrawBody(BaseModel):
    """Why nobody claims it any longer."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reason: str | None = Field(
        default=None, max_length=2000, description="In words.", examples=["It fires elsewhere."]
    )


class SearchQuery(BaseModel):
    """What is looked for, and where."""

    q: str = Field(
        description='Words that all must be there; "in quotes" side by side. Nothing else is an '
        "operator.",
        min_length=1,
        max_length=1000,
        examples=['whales "at sea"'],
    )
    model: str | None = Field(
        default=None,
        description="Only units of this model.",
        pattern=NAME,
        examples=["smollm2-135m-instruct"],
    )
    site: str | None = Field(
        default=None,
        description="Only units of this site of the model.",
        pattern=NAME,
        examples=["mlp.12"],
    )
    method: Literal["rules", "hand", "language_model", "output", "lookup", "import"] | None = Field(
        default=None, description="Only explanations made in this way.", examples=["rules"]
    )
    r_min: float | None = Field(
        default=None,
        description="Only explanations of at least this simulation r on the test split.",
        ge=-1,
        le=1,
        allow_inf_nan=False,
        examples=[0.5],
    )
    limit: int = Field(
        default=20, description="At most so many units.", ge=1, le=100, examples=[20]
    )
    cursor: str | None = Field(
        default=None,
        description="`next_cursor` of the page before; it fits only the same query.",
        pattern=CURSOR,
    )


class UnitsQuery(BaseModel):
    """Filters, order and paging of a site's table of units."""

    sort: Literal[
        "index",
        "density",
        "above",
        "mean",
        "variance",
        "skewness",
        "kurtosis",
        "minimum",
        "maximum",
        "r",
    ] = Field(
        default="index",
        description="Column to sort by; `r`: on test, of what explains the unit best.",
        examples=["density"],
    )
    order: Literal["asc", "desc"] = Field(
        default="asc", description="Direction; undefined values come last.", examples=["desc"]
    )
    split: str = Field(
        default="fit",
        description="Split that the numbers are from: fit, calibration, test, or ood:<domain>.",
        pattern=SPLIT,
        examples=["fit"],
    )
    run_id: int | None = Field(
        default=None,
        description="Numbers of this sweep; default: the model's current run.",
        ge=1,
        le=LARGEST,
        examples=[1],
    )
    density_min: float | None = Field(
        default=None,
        description="Only units active (a > 0) on at least this share of positions.",
        allow_inf_nan=False,
        examples=[0.01],
    )
    density_max: float | None = Field(
        default=None,
        description="Only units active on at most this share of positions.",
        allow_inf_nan=False,
        examples=[0.5],
    )
    maximum_min: float | None = Field(
        default=None,
        description="Only units whose largest activation is at least this.",
        allow_inf_nan=False,
        examples=[2.5],
    )
    maximum_max: float | None = Field(
        default=None,
        description="Only units whose largest activation is at most this.",
        allow_inf_nan=False,
        examples=[100],
    )
    kurtosis_min: float | None = Field(
        default=None,
        description="Only units of at least this kurtosis (a Gaussian has 3).",
        allow_inf_nan=False,
        examples=[3],
    )
    kurtosis_max: float | None = Field(
        default=None,
        description="Only units of at most this kurtosis.",
        allow_inf_nan=False,
        examples=[1000],
    )
    dead: bool | None = Field(
        default=None, description="Only dead units, or only living ones.", examples=[False]
    )
    flagged: bool | None = Field(
        default=None,
        description="Only units with NaN or infinite activations, or only clean ones.",
        examples=[False],
    )
    limit: int = Field(
        default=50, description="At most so many units.", ge=1, le=200, examples=[50]
    )
    cursor: str | None = Field(
        default=None,
        description="`next_cursor` of the page before; it fits only the same query.",
        pattern=CURSOR,
    )
