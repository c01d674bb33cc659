"""`patchclamp bench explanations`: how well rules predict text that they never saw, and how fast.

The demo's model on the starter corpus; a seeded sample of MLP neurons, as many of every layer.
Neither these neurons nor the windows that they are tested on were looked at while the way in which
rules are fitted was found. Everything is explained and scored by the very functions of an explain
job. A neuron without a program counts with r = 0, and so does an undefined r. As a check of what is
claimed by chance, a few neurons are also explained with their activations moved along the text.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields

import numpy as np
import torch
from jaxtyping import Float32
from numpy import ndarray

from analysis.explain.rules.smoothing import predict_smoothed, smooth, smoothed_program
from analysis.explain.texts import Texts, prepare_texts
from analysis.explain.units import Explained, explain_units
from analysis.models.dtypes import LayerShape, choose_dtype
from analysis.models.loading import load_model
from analysis.models.subject import SubjectModel
from analysis.programs.length import bits_of, n_listed, n_rules
from analysis.programs.parsing import parse_program
from analysis.programs.program import Program, Table
from analysis.programs.running import predict
from analysis.programs.token_space import TokenSpace
from analysis.programs.vocabulary import Vocabulary
from analysis.programs.writing import write_program
from analysis.score.correlation import pearson
from analysis.score.lookup import cut_lookup, fit_lookup, predict_lookup
from analysis.weights.token_space import token_space
from analysis.worker.bench.recorded import COUNTED_FROM, Recorded, record
from analysis.worker.subjects import CACHE
from app.bench.measurement import Measurement
from app.demo_model import find_gguf
from app.settings import get_settings

PER_LAYER, QUICK_PER_LAYER = 80, 8
QUICK_LAYERS = 4
SEED = 3_015
TUNED_SEED, TUNED_PER_LAYER = 0, 80
"""The neurons that were looked at while fitting was tuned: they are not drawn."""
NULLS_PER_LAYER = 10
NULL_SHIFT = (37, 0.5)
"""Positions, and share of the windows, by which activations are moved away from their text."""
WRITTEN = 4
"""Neurons of each tenth layer whose additive prediction is written as a program and run."""
BLOCK = 40
"""Units explained together."""
OOD = "ood:code"
REFERENCES = {"lookup": None, "lookup_120": 120, "lookup_12": 12}
"""Tokens that the lookup is cut to."""
AS_LONG = "lookup_same_bits"
"""The lookup cut to as many bits as the neuron's program has; to 120 tokens where there is none."""
BELOW = ("lookup_120", AS_LONG)
NAMES = {
    "lookup": "whole token lookup",
    "lookup_120": "token lookup cut to 120 tokens",
    "lookup_12": "token lookup cut to 12 tokens",
    AS_LONG: "token lookup cut to the bits of the rules",
}


@dataclass
class _Layer:
    """r of every neuron of one layer, by what predicted it; NaN where it is undefined."""

    r: dict[str, list[float]] = field(default_factory=dict)

    def add(self, name: str, values: Sequence[float]) -> None:
        self.r.setdefault(name, []).extend(values)

    def mean(self, name: str) -> float:
        return float(np.nan_to_num(np.array(self.r[name])).mean())


@dataclass
class _Found:
    layers: dict[str, _Layer] = field(default_factory=dict)
    lengths: list[tuple[int, int, float]] = field(default_factory=list)
    """Rules, listed tokens and bits of each program."""
    n_silent: int = 0
    n_nulls: int = 0
    n_null_claims: int = 0
    written: list[tuple[float, float, float]] = field(default_factory=list)
    """Of additive predictions written as programs: bits, r as computed, r of the program run."""
    seconds: float = 0.0

    def mean(self, name: str) -> float:
        values = [value for layer in self.layers.values() for value in layer.r[name]]
        return float(np.nan_to_num(np.array(values)).mean())

    def n_undefined(self, name: str) -> int:
        return sum(int(np.isnan(layer.r[name]).sum()) for layer in self.layers.values())


def measure(quick: bool) -> Iterator[Measurement]:
    """r by layer, references, lengths, and neurons per second and core."""
    model = load_demo_model()
    units = sample_neurons(model, quick, QUICK_PER_LAYER if quick else PER_LAYER)
    recorded = record(model, units)
    space = TokenSpace(token_space(model.embedding()))
    vocabulary = Vocabulary(model.token_texts(), space)
    del model
    texts = prepare_texts(recorded.windows, vocabulary, counted_from=COUNTED_FROM, seed=0)
    _explain(texts, recorded, next(iter(units)), slice(0, 2), _Found())  # compiles
    found = _Found()
    for site, chosen in units.items():
        for start in range(0, len(chosen), BLOCK):
            _explain(texts, recorded, site, slice(start, start + BLOCK), found)
    for number, site in enumerate(units):
        _explain_moved(texts, recorded, site, found)
        if number % 10 == 0:
            _write_additive(texts, recorded, site, found)
    yield from _reported(found, sum(map(len, units.values())))


