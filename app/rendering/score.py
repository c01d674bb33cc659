"""Scores in words: what was tested and how it went; what is no number looks like what it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from markupsafe import Markup, escape

from analysis.score.badges import survived
from app.rendering.glossary import term
from app.rendering.markup import trusted
from app.rendering.numbers import MINUS, percent_text
from app.rendering.score_bar import number
from app.rendering.words import short_split
from app.store.views.explanation import CLAIMS, ExplanationLine
from app.store.views.score import IMPORTED, HeadlineView, ScoreStatus, ScoreView

METHODS: Final = {
    "rules": "rules", "hand": "by hand", "language_model": "language model",
    "output": "output side", "lookup": "token lookup", "import": "imported",
}  # fmt: skip
METRICS: Final = {
    "corpus_r": "simulation r", "top_random_r": "simulation r, top+random",
    "r2_uncentred": "R², uncentred", "r2_centred": "R², centred",
    "deviation": "absolute deviation explained", "detection": "detection",
    "detection_precision": "precision of detection", "detection_recall": "recall of detection",
    "fuzzing": "fuzzing", "auroc": "AUROC",
}  # fmt: skip
LOUD: Final = 0.1
"""A drop from this on is marked."""
MOST_SURE: Final = 1e-4


@dataclass(frozen=True)
class Test:
    """One held-out split that an explanation was tested on."""

    split: str
    survived: bool | None
    """As `analysis.score.badges` decides it; None: that is not decided."""


def method_title(method: str) -> str:
    return METHODS.get(method, method.replace("_", " "))


def metric_title(metric: str) -> Markup:
    return term(METRICS[metric])


def tests_of(headlines: Sequence[HeadlineView]) -> list[Test]:
    """One for the test split and for each held-out domain; splits on which something was fitted or
    chosen are no tests, nor is what an import told. Without an interval, or without a shuffled
    baseline, it is not decided."""
    return [
        Test(one.split, _survived(one))
        for one in headlines
        if (one.split == "test" or one.split.startswith("ood:")) and not _is_imported(one)
    ]


def _is_imported(one: HeadlineView) -> bool:
    return one.judge.startswith(IMPORTED)


def _survived(one: HeadlineView) -> bool | None:
    return survived((one.low, one.high), one.baselines.shuffled, one.p)


def _below(one: HeadlineView | None) -> str:
    """Which lookup does better on test: a table of tokens is no explanation."""
    if one is None or one.r is None or _is_imported(one):
        return ""
    for name, r in (
        ("a lookup of its length", one.baselines.lookup_cut),
        ("the token lookup", one.baselines.lookup),
    ):
        if r is not None and one.r < r:
            return f"{name} does better"
    return ""


def tested(headlines: Sequence[HeadlineView]) -> Markup:
    """How many tests it survived, which it did not, and which decided nothing."""
    tests = tests_of([one for one in headlines if one.status != "not run"])
    if not tests and any(_is_imported(one) for one in headlines):
        return trusted('<span class="untested">as the imported file says, not tested here</span>')
    if not tests:
        return trusted('<span class="untested">not tested</span>')
    lost = [short_split(test.split) for test in tests if test.survived is False]
    open_ones = [short_split(test.split) for test in tests if test.survived is None]
    n = sum(test.survived is True for test in tests)
    words = f"survived {n} of {len(tests)} tests"
    if lost:
        words += f", not that on {' and '.join(lost)}"
    if open_ones:
        words += f"; {' and '.join(open_ones)} undecided"
    below = _below(in_domain(headlines))
    if below:
        words += f"; {below}"
    is_open = bool(open_ones or below)
    shown = "evidence refuted" if lost else "untested" if is_open else "evidence earned"
    return trusted(f'<span class="{shown}">{term("survived", words)}</span>')


def standing(status: ScoreStatus, reason: str | None = None) -> Markup:
    """What is said in the place of a number."""
    why = f": {reason}" if reason and status != "not run" else ""
    shape = {"undefined": "undefined", "failed": "failed-score", "not run": "not-run"}[status]
    return trusted(f'<span class="{shape}">{status}{escape(why)}</span>')


def score_value(
    score: HeadlineView | ScoreView | None, *, reasons: bool = True, interval: bool = True
) -> Markup:
    """0.62 with its interval, or why there is no number."""
    if score is None:
        return standing("not run")
    value = score.r if isinstance(score, HeadlineView) else score.value
    if score.status != "ok" or value is None:
        status: ScoreStatus = "undefined" if score.status == "ok" else score.status
        return standing(status, score.reason if reasons else None)
    ends = ""
    if interval and score.low is not None and score.high is not None:
        ends = (
            f' <span class="interval"><span class="visually-hidden">95 % interval </span>'
            f"{number(score.low)} to {number(score.high)}</span>"
        )
    return trusted(f'<data class="score" value="{value!r}">{number(value)}</data>{ends}')


def why_no_interval(score: ScoreView | None) -> str:
    """Of a number without an interval; of what is undefined `score_value` says the reason."""
    if score is None or score.value is None or score.low is not None:
        return ""
    return score.reason or ""


def cases_of(score: ScoreView | None) -> str:
    """On how much detection, fuzzing and AUROC stand; nothing of other metrics, or where it is not
    known."""
    if score is None or score.n_cases is None or score.n_yes is None:
        return ""
    if score.metric == "fuzzing":
        return f"{score.n_yes:,} windows, each marked rightly and wrongly"
    noun = "tokens" if score.metric == "auroc" else "windows"
    return f"{score.n_yes:,} of {score.n_cases:,} {noun} fire"


def prevalence_of(score: ScoreView | None) -> str:
    """Beside precision: how many windows fire at all, and what it would be where as many fire as in
    the pool; nothing of other metrics."""
    if score is None or score.prevalence is None:
        return ""
    words = f"prevalence {percent_text(score.prevalence)}"
    if score.pool_prevalence is None or score.pool_prevalence == score.prevalence:
        return words
    words += f" of those judged, {percent_text(score.pool_prevalence)} in the pool"
    if score.precision_in_pool is None:
        return words
    return f"{words}, where precision would be {number(score.precision_in_pool)}"


def shuffled_with(details: Mapping[str, Any]) -> str:
    """Whose sentence a language model judged as the shuffled one, or why it judged none; nothing
    where that was not told. Details may come from anywhere."""
    told = details.get("shuffled")
    if not isinstance(told, dict):
        return ""
    if "none_because" in told:
        return f"No shuffled baseline by a language model: {str(told['none_because'])[:200]}."
    if "unit" not in told or "text" not in told:
        return ""
    return f"Shuffled is what it says of unit {told['unit']}: “{str(told['text'])[:500]}”"


def luck_of(score: ScoreView | None) -> Markup:
    """p and q of being better than explanations of other units; nothing where p is not defined."""
    if score is None or score.p is None:
        return Markup("")
    than_others = term("own unit", "better than others'")
    words = f"{than_others}: p {shown_p(score.p)}"
    if score.q is not None:
        words += f", {term('false discovery rate', 'q')} {shown_p(score.q)}"
    return trusted(f'<span class="luck">{words}</span>')


def shown_p(value: float) -> str:
    """Two digits."""
    return f"{value:.2g}" if value >= MOST_SURE else f"{value:.1e}"


def dropped(test: HeadlineView | ScoreView | None, other: HeadlineView | ScoreView) -> Markup:
    """How a held-out domain differs from the test split, marked where it is much worse."""
    return change_of(_value(test), _value(other))


def change_of(before: float | None, after: float | None) -> Markup:
    """The difference with its sign; nothing where one of the two is no number."""
    if before is None or after is None:
        return Markup("")
    change = after - before
    shape = "drop loud" if change <= -LOUD else "drop"
    sign = "+" if change >= 0 else ""
    return trusted(f'<span class="{shape}">{sign}{number(change)}</span>')


def best_claim(lines: Sequence[ExplanationLine]) -> ExplanationLine | None:
    """What a page shows first: of what says what the unit responds to, the highest r on test, else
    the first; then other methods."""
    current = [line for line in lines if line.status == "current" and line.text]
    claims = [line for line in current if line.method in CLAIMS]
    scored = [line for line in claims if _r_here(line) is not None]
    if scored:
        return max(scored, key=lambda line: (_r_here(line) or 0.0, -line.id))
    return next(iter(claims), None) or next(iter(current), None)


def highest_of(lines: Sequence[ExplanationLine]) -> list[int]:
    """Ids of those among which the best was chosen by its score; empty without a choice."""
    scored = [
        line.id
        for line in lines
        if line.status == "current" and line.method in CLAIMS and _r_here(line) is not None
    ]
    return scored if len(scored) > 1 else []


def in_domain(headlines: Sequence[HeadlineView]) -> HeadlineView | None:
    return next((one for one in headlines if one.split == "test"), None)


def domains(headlines: Sequence[HeadlineView]) -> list[HeadlineView]:
    return [one for one in headlines if one.split.startswith("ood:")]


def _r_here(line: ExplanationLine) -> float | None:
    """r on test, where it was measured here: what an import says of itself is no measure."""
    headline = line.headline
    return None if headline is None or _is_imported(headline) else headline.r


def _value(score: HeadlineView | ScoreView | None) -> float | None:
    if score is None:
        return None
    return score.r if isinstance(score, HeadlineView) else score.value


def r_or_none(value: float | None) -> Markup:
    """Two decimals; a dash where there is no number, with its word for those who listen."""
    if value is None:
        return Markup('<span class="absent"><span class="visually-hidden">none</span>–</span>')
    return trusted(f'<data class="score" value="{value!r}">{number(value)}</data>')


def level(value: float) -> str:
    """A level with its sign: rules raise or lower."""
    return f"{'+' if value > 0 else ''}{value:.4g}".replace("-", MINUS)
