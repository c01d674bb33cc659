"""Jobs in words: their kinds, what was asked, what came of it."""

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import quote

from markupsafe import Markup, escape

from app.rendering.circuit import INSTEAD, METHODS
from app.rendering.facts import Fact
from app.rendering.glossary import GLOSSARY, term
from app.rendering.numbers import percent_text
from app.rendering.words import fact_name, link, plain, plural, split_title
from app.store.asking import questions_of
from app.store.requests import AssistantOptions
from app.store.sampling import USUAL
from app.store.views.job import BusyView, JobView, WaitingView

KINDS: Final = {
    "sweep": "sweep", "output": "output sides", "relate": "related units", "prepare_demo": "demo",
    "explain": "explanations",
    "evidence": "causal evidence", "circuit": "circuit",
}  # fmt: skip
KEPT: Final = {
    "top": "top", "bottom": "bottom", "per_interval": "per interval", "random": "random",
    "pool": "in the pool",
}  # fmt: skip
BEGINNINGS: Final = {
    "auto": "as the model's tokenizer does it", "always": "the BOS token", "never": "nothing",
}  # fmt: skip
WHERE_ASKED: Final = {"default": "other splits", "ood": "held-out domains"}
NAMES: Final = {
    "window_length": "tokens per window", "max_windows": "windows read",
    "sampling": "windows kept per unit", "counted_from": "first position counted",
    "histogram_every": "histograms of", "batch_size": "windows per batch",
    "windows_per_shard": "windows per shard", "bos": "a window begins with",
    "follow_up": "afterwards", "run_id": "beside", "n_tokens": "tokens listed per side",
    "n_related": "units listed", "methods": "by", "most_rules": "rules per tail",
    "most_listed": "tokens listed in all", "sample": "units drawn",
    "evidence": "neurons per site held to account", "units_per_site": "neurons per site",
    "explanations": "explanations",
    "windows": "test windows", "control_windows": "of these for control",
    "control_units": "random units moved beside",
    "positions": "places looked at per window", "tokens": "tokens of each window",
    "k": "σ beyond the mean",
    "lookup_cut": "lookup of its length too", "whole_sites": "whole sites too",
    "prompt": "prompt", "n_pairs": "pairs of prompts", "method": "how units are ranked",
    "ablation": "in place of what is ablated", "n_nodes": "neurons and heads kept",
    "assistant": "language model", "share": "of the demo's windows",
}  # fmt: skip
TERMS: Final = {
    "corpus": ("corpus", "corpus"),
    "task": ("task", "on the task"),
    "dtype": ("dtype", "dtype"),
    "threshold": ("above", "“above” is above"),
}
ORDER: Final = (
    "corpus", "task", "prompt", "n_pairs", "method", "ablation", "n_nodes", "slug", "title",
    "run_id", "share", "max_windows", "window_length", "bos", "counted_from",
    "sampling", "threshold", "histogram_every", "dtype", "device", "batch_size",
    "windows_per_shard", "n_tokens", "n_related", "site", "units", "sample", "methods",
    "most_rules", "most_listed", "assistant", "explanations", "units_per_site", "windows",
    "control_windows", "control_units", "positions", "tokens", "k", "lookup_cut", "whole_sites",
    "follow_up", "evidence", "seed",
)  # fmt: skip
IN_THE_TITLE: Final = frozenset({"kind", "model"})


def kind_title(kind: str) -> str:
    return KINDS.get(kind, kind.replace("_", " "))


def kind_term(kind: str) -> str:
    """The same with its definition."""
    return term(kind, kind_title(kind)) if kind in GLOSSARY else kind_title(kind)


def asked(job: JobView) -> list[Fact]:
    """The request in words; what is in the page's title is left out."""
    one_or_other = {key for key in ("task", "prompt") if job.request.get(key) is None}
    known = [key for key in ORDER if key in job.request and key not in one_or_other]
    others = [key for key in job.request if key not in ORDER and key not in IN_THE_TITLE]
    return [Fact(_name(key), _wanted(key, job.request[key])) for key in (*known, *others)]


def became(job: JobView) -> list[Fact]:
    """What came of it, besides the run that the page's head names."""
    told = []
    for key, value in (job.result or {}).items():
        if key == "sweep":
            told.append(Fact("asked for", link(f"/jobs/{quote(str(value))}", "its sweep")))
        elif key == "corpus":
            told.append(Fact(term("corpus"), _corpus(str(value))))
        elif key == "circuit" and job.model is not None:
            path = f"/m/{quote(job.model, safe='')}/circuits/{quote(str(value), safe='')}"
            told.append(Fact(term("circuit"), link(path, str(value))))
        elif key not in ("run_id", "model"):
            told.append(Fact(fact_name(key), plain(value)))
    return told