def load_demo_model() -> SubjectModel:
    """In the dtype that the demo takes here."""
    cpu = torch.device("cpu")
    cache = get_settings().data / CACHE
    cache.mkdir(parents=True, exist_ok=True)
    source = str(find_gguf())
    model = load_model(source, kind="gguf", dtype=torch.float32, device=cpu, cache=cache)
    shape = LayerShape(**{one.name: getattr(model.facts, one.name) for one in fields(LayerShape)})
    chosen = choose_dtype("auto", cpu, shape).dtype
    if chosen == torch.float32:
        return model
    return load_model(source, kind="gguf", dtype=chosen, device=cpu, cache=cache)


def sample_neurons(model: SubjectModel, quick: bool, per_layer: int) -> dict[str, list[int]]:
    """So many of every MLP (quick: of few), none that fitting was tuned on; by site."""
    rng = np.random.default_rng(SEED)
    sites = [site for site in model.sites if site.kind == "mlp"]
    if quick:
        sites = [sites[at] for at in np.linspace(0, len(sites) - 1, QUICK_LAYERS).astype(int)]
    tuned = _tuned_on(model)
    return {
        site.name: rng.choice(free, min(per_layer, len(free)), replace=False).tolist()
        for site in sites
        if len(free := np.setdiff1d(np.arange(site.n_units), tuned.get(site.name, [])))
    }


def _tuned_on(model: SubjectModel) -> dict[str, ndarray]:
    """Of toys that have few neurons, none are left out."""
    rng = np.random.default_rng(TUNED_SEED)
    return {
        site.name: rng.choice(site.n_units, TUNED_PER_LAYER, replace=False)
        for site in model.sites
        if site.kind == "mlp" and site.n_units > 2 * TUNED_PER_LAYER
    }


def _explain(texts: Texts, recorded: Recorded, site: str, part: slice, found: _Found) -> None:
    activations = recorded.of(site, part)
    start = time.process_time()
    explained = explain_units(texts, activations, {})
    found.seconds += time.process_time() - start
    layer = found.layers.setdefault(site, _Layer())
    layer.add("concise", [_r(one, "test") for one in explained])
    layer.add("ood", [_r(one, OOD) for one in explained])
    layer.add("full", [_or_nan(one.additive_r["test"]) for one in explained])
    for name, values in _references(texts, activations, explained).items():
        layer.add(name, values)
    n_vocab = len(texts.vocabulary)
    for one in explained:
        if one.rules is None:
            found.n_silent += 1
        else:
            program = one.rules
            found.lengths.append((n_rules(program), n_listed(program), bits_of(program, n_vocab)))


def _explain_moved(texts: Texts, recorded: Recorded, site: str, found: _Found) -> None:
    """Nothing but chance, and what is the same at every text, can explain these."""
    positions, share = NULL_SHIFT
    moved = {}
    for split, actual in recorded.of(site, slice(0, NULLS_PER_LAYER)).items():
        elsewhere = np.roll(actual, int(share * actual.shape[1]), axis=1)
        elsewhere[:, :, COUNTED_FROM:] = np.roll(elsewhere[:, :, COUNTED_FROM:], positions, axis=2)
        moved[split] = elsewhere
    explained = explain_units(texts, moved, {})
    found.n_nulls += len(explained)
    found.n_null_claims += sum(one.rules is not None for one in explained)


def _write_additive(texts: Texts, recorded: Recorded, site: str, found: _Found) -> None:
    """The additive prediction as the language writes it, run by its evaluator."""
    activations = recorded.of(site, slice(0, WRITTEN))
    fit, test = texts.fit, texts.tested["test"]
    smoothed, _ = smooth(
        texts.smoother, activations["fit"][:, fit.counted], n_vocab=len(texts.vocabulary)
    )
    actual = activations["test"][:, test.counted]
    expected = predict_smoothed(smoothed, texts.smoother, test.basis)
    for unit in range(len(expected)):
        program = smoothed_program(smoothed, texts.smoother, unit, texts.vocabulary)
        read = parse_program(write_program(program))
        ran = predict(read, test.reading)[test.counted]
        r = [float(np.nan_to_num(pearson(actual[unit], p))) for p in (expected[unit], ran)]
        found.written.append((bits_of(read, len(texts.vocabulary)), r[0], r[1]))


