"""`patchclamp bench evidence`: what explanations are worth when the network is edited, and how fast
that is found out.

The demo's model in float32 on the starter corpus; a seeded sample of MLP neurons, as many of every
layer, none that the fitting of rules was tuned on. Explained, scored, said beforehand and edited by
the very functions of the jobs. One thread; CPU time, because machines are shared.
"""

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy import ndarray

from analysis.causal.standing_in import stand_ins
from analysis.causal.units import Claimed, Held, Move, measure_units
from analysis.explain.texts import prepare_texts
from analysis.explain.units import Explained, explain_units
from analysis.models.loading import load_model
from analysis.models.tracing import EditableModel
from analysis.programs.token_space import TokenSpace
from analysis.programs.vocabulary import Vocabulary
from analysis.score.badges import controls, predicts, replaces
from analysis.score.control import TOP, Forecast
from analysis.score.records import Measured
from analysis.weights.output_side import OutputSides, Readout, output_sides
from analysis.weights.token_space import token_space
from analysis.worker.bench.explanations import sample_neurons
from analysis.worker.bench.recorded import COUNTED_FROM, Recorded, record
from analysis.worker.evidencing.texts import Texts, make_texts
from analysis.worker.subjects import CACHE
from app.bench.measurement import Measurement
from app.demo_model import find_gguf
from app.settings import get_settings

PER_LAYER, QUICK_PER_LAYER = 8, 2
POOLS = {"fit": 40, "calibration": 12, "test": 20}
"""Windows, as a sweep keeps them."""
WINDOWS, QUICK_WINDOWS = 12, 6
CONTROL_WINDOWS, QUICK_CONTROL_WINDOWS = 8, 6
CONTROL_UNITS, QUICK_CONTROL_UNITS = 20, 3
PLACES, QUICK_PLACES = 48, 16
K = 6.0
BADGES = ("predicts", "controls", "replaces")


@dataclass
class _Found:
    values: dict[str, list[float]] = field(default_factory=dict)
    standings: dict[str, Counter[str]] = field(
        default_factory=lambda: {badge: Counter() for badge in BADGES}
    )
    n_units: int = 0
    n_without: int = 0
    seconds: float = 0.0

    def add(self, name: str, value: float | None) -> None:
        if value is not None:
            self.values.setdefault(name, []).append(value)