def waits_for(waiting: WaitingView, *, workers: bool) -> Markup:
    """What goes before a job that has not begun, what workers do meanwhile, and how it goes faster;
    `workers`: whether any lives."""
    n = waiting.n_before
    told = [
        f"{n:,} {plural(n, 'job')} {'goes' if n == 1 else 'go'} before it." if n else "It is next."
    ]
    if waiting.busy:
        done = Markup(", ").join(_busy(job) for job in waiting.busy)
        told.append(Markup("At work now: {}.").format(done))
    worker = Markup("<code>patchclamp worker</code>")
    if not workers:
        told.append(Markup("No worker is running: start one with {}.").format(worker))
    elif waiting.busy:
        told.append(Markup("A worker does one job at a time; {} starts another.").format(worker))
    return Markup(" ").join(told)


def _busy(job: BusyView) -> Markup:
    shown = link(f"/jobs/{quote(job.id, safe='')}", f"{kind_title(job.kind)} {job.id[:8]}")
    return shown if job.model is None else Markup("{} of {}").format(shown, job.model)


def _name(key: str) -> str:
    return term(*TERMS[key]) if key in TERMS else NAMES.get(key, fact_name(key))


def _wanted(key: str, value: Any) -> str:  # noqa: ANN401 - JSON
    tell = VALUES.get(key)
    return plain(value) if tell is None else tell(value)


def _windows(most: dict[str, int]) -> str:
    told = [f"{_split(split)}: at most {n:,}" for split, n in most.items()]
    return "; ".join(told) or "all"


def _kept(sampling: dict[str, dict[str, int]]) -> Markup:
    """A line per split; where nothing was said, what is usual."""
    if not sampling:
        usual = [f"{_split(split)}: {_numbers(n._asdict())}" for split, n in USUAL.items()]
        return Markup("<br>").join(["as usual", *usual])
    lines = [escape(f"{_split(split)}: {_numbers(n)}") for split, n in sampling.items()]
    return Markup("<br>").join(lines)


def _numbers(kept: dict[str, int]) -> str:
    told = [f"{kept[key]:,} {words}" for key, words in KEPT.items() if kept.get(key)]
    return ", ".join(told) or "none"


def _split(key: str) -> str:
    return WHERE_ASKED.get(key) or split_title(key)


def _corpus(name: str) -> Markup:
    return link(f"/corpora/{quote(name, safe='')}", name)


def _assistant(asked: dict[str, Any] | None) -> str:
    """Which one, and how much it is asked; jobs from before the shuffled baseline had none."""
    if asked is None:
        return "none"
    options = AssistantOptions.model_validate({"shuffled": False, **asked})
    return f"{options.model}; {questions_of(options).words}"


def _chosen(value: str) -> str:
    return "the worker chooses" if value == "auto" else value


VALUES: Final[dict[str, Callable[[Any], str]]] = {
    "corpus": _corpus,
    "run_id": lambda number: link(f"/runs/{number}", f"run {number}"),
    "sampling": _kept,
    "max_windows": _windows,
    "device": _chosen,
    "dtype": _chosen,
    "bos": lambda value: BEGINNINGS.get(value, f"token {value}"),
    "histogram_every": lambda n: "every position" if n == 1 else f"one position in {n:,}",
    "follow_up": lambda wanted: (
        "output sides, related units and explanations" if wanted else "nothing"
    ),
    "evidence": lambda n: f"{n:,}" if n else "none",
    "share": lambda share: "all" if share == 1 else percent_text(share),
    "methods": lambda names: ", ".join(name.replace("_", " ") for name in names),
    "site": lambda site: site or "all sites",
    "units": lambda units: "all" if units is None else ", ".join(map(str, units[:20])),
    "sample": lambda n: "all" if n is None else f"{n:,} at random",
    "assistant": _assistant,
    "method": lambda name: METHODS.get(name, name),
    "ablation": lambda name: INSTEAD.get(name, name),
    "slug": lambda slug: slug or "a free one",
    "title": lambda title: title or "as its task",
    "seed": str,  # a name rather than an amount
}
