"""Names as Neuronpedia writes them."""

# ruff: noqa: N815 - the names are Neuronpedia's

from typing import Annotated, Literal

from fastapi import Path
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from analysis.protocol.edits import LARGEST_STRENGTH
from analysis.protocol.prompts import LONGEST_TEXT
from app.api.parameters import LARGEST, NAME
from app.errors import BadRequestError
from app.exchange.sources import site_of

MOST_TEXTS = 64
LARGEST_STEERING = LARGEST_STRENGTH / 1000

SourceName = Annotated[
    str,
    Path(
        description="`{layer}-{set}` as Neuronpedia names it (`12-mlp`), or our own `mlp.12`.",
        pattern=NAME,
        examples=["12-mlp", "mlp.12", "3-attn"],
    ),
]


def refuse_truth(value: object) -> object:
    """`true` is no number, though Python counts with it."""
    if isinstance(value, bool):
        raise ValueError("a number, not true or false")  # noqa: TRY004 - what Pydantic catches
    return value


class ExplanationSearch(BaseModel):
    """What all explanations are searched for."""

    model_config = ConfigDict(frozen=True)

    query: str = Field(
        description="Words that all must be there; at least three characters.",
        min_length=3,
        max_length=1000,
        examples=["names of animals"],
    )
    offset: Annotated[int, BeforeValidator(refuse_truth)] = Field(
        default=0, description="So many are left out.", ge=0, le=10_000, examples=[20]
    )


class ModelSearch(ExplanationSearch):
    """The same, of one model."""

    modelId: str = Field(
        description="Name of the model.", pattern=NAME, examples=["smollm2-135m-instruct"]
    )


class SourcesSearch(ModelSearch):
    """The same, of some of its sources."""

    layers: list[Annotated[str, Field(pattern=NAME)]] = Field(
        description="Sources, as `{layer}-{set}`; those that the model does not have are passed "
        "over.",
        min_length=1,
        max_length=1000,
        examples=[["12-mlp"]],
    )


Model = Annotated[
    str,
    Field(description="Name of the model.", pattern=NAME, examples=["smollm2-135m-instruct"]),
]
Index = Annotated[
    Annotated[int, BeforeValidator(refuse_truth), Field(ge=0, le=LARGEST)]
    | Annotated[str, Field(pattern=r"^[0-9]{1,9}$")],
    Field(description="As a number, or as the text of one.", examples=["345"]),
]

Text = Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT)]
Texts = Annotated[
    Text | Annotated[list[Text], Field(min_length=1, max_length=MOST_TEXTS)],
    Field(description="A text, or several: the answer is then a list.", examples=["The cat sat"]),
]
Source = Annotated[
    str,
    Field(description="`{layer}-{set}`, or our own site.", pattern=NAME, examples=["12-mlp"]),
]


class NamedFeature(BaseModel):
    """Which unit; clients call its source `source` or `layer`."""

    model_config = ConfigDict(frozen=True)

    modelId: Model
    source: Source | None = None
    layer: Source | None = None
    index: Index

    @property
    def place(self) -> str:
        """Our site. Raises BadRequestError where no source is named."""
        named = self.source or self.layer
        if named is None:
            raise BadRequestError(
                "The feature has neither source nor layer.", hint='Name one, such as "12-mlp".'
            )
        return site_of(named)


class NewActivation(BaseModel):
    """A unit, and the text that it is run on."""

    model_config = ConfigDict(frozen=True)

    feature: NamedFeature
    customText: Texts


class SourceActivation(BaseModel):
    """A source, and the text that all its units are run on."""

    model_config = ConfigDict(frozen=True)

    modelId: Model
    source: Source
    customText: Texts


class TextSearch(BaseModel):
    """A text, and in which sources the units that fire most on it are looked for."""

    model_config = ConfigDict(frozen=True)

    modelId: Model
    sourceSet: str = Field(description="`mlp` or `attn`.", pattern=NAME, examples=["mlp"])
    text: Texts
    selectedLayers: list[Source] = Field(
        default=[], max_length=4096, description="Only these sources; none: the whole set."
    )
    sortIndexes: list[Annotated[int, BeforeValidator(refuse_truth), Field(ge=0, le=8191)]] = Field(
        default=[], max_length=8192, description="Only these positions count; none: all do."
    )
    ignoreBos: bool = Field(default=True, description="Leave position 0 out.")
    densityThreshold: Annotated[float, BeforeValidator(refuse_truth)] = Field(
        default=-1,
        le=1,
        ge=-1,
        allow_inf_nan=False,
        description="Above 0: leave out units that fire at a larger share of positions.",
    )
    numResults: Annotated[int, BeforeValidator(refuse_truth)] = Field(default=50, ge=1, le=500)


class TokenSearch(BaseModel):
    """A text, and the source whose strongest units at each token are wanted."""

    model_config = ConfigDict(frozen=True)

    modelId: Model
    source: Source
    text: Texts
    numResults: Annotated[int, BeforeValidator(refuse_truth)] = Field(default=5, ge=1, le=500)
    ignoreBos: bool = Field(default=True, description="Leave position 0 out.")
    densityThreshold: Annotated[float, BeforeValidator(refuse_truth)] = Field(
        default=0, le=1, ge=-1, allow_inf_nan=False
    )


class SteeringFeature(BaseModel):
    """A neuron or a vector, and how strongly its direction is added."""

    model_config = ConfigDict(frozen=True)

    modelId: Model
    layer: Source
    index: Index
    strength: Annotated[float, BeforeValidator(refuse_truth)] = Field(
        default=10, ge=-LARGEST_STEERING, le=LARGEST_STEERING, allow_inf_nan=False
    )


class Steering(BaseModel):
    """How a continuation is steered and drawn."""

    model_config = ConfigDict(frozen=True)

    modelId: Model
    features: list[SteeringFeature] = Field(min_length=1, max_length=64)
    temperature: Annotated[float, BeforeValidator(refuse_truth)] = Field(
        default=0.5, ge=0, le=10, allow_inf_nan=False
    )
    n_tokens: Annotated[int, BeforeValidator(refuse_truth)] = Field(default=32, ge=1, le=1024)
    freq_penalty: Annotated[float, BeforeValidator(refuse_truth)] = Field(
        default=0, ge=-2, le=2, allow_inf_nan=False
    )
    seed: Annotated[int, BeforeValidator(refuse_truth)] = Field(default=16, ge=0, le=LARGEST)
    strength_multiplier: Annotated[float, BeforeValidator(refuse_truth)] = Field(
        default=1, ge=-1000, le=1000, allow_inf_nan=False
    )
    steer_method: str = Field(
        default="SIMPLE_ADDITIVE",
        pattern=r"^SIMPLE_ADDITIVE$",
        description="The direction is added, times strength and multiplier.",
    )


class CompletionSteering(Steering):
    """The text that is continued."""

    prompt: Text


class ChatMessage(BaseModel):
    """One message of a conversation."""

    model_config = ConfigDict(frozen=True)

    role: Literal["system", "user", "assistant", "model"]
    content: Annotated[str, Field(max_length=LONGEST_TEXT)]


class ChatSteering(Steering):
    """The conversations that are continued; usually the same one."""

    defaultChatMessages: list[ChatMessage] = Field(min_length=1, max_length=200)
    steeredChatMessages: list[ChatMessage] = Field(min_length=1, max_length=200)
    steer_special_tokens: bool = Field(
        default=True, description="Must be true: every token of the prompt is steered."
    )
