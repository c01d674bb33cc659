"""Typed job requests: what the web side asks of a worker. Stored as JSON in the job's row.

Every text is held to a pattern and every number to bounds: requests become rows, file names, and
the command that repeats a run.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import (
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from app.store.circuit_request import CircuitRequest
from app.store.request_fields import (
    DEVICE,
    LARGEST,
    MOST_SPLITS,
    NO_OTHER_KEYS,
    Count,
    Dtype,
    Name,
    Request,
    RunNumber,
    SplitKey,
    TokenId,
)

Judge = Literal["simulation", "detection", "fuzzing"]
Method = Literal["lookup", "rules", "output", "language_model"]


class Sampling(Request):
    """How many windows are kept per unit in one split; what is left out is as usual there."""

    top: int | None = Field(
        default=None,
        ge=0,
        le=256,
        description="Windows of the highest maximum; usual are 10 in fit, 0 in calibration, 3 in "
        "test and held-out domains.",
    )
    bottom: int | None = Field(
        default=None,
        ge=0,
        le=256,
        description="Windows of the lowest minimum; usual are 6 in fit, 0 in calibration, 2 in "
        "test and held-out domains.",
    )
    per_interval: int | None = Field(
        default=None,
        ge=0,
        le=64,
        description="Random windows per interval of the window maximum; usual are 2 in fit, none "
        "elsewhere.",
    )
    random: int | None = Field(
        default=None,
        ge=0,
        le=256,
        description="Uniformly random windows; usual are 4 in fit, 0 in calibration, 2 in test and "
        "held-out domains.",
    )
    pool: int | None = Field(
        default=None,
        ge=0,
        le=65536,
        description="Random windows whose every activation is kept; usual are 40 in fit, 12 in "
        "calibration, 20 in test, 12 in held-out domains.",
    )

    @model_serializer(mode="wrap")
    def _only_what_is_asked(self, write: SerializerFunctionWrapHandler) -> dict[str, int]:
        return {name: number for name, number in write(self).items() if number is not None}


class SweepRequest(Request):
    """One pass of a model over a corpus: statistics, exemplars and pools of every unit."""

    kind: Literal["sweep"] = "sweep"
    model: Name = Field(
        description="Name of a model that was added.", examples=["smollm2-135m-instruct"]
    )
    corpus: Name = Field(description="Name of a corpus that was added.", examples=["starter"])
    window_length: int = Field(
        default=128, ge=4, le=8192, description="Tokens per window, BOS included."
    )
    max_windows: dict[SplitKey, Count] = Field(
        default_factory=dict,
        max_length=MOST_SPLITS,
        json_schema_extra=NO_OTHER_KEYS,
        description="At most so many windows per split, chosen at random; default: all. Keys as in "
        "`sampling`.",
    )
    sampling: dict[SplitKey, Sampling] = Field(
        default_factory=dict,
        max_length=MOST_SPLITS,
        json_schema_extra=NO_OTHER_KEYS,
        description="Per split; key `ood` holds for every held-out domain, `default` for every "
        "split. Each number is taken from the most particular key that names it.",
    )
    counted_from: int = Field(
        default=1, ge=0, le=64, description="First position that statistics count."
    )
    threshold: float = Field(
        default=1.0,
        ge=-1e30,
        le=1e30,
        description="`above` is the share of activations above this.",
    )
    histogram_every: int = Field(
        default=8, ge=1, le=1024, description="Every how many positions one is binned."
    )
    windows_per_shard: int = Field(default=256, ge=1, le=65536)
    bos: Literal["auto", "always", "never"] | TokenId = Field(
        default="auto",
        description="What windows begin with: as the model's tokenizer does (auto), its BOS token, "
        "nothing, or a token id.",
    )
    batch_size: int = Field(default=16, ge=1, le=4096, description="Windows per forward pass.")
    dtype: Dtype = "auto"
    device: str = Field(
        default="auto",
        pattern=DEVICE,
        max_length=10,
        description="Of the worker: auto, cpu, cuda, cuda:<number> or mps.",
    )
    seed: int = Field(default=0, ge=0, le=2**63 - 1)
    follow_up: bool = Field(
        default=True, description="Afterwards also compute output sides and related units."
    )
    evidence: int = Field(
        default=0,
        ge=0,
        le=65536,
        description="With what follows, so many neurons of each site are held to what happens when "
        "the network is edited, once they are explained.",
    )


class OutputRequest(Request):
    """The output side of every neuron: from weights, at a scale measured on 16 windows of text."""

    kind: Literal["output"] = "output"
    model: Name
    run_id: RunNumber = Field(description="The sweep that the results belong beside.")
    n_tokens: int = Field(default=10, ge=1, le=100)


class RelateRequest(Request):
    """Related units: of neurons by output direction, of all by activity on the fit pool."""

    kind: Literal["relate"] = "relate"
    model: Name
    run_id: RunNumber = Field(description="The sweep whose pool is read.")
    n_related: int = Field(default=6, ge=1, le=100)


def _costs_something(price: str) -> dict[str, Any]:
    return {"required": [price], "properties": {price: {"exclusiveMinimum": 0}}}


class AssistantOptions(Request):
    """Which language model is asked, and how much. Where it is and its key: the settings."""

    model_config = ConfigDict(
        **Request.model_config,
        json_schema_extra={
            "anyOf": [
                {"properties": {"budget": {"type": "null"}}},
                _costs_something("dollars_per_million_in"),
                _costs_something("dollars_per_million_out"),
            ]
        },
    )

    model: str = Field(min_length=1, max_length=200, description="As the endpoint calls it.")
    candidates: int = Field(
        default=1, ge=1, le=16, description="Explanations per unit; the best on calibration stays."
    )
    judges: list[Judge] = Field(default=["detection"], max_length=3)
    judge_model: str | None = Field(default=None, min_length=1, max_length=200)
    budget: float | None = Field(
        default=None,
        ge=0,
        description="Dollars; the job ends cleanly before it is exceeded. Needs a price above 0.",
    )
    token_budget: int | None = Field(default=None, ge=0, le=2**53)
    dollars_per_million_in: float = Field(default=0.0, ge=0, le=1e6)
    dollars_per_million_out: float = Field(default=0.0, ge=0, le=1e6)
    concurrency: int = Field(default=4, ge=1, le=64)
    windows: int = Field(
        default=12,
        ge=4,
        le=200,
        description="Per unit, so many are judged of every split, and looked at to choose.",
    )
    shuffled: bool = Field(
        default=True,
        description="Another unit's explanation is judged on the same windows, as a baseline. Of "
        "detection and fuzzing it doubles the questions, of simulation it adds four per split.",
    )

    @model_validator(mode="after")
    def _has_prices(self) -> Self:
        """Where tokens cost nothing, dollars never run out."""
        costs = max(self.dollars_per_million_in, self.dollars_per_million_out)
        if self.budget is not None and costs <= 0:
            raise ValueError(
                "a budget in dollars needs what a million tokens cost, in or out, above 0; "
                "where they cost nothing, set a budget of tokens"
            )
        return self


class ExplainRequest(Request):
    """Explain units from the pools of a sweep, and score what was found on text never seen."""

    kind: Literal["explain"] = "explain"
    model: Name
    run_id: RunNumber = Field(description="The sweep whose pools are read.")
    site: str | None = Field(
        default=None, pattern=r"^(mlp|attn)\.[0-9]{1,5}$", description="Only this site."
    )
    units: list[Count] | None = Field(
        default=None, min_length=1, max_length=65536, description="Only these units of the site."
    )
    sample: int | None = Field(
        default=None, ge=1, le=LARGEST, description="So many units, drawn at random; default: all."
    )
    methods: list[Method] = Field(default=["lookup", "rules", "output"], min_length=1, max_length=4)
    most_rules: int = Field(default=12, ge=1, le=200, description="Per tail.")
    most_listed: int = Field(default=120, ge=1, le=5000, description="Tokens listed in all.")
    assistant: AssistantOptions | None = None
    evidence: int = Field(
        default=0,
        ge=0,
        le=65536,
        description="Afterwards, so many neurons of each site are held to what happens when the "
        "network is edited.",
    )
    seed: int = Field(default=0, ge=0, le=2**63 - 1)


class EvidenceRequest(Request):
    """Hold explanations to what happens when the network is edited, on text of the test split."""

    kind: Literal["evidence"] = "evidence"
    model: Name
    run_id: RunNumber = Field(description="The sweep whose explanations are tested.")
    site: str | None = Field(
        default=None, pattern=r"^mlp\.[0-9]{1,5}$", description="Only this site of neurons."
    )
    explanations: list[RunNumber] | None = Field(
        default=None,
        min_length=1,
        max_length=256,
        description="Only these, by id, whoever wrote them; one of a unit.",
    )
    units_per_site: int = Field(
        default=17,
        ge=1,
        le=65536,
        description="The first so many of each site, in the random order in which units were "
        "explained.",
    )
    windows: int = Field(default=12, ge=1, le=4096, description="Of the test pool, for stand-ins.")
    control_windows: int = Field(
        default=8, ge=1, le=4096, description="The first so many of these, for control."
    )
    control_units: int = Field(
        default=20,
        ge=1,
        le=256,
        description="Random other units of the site that are moved likewise; with fewer than 19 "
        "chance cannot be ruled out.",
    )
    positions: int = Field(
        default=48, ge=1, le=8192, description="Per window, at which the output is looked at."
    )
    tokens: int | None = Field(
        default=None,
        ge=16,
        le=2**20,
        description="Of each window, the first so many; null: all of it.",
    )
    k: float = Field(
        default=6.0,
        gt=0,
        le=1000,
        description="Standard deviations above its mean that a unit is held at.",
    )
    lookup_cut: bool = Field(
        default=False,
        description="Also put the token lookup of the program's length in the unit's place: a "
        "third more work.",
    )
    whole_sites: bool = Field(
        default=True, description="Also replace all explained units of each site at once."
    )
    seed: int = Field(default=0, ge=0, le=2**63 - 1)


class PrepareDemoRequest(Request):
    """Add the demo's model and corpus, then ask for its sweep. Only `patchclamp demo` asks."""

    kind: Literal["prepare_demo"] = "prepare_demo"
    model: Name = "smollm2-135m-instruct"
    corpus: Name = "starter"
    share: float = Field(
        default=1.0, gt=0, le=1, description="Of the demo's windows, so much is swept."
    )


JobRequest = Annotated[
    SweepRequest
    | OutputRequest
    | RelateRequest
    | ExplainRequest
    | EvidenceRequest
    | CircuitRequest,
    Field(discriminator="kind"),
]
