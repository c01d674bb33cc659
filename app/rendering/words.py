"""Names and phrases that pages share: sites, splits, intervals, query strings."""

from collections.abc import Iterable
from itertools import groupby
from typing import Any, Final
from urllib.parse import urlencode

from markupsafe import Markup

from app.rendering.numbers import MINUS, percent_text, significant
from app.store.views.unit import ExemplarView, IntervalView

NOUNS: Final = {"mlp": "neuron", "attn": "head"}
SITES: Final = {"mlp": "MLP neurons", "attn": "attention heads"}
SPLITS: Final = {
    "fit": "fit",
    "calibration": "calibration",
    "test": "test",
}
FACTS: Final = {
    "d_model": "residual stream width",
    "d_mlp": "neurons per layer",
    "n_heads": "heads per layer",
    "d_head": "head width",
    "n_ctx": "context length",
    "n_vocab": "vocabulary",
    "bos_token_id": "BOS token id that begins a text",
    "named_bos_token_id": "BOS token id",
    "gated": "gated MLP",
    "activation_function": "activation function",
    "norm": "normalisation",
    "causal": "causal",
    "norm_behind": "norms behind attention and MLP",
    "linear_head": "logits linear in the residual stream",
    "quantised": "weights were quantised",
}


def site_title(site: str) -> str:
    kind, _, layer = site.partition(".")
    return f"{SITES.get(kind, kind)} of layer {layer}"


def plural(number: int, noun: str) -> str:
    return noun if number == 1 else noun + "s"


def unit_noun(kind: str, number: int = 1) -> str:
    return plural(number, NOUNS.get(kind, "unit"))


def split_title(split: str) -> str:
    """`ood:code` reads "held-out domain: code"."""
    if split.startswith("ood:"):
        return f"held-out domain: {split.removeprefix('ood:')}"
    return SPLITS.get(split, split)


def short_split(split: str) -> str:
    """`ood:code` reads "code", where it is clear that it is a domain."""
    return split.removeprefix("ood:")


def fact_name(key: str) -> str:
    return FACTS.get(key, key.removeprefix("n_").replace("_", " "))


def plain(value: object) -> str:
    """A JSON value as a person writes it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "none"
    if isinstance(value, float):
        return f"{value:.6g}".replace("-", MINUS) if abs(value) < 1e6 else significant(value, 4)
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, dict):
        parts = [f"{fact_name(key)} {plain(item)}" for key, item in value.items()]
        return ", ".join(parts) or "none"
    if isinstance(value, list):
        return ", ".join(plain(item) for item in value) or "none"
    return str(value)


def lines(value: object) -> list[str]:
    """A JSON value, or one line for each of its parts where it has parts of parts."""
    if isinstance(value, dict) and any(isinstance(part, dict) for part in value.values()):
        return [f"{key}: {plain(part)}" for key, part in value.items()]
    return [plain(value)]


def source(value: str, kind: str) -> str:
    """Where a model is from: a hub's id as it is, of a file or folder no more than its name."""
    if kind == "hub":
        return f"hub: {value}"
    name = value.rstrip("/\\").replace("\\", "/").rpartition("/")[2] or value
    return f"{kind}: {name}"


def interval(view: IntervalView) -> str:
    """Interval −0.1 to 0.42 (contains 12.3 % of windows)."""
    share = f"contains {percent_text(view.share)} of windows"
    if view.low is None and view.high is None:
        return f"All windows ({share})"
    if view.low is None:
        return f"Interval up to {significant(view.high or 0.0)} ({share})"
    if view.high is None:
        return f"Interval above {significant(view.low)} ({share})"
    return f"Interval {significant(view.low)} to {significant(view.high)} ({share})"


def by_interval(
    items: Iterable[ExemplarView],
) -> list[tuple[IntervalView | None, list[ExemplarView]]]:
    """Neighbouring exemplars of one interval together, the highest interval first."""
    groups = [(key, list(group)) for key, group in groupby(items, key=lambda item: item.interval)]
    return sorted(groups, key=lambda pair: -_low(pair[0]))


def _low(view: IntervalView | None) -> float:
    return float("-inf") if view is None or view.low is None else view.low


def link(address: str, shown: str) -> Markup:
    return Markup('<a href="{}">{}</a>').format(address, shown)


def query(parameters: dict[str, Any]) -> str:
    """`?a=1&b=2` of what is not None; empty when nothing is left."""
    kept = {key: value for key, value in parameters.items() if value is not None and value != ""}
    return "?" + urlencode(kept, doseq=True) if kept else ""