def measure(quick: bool) -> Iterator[Measurement]:
    """Mean scores, shares of the neurons that earn each badge, and neurons per minute and core."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield from _measure(quick)
    finally:
        torch.set_num_threads(before)


def _measure(quick: bool) -> Iterator[Measurement]:
    model = _load()
    n, n_others = (QUICK_PER_LAYER, QUICK_CONTROL_UNITS) if quick else (PER_LAYER, CONTROL_UNITS)
    sampled = sample_neurons(model, quick, n + n_others)
    units = {site: chosen[:n] for site, chosen in sampled.items()}
    recorded = record(model, sampled, splits=list(POOLS), windows=POOLS)
    vocabulary = Vocabulary(model.token_texts(), TokenSpace(token_space(model.embedding())))
    texts = make_texts(
        recorded.windows,
        vocabulary,
        counted_from=COUNTED_FROM,
        most_windows=QUICK_WINDOWS if quick else WINDOWS,
        most_places=QUICK_PLACES if quick else PLACES,
        seed=0,
    )
    explained = _explain(recorded, vocabulary, units)
    readout = Readout.of(model.unembedding())
    found = _Found()
    for site, chosen in units.items():
        vectors = model.output_vectors(site, chosen)
        sides = output_sides(vectors, readout, n_tokens=TOP, scale=1.0)
        start = time.process_time()
        held_at = _held_at(texts, recorded, site, sampled[site])
        claims = _claims(texts, recorded, site, held_at, explained[site], sides)
        held = measure_units(
            model,
            texts.measured,
            site,
            claims,
            panel={unit: held_at[unit] for unit in sampled[site][n:]},
            control_windows=QUICK_CONTROL_WINDOWS if quick else CONTROL_WINDOWS,
            check=lambda: None,
        )
        found.seconds += time.process_time() - start
        for one, result in zip(explained[site], held, strict=True):
            _count(found, one, result)
    yield from _reported(found)


def _load() -> EditableModel:
    cache = get_settings().data / CACHE
    cache.mkdir(parents=True, exist_ok=True)
    model = load_model(
        str(find_gguf()),
        kind="gguf",
        dtype=torch.float32,
        device=torch.device("cpu"),
        cache=cache,
    )
    if not isinstance(model, EditableModel):
        raise TypeError(f"{type(model).__name__} cannot be edited")
    return model


def _explain(
    recorded: Recorded, vocabulary: Vocabulary, units: Mapping[str, Sequence[int]]
) -> dict[str, list[Explained]]:
    texts = prepare_texts(recorded.windows, vocabulary, counted_from=COUNTED_FROM, seed=0)
    return {
        site: explain_units(texts, recorded.of(site, slice(0, len(chosen))), {})
        for site, chosen in units.items()
    }


def _held_at(texts: Texts, recorded: Recorded, site: str, units: Sequence[int]) -> dict[int, float]:
    fit = recorded.of(site, slice(0, len(units)))["fit"][:, texts.division.fit]
    pairs = zip(texts.means(fit), _deviations(fit, texts), strict=True)
    return {
        unit: mean + K * deviation for unit, (mean, deviation) in zip(units, pairs, strict=True)
    }


def _claims(
    texts: Texts,
    recorded: Recorded,
    site: str,
    held_at: Mapping[int, float],
    explained: Sequence[Explained],
    sides: OutputSides,
) -> list[Claimed]:
    """Of the first units that are held at something: those that are explained."""
    units = list(held_at)[: len(explained)]
    activations = recorded.of(site, slice(0, len(units)))
    source, windows = texts.division.calibration
    fit = activations["fit"][:, texts.division.fit]
    calibration = activations[source][:, windows]
    means = texts.means(fit)
    found = []
    for at, unit in enumerate(units):
        program = explained[at].rules
        turns = [explained[(at + step) % len(units)].rules for step in range(1, len(units))]
        standing = None
        if program is not None:
            standing = stand_ins(
                unit,
                program,
                foil=next((one for one in turns if one is not None), None),
                mean=means[at],
                calibration=calibration[at],
                readings=texts.readings,
            )
        found.append(Claimed(unit, standing, Move(held_at[unit], _forecast(sides, at))))
    return found


def _deviations(fit: ndarray, texts: Texts) -> list[float]:
    values: list[float] = fit[:, texts.fit_pool.within].std(1, dtype=np.float64).tolist()
    return values


def _forecast(sides: OutputSides, at: int) -> Forecast:
    n = sides.tokens.shape[1] // 4
    tokens, logits = sides.tokens[at], sides.logits[at]
    up, down = tokens[:n][logits[:n] > 0], tokens[n : 2 * n][logits[n : 2 * n] < 0]
    return Forecast(tuple(up.tolist()), tuple(down.tolist()))


def _count(found: _Found, explained: Explained, held: Held) -> None:
    found.n_units += 1
    if explained.rules is None or held.stood is None:
        found.n_without += 1
    else:
        r = explained.rule_scores["test"].of("corpus_r")
        p = explained.rule_scores["test"].p
        standing = predicts((r.score.low, r.score.high), r.shuffled, p)
        found.standings["predicts"][standing] += 1
        one, two = held.stood.simulation, held.stood.replacement
        found.add("ablation_to_simulation", one.score.value)
        found.add("ablation_to_simulation_foil", one.foil)
        found.add("replacement", two.score.value)
        standing = replaces(
            (one.score.low, one.score.high), (one.difference.low, one.difference.high)
        )
        found.standings["replaces"][standing] += 1
    if held.controlled is not None:
        precision, sign = held.controlled.precision, held.controlled.sign
        found.add("control_precision", precision.score.value)
        found.add("control_precision_foil", precision.foil)
        found.add("control_sign", sign.score.value)
        found.add("control_sign_foil", sign.foil)
        standing = controls(
            (sign.score.low, sign.score.high),
            (_ends(precision.difference), _ends(sign.difference)),
            (precision.p, sign.p),
        )
        found.standings["controls"][standing] += 1


def _ends(measured: Measured) -> tuple[float | None, float | None]:
    return measured.low, measured.high


def _reported(found: _Found) -> Iterator[Measurement]:
    n = found.n_units
    for name, values in found.values.items():
        what = f"mean over the {len(values)} of {n} random neurons where it is defined"
        yield Measurement(f"evidence.{name}", float(np.mean(values)), "", what)
    for badge, counts in found.standings.items():
        what = (
            f"share of {n} random neurons; refuted {counts['refuted']}, undecided "
            f"{counts['undecided']}, untested {n - counts.total()}"
        )
        yield Measurement(f"evidence.{badge}_earned", counts["earned"] / n, "", what)
    what = "of random neurons no rules were found"
    yield Measurement("evidence.without_rules", found.n_without / n, "", what)
    rate = 60 * n / found.seconds
    what = f"all causal scores of {n} neurons, CPU time of one thread"
    yield Measurement("evidence.units_per_minute_core", rate, "1/min", what)
