"""A unit: its row in a table, its page, its exemplars, its pool."""

from app.store.views.base import View
from app.store.views.explanation import ExplanationLine


class UnitReference(View):
    model: str
    site: str
    index: int


class UnitRow(View):
    """One line of a site's table."""

    model: str
    site: str
    index: int
    split: str
    run_id: int
    n_positions: int
    n_nonfinite: int
    mean: float | None
    variance: float | None
    skewness: float | None
    kurtosis: float | None
    minimum: float | None
    maximum: float | None
    density: float | None
    above: float | None
    dead: bool
    """Constant on all counted positions (heads, gated neurons) or never above 0 (ReLU-like)."""
    flagged: bool
    """Some activations were NaN or infinite."""


class HistogramView(View):
    edges: list[float]
    """bins + 1 edges on a sign-log axis; the outer bins also hold what lies beyond."""
    counts: list[int]
    fraction: float
    """Share of positions that were binned."""


class StatisticsView(UnitRow):
    n_windows: int
    histogram: HistogramView
    threshold: float
    """What `above` is the share of."""


class TokenEffect(View):
    token: str
    token_id: int
    logit: float
    """Change of the token's centred logit when the activation is 1 instead of 0, by the direct path
    only, at the typical scale of the final norm."""
    z: float
    """Against random directions of the same norm."""


class ScaleView(View):
    """What the norms on the way to the logits multiply by: medians over tokens of some windows."""

    final: float
    """1/rms (LayerNorm: 1/standard deviation) of the last residual stream."""
    final_low: float
    """5th percentile"""
    final_high: float
    """95th percentile"""
    mlp: float | None
    """Of the norm between this neuron's MLP and the residual stream, where there is one."""
    n_tokens: int


class ChanceView(View):
    """How large the largest z-score of all tokens is for a direction that means nothing."""

    median: float
    high: float
    """95 % of random directions stay below."""
    independent: float
    """The median if tokens were independent of each other."""
    n_tokens: int
    """Tokens of the vocabulary."""
    n_drawn: int
    """Random directions drawn."""


class OutputSideView(View):
    run_id: int
    norm: float
    """Length of the unit's output vector."""
    promoted: list[TokenEffect]
    """The largest change of logit first."""
    suppressed: list[TokenEffect]
    promoted_by_z: list[TokenEffect]
    """The largest z-score first."""
    suppressed_by_z: list[TokenEffect]
    scale: ScaleView | None
    chance: ChanceView | None
    gated: bool
    """The activation has both signs: a negative one swaps promoted and suppressed."""


class RelatedUnit(View):
    site: str
    index: int
    value: float
    test_value: float | None
    """The same of the tokens of the test pool, for activity; null where that is undefined."""


class AlikeByChanceView(View):
    """The magnitude that the best of all others reaches for a unit that has no relatives."""

    median: float
    high: float
    """95 % stay below."""
    n_others: int
    n_drawn: int
    """Random directions (output) or random units with shuffled tokens (activity) drawn."""


class RelatedView(View):
    method: str
    """output (cosine of output vectors) or activity (Pearson r on the fit pool)"""
    run_id: int
    items: list[RelatedUnit]
    chance: AlikeByChanceView | None
    """null until the run has ended"""
    recall: float | None
    """Share of the truly most alike that was found, over `recall_units` random units; null where
    not all tokens of the pool were compared, for then the truth is not known."""
    recall_units: int | None
    n_tokens: int | None
    """Tokens that were compared, for activity."""
    n_tokens_in_pool: int | None
    """Tokens of the fit pool; where they are more, a random choice of them was compared."""
    n_test_tokens: int | None


class UnitView(View):
    model: str
    site: str
    index: int
    kind: str
    layer: int
    n_units: int
    run_id: int
    statistics: list[StatisticsView]
    """One per split, fit first."""
    output: OutputSideView | None
    related: list[RelatedView]
    exemplar_sets: list[tuple[str, str]]
    """(split, kind) of what is stored."""
    explanations: list[ExplanationLine]
    """What counts now, by method, then what failed; of several runs of a method, the newest."""


class AttentionView(View):
    """At each position, the strongest source positions; the rest of the probability is spread."""

    sources: list[list[int]]
    weights: list[list[float]]


class IntervalView(View):
    low: float | None
    """None: no lower bound."""
    high: float | None
    share: float
    """Of the split's windows whose maximum falls in the interval."""


class ExemplarView(View):
    window: int
    document: int
    document_title: str
    domain: str
    origin: str
    split: str
    start: int
    tokens: list[str]
    token_ids: list[int]
    activations: list[float | None]
    """null where the activation was not finite, and at positions past the window's end."""
    peak: float
    """The window's highest activation at a counted position; the lowest for kind bottom, and for a
    random window of a neuron where that is the larger in magnitude."""
    peak_position: int
    interval: IntervalView | None
    attention: AttentionView | None


class ExemplarsView(View):
    model: str
    site: str
    index: int
    run_id: int
    split: str
    kind: str
    n_kept: int
    """How many windows of this kind the store has; items are the first of them."""
    items: list[ExemplarView]


class PoolView(View):
    """Every activation of one unit on the randomly chosen windows of a split, page by page."""

    model: str
    site: str
    index: int
    run_id: int
    split: str
    n_windows: int
    """Of the whole pool."""
    windows: list[int]
    documents: list[int]
    starts: list[int]
    """Of each window, the offset of its first token in its document, in tokens, without BOS."""
    tokens: list[list[str]]
    token_ids: list[list[int]]
    activations: list[list[float | None]]
    """float16 as stored; position 0 included"""
    counted_from: int
    """First position that statistics count (1 where position 0 is left out)."""
    next_cursor: str | None
    """Opaque; give it back as `cursor` for what follows. Null at the end."""
