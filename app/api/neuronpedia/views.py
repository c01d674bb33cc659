"""The shapes that Neuronpedia's clients read; the names are theirs."""

# ruff: noqa: N815 - the names are Neuronpedia's

from typing import Any

from pydantic import Field

from app.store.views.base import View


class FeatureActivation(View):
    """One exemplar window."""

    modelId: str
    source: str
    layer: str
    index: int
    tokens: list[str]
    values: list[float | None] = Field(description="Null where the activation is not finite.")
    maxValue: float = Field(description="Largest value at a counted position.")
    maxValueTokenIndex: int
    minValue: float = Field(description="Smallest of `values`, position 0 included.")
    binMin: float | None = Field(
        description="Lower end of the interval of the window maximum; null in the top list, and in "
        "the lowest interval, which has none."
    )
    binMax: float | None
    binContains: float | None = Field(description="Share of the split's windows in the interval.")
    qualifyingTokenIndex: int
    dataIndex: str = Field(description="The window's number in its corpus.")
    dataSource: str = Field(description="The document it is from.")


class FeatureScore(View):
    """Simulation r of an explanation on one split."""

    value: float
    explanationScoreTypeName: str
    explanationScoreModelName: str = Field(description="Who judged: `program`, or a model.")
    split: str


class FeatureExplanation(View):
    id: str
    description: str
    modelId: str
    source: str
    layer: str
    index: int
    typeName: str
    explanationModelName: str | None
    scores: list[FeatureScore]


class ExplanationResults(View):
    """A page of what was found, best tested first."""

    request: dict[str, Any] = Field(description="The body, as it was understood.")
    results: list[FeatureExplanation]
    resultsCount: int = Field(description="On this page.")
    hasMore: bool
    nextOffset: int


class FeatureView(View):
    modelId: str
    layer: str = Field(description="The source id, `{layer}-{set}`.")
    source: str
    sourceSetName: str
    index: int
    maxActApprox: float | None = Field(description="Largest activation on the fit split.")
    frac_nonzero: float | None = Field(description="Share of positions with a positive activation.")
    pos_str: list[str] = Field(description="Tokens that the unit promotes, strongest first.")
    pos_values: list[float]
    neg_str: list[str] = Field(description="Tokens that the unit suppresses, strongest first.")
    neg_values: list[float]
    freq_hist_data_bar_heights: list[float]
    freq_hist_data_bar_values: list[float] = Field(description="Bin centres, on a sign-log axis.")
    logits_hist_data_bar_heights: list[float] = Field(description="Not computed: empty.")
    logits_hist_data_bar_values: list[float]
    activations: list[FeatureActivation]
    explanations: list[FeatureExplanation]


class KeptVector(View):
    """A steering vector, in the names of the answer to `vector/new`."""

    modelId: str
    source: str = Field(description="`{layer}-resid`: the stream as it leaves that layer.")
    index: str
    label: str
    hookName: str
    values: list[float]
    defaultSteerStrength: float | None


class NewVectorAnswer(View):
    url: str = Field(description="Where it can be read.")
    vector: KeptVector


class FoundVector(View):
    """The same, in the names of `vector/get` and `vector/list-owned`."""

    modelId: str
    layer: str = Field(description="The source id, `{layer}-resid`.")
    index: str
    vectorLabel: str
    hookName: str
    vector: list[float]
    vectorDefaultSteerStrength: float | None


class OneVector(View):
    vector: FoundVector


class OwnedVectors(View):
    vectors: list[FoundVector]


class DeletedVector(View):
    message: str


class FeatureList(View):
    """A list of units, without them."""

    id: str
    name: str
    description: str


class ListedFeature(View):
    """A unit of a list."""

    modelId: str
    layer: str = Field(description="The source id, `{layer}-{set}`.")
    source: str
    index: str
    description: str


class FilledList(FeatureList):
    neurons: list[ListedFeature]
