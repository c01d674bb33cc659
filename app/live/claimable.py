"""What can be claimed that units of a stored circuit carry: what its task's prompts share."""

from pathlib import Path

from sqlalchemy import Engine

from analysis.protocol.base import Message
from analysis.protocol.proofs import Feature, Prompts
from analysis.tasks.features import features_of, number_of, sharing
from analysis.tasks.task import Pair
from app.live.grounds import read_grounds
from app.rendering.circuit import feature_text


class ClaimableFeature(Message):
    feature: Feature
    text: str
    """In words."""
    here: str | None
    """Which word it is in the prompt that the circuit is drawn over; null of what is no word."""
    n_values: int
    """Of the prompts. Where all have the same one, a claim tests nothing."""
    n_alone: int
    """Prompts that share it with no other pair, or do not have it."""
    testable: bool
    """It has several values, and no more than half of the prompts are alone."""


class ClaimableFeatures(Message):
    """Features that units may be claimed to carry; words and tokens are counted from 0."""

    prompts: Prompts
    n_prompts: int
    """Those that have another of their length."""
    features: tuple[ClaimableFeature, ...]


def read_claimable(
    engine: Engine, data: Path, *, model: str, slug: str, prompts: Prompts
) -> ClaimableFeatures:
    """In a thread: it reads. Raises NotFoundError; ConflictError where the circuit has no task, or
    no prompts are held out."""
    grounds = read_grounds(engine, data, model=model, slug=slug)
    pairs, drawn = grounds.pairs(prompts), grounds.prompted.finding[0]
    return ClaimableFeatures(
        prompts=prompts,
        n_prompts=sharing(pairs).n_prompts,
        features=tuple(_claimable(feature, pairs, drawn) for feature in features_of(pairs)),
    )


def _claimable(feature: Feature, pairs: tuple[Pair, ...], drawn: Pair) -> ClaimableFeature:
    shared = sharing(pairs, feature)
    return ClaimableFeature(
        feature=feature,
        text=feature_text(feature),
        here=_word(drawn, feature),
        n_values=shared.n_values,
        n_alone=shared.n_alone,
        testable=shared.n_values > 1 and not shared.mostly_alone,
    )


def _word(drawn: Pair, feature: Feature) -> str | None:
    if not feature.endswith("word") and not feature.startswith("word "):
        return None
    at = number_of(feature)
    return drawn.words[at] if at < len(drawn.words) else None