def _r(explained: Explained, split: str) -> float:
    scores = explained.rule_scores.get(split)
    return _or_nan(None if scores is None else scores.r)


def _or_nan(value: float | None) -> float:
    return np.nan if value is None else value


def _references(
    texts: Texts,
    activations: dict[str, Float32[ndarray, "unit window pos"]],
    explained: Sequence[Explained],
) -> dict[str, list[float]]:
    whole = fit_lookup(
        activations["fit"],
        texts.fit.windows.tokens,
        texts.fit.pool,
        same_text=texts.vocabulary.first_of_text,
    )
    test = texts.tested["test"]
    actual = activations["test"][:, test.counted]
    found = {}
    same_bits = _as_long(explained, len(texts.vocabulary))
    for name, n in {**REFERENCES, AS_LONG: same_bits}.items():
        table = whole if n is None else cut_lookup(whole, n=n)
        predicted = predict_lookup(table, test.windows.tokens)[:, test.counted]
        found[name] = [pearson(*pair) for pair in zip(actual, predicted, strict=True)]
    return found


def _as_long(explained: Sequence[Explained], n_vocab: int) -> list[int]:
    """Of each unit, the tokens of a table that takes as many bits as its program."""
    empty, hundred = (bits_of(_table_of(n), n_vocab) for n in (0, 100))
    per_token = (hundred - empty) / 100
    return [
        REFERENCES["lookup_120"] or 0
        if one.rules is None
        else max(1, int((bits_of(one.rules, n_vocab) - empty) / per_token))
        for one in explained
    ]


def _table_of(n: int) -> Program:
    return Program(0.0, tables=(Table(0, tuple((str(token), 1.0) for token in range(n))),))


def _reported(found: _Found, n: int) -> Iterator[Measurement]:
    over = f"mean test r of {n} random MLP neurons; silent and undefined count as 0"
    yield Measurement("explanations.concise_r", found.mean("concise"), "1", f"rules: {over}")
    yield Measurement(
        "explanations.full_r", found.mean("full"), "1", f"program without a limit: {over}"
    )
    for name, told in NAMES.items():
        what = f"reference, {told}: {over}"
        yield Measurement(f"explanations.{name}_r", found.mean(name), "1", what)
    yield Measurement("explanations.ood_r", found.mean("ood"), "1", f"rules on {OOD}: {over}")
    yield Measurement(
        "explanations.silent", found.n_silent, "1", f"of {n} neurons: no program is claimed"
    )
    if found.n_nulls:
        yield Measurement(
            "explanations.null_claimed",
            found.n_null_claims / found.n_nulls,
            "1",
            f"of {found.n_nulls} neurons with activations moved along the text: rules are claimed",
        )
    if found.written:
        bits, computed, ran = np.array(found.written).T
        yield Measurement(
            "explanations.full_bits",
            float(bits.mean()),
            "1",
            f"description length of the program without a limit, mean of {len(bits)}, whose mean r "
            f"is {ran.mean():.4f} run as written, {computed.mean():.4f} as computed for all",
        )
    undefined = found.n_undefined("concise") - found.n_silent
    yield Measurement(
        "explanations.undefined", undefined, "1", f"of {n} neurons: a program, but no r on test"
    )
    below = dict.fromkeys(BELOW, 0)
    for site, layer in found.layers.items():
        for name in BELOW:
            below[name] += layer.mean("concise") <= layer.mean(name)
        names = ("full", *NAMES)
        beside = ", ".join(f"{name} {layer.mean(name):.3f}" for name in names)
        what = f"rules, mean test r of {len(layer.r['concise'])} neurons; {beside}"
        yield Measurement(f"explanations.{site}.concise_r", layer.mean("concise"), "1", what)
    for name, n_below in below.items():
        what = f"of {len(found.layers)} layers: rules are no better than this table"
        yield Measurement(f"explanations.layers_below_{name}", n_below, "1", what)
    lengths = np.array(found.lengths or [(0, 0, 0.0)])
    for at, (name, what) in enumerate(
        [("rules", "rules"), ("listed", "listed tokens"), ("bits", "description length in bits")]
    ):
        spread = "median {:.0f}, most {:.0f}".format(*np.percentile(lengths[:, at], [50, 100]))
        yield Measurement(
            f"explanations.{name}", float(lengths[:, at].mean()), "1", f"{what}, mean; {spread}"
        )
    yield Measurement(
        "explanations.units_per_second_core",
        n / found.seconds,
        "1/s",
        f"explained and scored on test and {OOD}, CPU time over {n} neurons",
    )
