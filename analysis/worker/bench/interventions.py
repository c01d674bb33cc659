"""`patchclamp bench interventions`: what edits cost, in bare forward passes.

In one process, in turn, on the demo's model in float32: a bare forward pass of the model as
transformers loads it (tokens to logits of all positions), an unedited and an edited run together,
an edited run where the unedited one is there already, and whole experiments as the playground asks
for them. Then every neuron of a middle layer, ablated one by one: one forward pass of transformers
with a plain hook per neuron, against a sweep of edits, estimates included. Medians; the prompt is
64 tokens, of the sweep 32.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor, nn

from analysis.interventions.clean import CleanRuns
from analysis.interventions.edit_sweep import sweep_edits
from analysis.interventions.experiment import run_experiment
from analysis.interventions.surroundings import Surroundings
from analysis.models.changes import Change
from analysis.models.tracing import EditableModel, Trace
from analysis.protocol.edits import Edit
from analysis.protocol.experiments import ExperimentRequest
from analysis.protocol.model import ModelSpec
from analysis.protocol.prompts import Prompt
from analysis.protocol.sweeps import EditSweepAnswer, EditSweepRequest
from analysis.worker.bench.subjects import bare_demo, editable_demo
from app.bench.measurement import Measurement
from app.demo_model import find_gguf

N_POS, N_SWEPT = 64, 32
ROUNDS, QUICK_ROUNDS = 6, 1
QUICK_STEP = 6
"""One of so many layers."""
HOOKED, QUICK_HOOKED = 192, 24
"""Neurons that are ablated by plain hooks; the sweep does all of the layer's, or as many."""
BUDGET = 2**30


def measure(quick: bool) -> Iterator[Measurement]:
    """Of the demo's model, on the CPU."""
    model, plain = editable_demo(), bare_demo()
    spec = ModelSpec(
        name="demo",
        source=str(find_gguf()),
        kind="gguf",
        weights_sha256=model.facts.weights_sha256,
        tokenizer_sha256=model.facts.tokenizer_sha256,
    )
    layers = range(0, model.facts.n_layers, QUICK_STEP if quick else 1)
    yield from _single(model, plain, spec, layers, QUICK_ROUNDS if quick else ROUNDS)
    yield from _layer(model, plain, spec, QUICK_HOOKED if quick else HOOKED)


def _single(
    model: EditableModel, plain: nn.Module, spec: ModelSpec, layers: range, rounds: int
) -> Iterator[Measurement]:
    tokens = _tokens(model, N_POS)
    traced = model.trace(tokens)
    units = count(17, 89)
    taken: dict[str, list[float]] = {name: [] for name in ("bare", "edited", "pair", "asked")}
    around = _surroundings()
    _bare(plain, tokens)
    for _ in range(rounds):
        for layer in layers:
            unit = next(units) % model.facts.d_mlp
            change = _ablated(layer, [unit], N_POS)
            request = ExperimentRequest(
                model=spec,
                prompt=Prompt(tokens=tuple(tokens[0].tolist())),
                edits=(Edit(site=f"mlp.{layer}", index=unit, operation="zero"),),
            )
            asked: dict[str, Callable[[], object]] = {
                "bare": partial(_bare, plain, tokens),
                "edited": partial(_edited, model, traced, change),
                "pair": partial(_pair, model, tokens, change),
                "asked": partial(run_experiment, model, request, around),
            }
            for name, run in asked.items():
                taken[name].append(_seconds(run))
    bare = statistics.median(taken["bare"])
    over = f"a bare forward pass; {N_POS} tokens, {rounds} neurons of each of {len(layers)} layers"
    # of edited runs the mean over layers: how long one takes depends on its layer
    for name, key, what in (
        ("ablate_ratio", "edited", "one neuron ablated, clean run already seen"),
        ("pair_ratio", "pair", "clean and edited run together, the first time"),
        ("experiment_ratio", "asked", "whole experiment with control, lens, downstream units"),
    ):
        ratio = _mean_of_medians(taken[key], len(layers)) / bare
        yield Measurement(f"interventions.{name}", ratio, "1", f"{what} ÷ {over}")
    yield Measurement("interventions.bare_ms", 1e3 * bare, "ms", "a bare forward pass")


def _layer(
    model: EditableModel, plain: nn.Module, spec: ModelSpec, n_hooked: int
) -> Iterator[Measurement]:
    """The two in turn, so that both see the same machine."""
    tokens, layer = _tokens(model, N_SWEPT), model.facts.n_layers // 2
    site = f"mlp.{layer}"
    request = EditSweepRequest(
        model=spec,
        prompt=Prompt(tokens=tuple(tokens[0].tolist())),
        sites=(site,),
        exact=None if n_hooked == HOOKED else n_hooked,
    )
    hooked: list[float] = []
    swept = 0.0
    answer: EditSweepAnswer | None = None
    before = time.perf_counter()
    for message in sweep_edits(model, request, _surroundings()):
        swept += time.perf_counter() - before
        if isinstance(message, EditSweepAnswer):
            answer = message
        elif len(hooked) < n_hooked:
            hooked += [
                _seconds(partial(_hooked, plain, tokens, layer, unit))
                for unit in range(len(hooked), min(len(hooked) + 4, n_hooked))
            ]
        before = time.perf_counter()
    if answer is None:
        raise RuntimeError("the sweep ended without an answer")
    n_swept = sum(row.effect is not None for row in answer.rows)
    each = statistics.median(hooked)
    yield Measurement(
        "interventions.layer_speedup",
        each * n_swept / swept,
        "1",
        f"{n_swept} neurons of {site} by one hooked forward pass each ÷ by a sweep of edits; "
        f"{N_SWEPT} tokens",
    )
    yield Measurement(
        "interventions.sweep_ms", 1e3 * swept / n_swept, "ms", "per neuron, all included"
    )
    yield Measurement(
        "interventions.atp_r", answer.r or 0.0, "1", f"r of AtP and effect over {n_swept} neurons"
    )


def _bare(plain: nn.Module, tokens: Int[Tensor, "batch pos"]) -> Tensor:
    with torch.inference_mode():
        logits: Tensor = plain(tokens, use_cache=False).logits
    return logits


def _edited(model: EditableModel, trace: Trace, changes: dict[str, Change]) -> Tensor:
    return model.logits(model.resume(trace, changes).last)


def _pair(
    model: EditableModel, tokens: Int[Tensor, "batch pos"], changes: dict[str, Change]
) -> tuple[Tensor, Tensor]:
    trace = model.trace(tokens)
    return model.logits(trace.last), model.logits(model.resume(trace, changes).last)


def _hooked(plain: nn.Module, tokens: Int[Tensor, "batch pos"], layer: int, unit: int) -> Tensor:
    """A whole forward pass with a hook of torch's own, as anybody would write it."""

    def ablate(_module: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        values = inputs[0].clone()
        values[..., unit] = 0.0
        return (values, *inputs[1:])

    projection = plain.get_submodule(f"model.layers.{layer}.mlp.down_proj")
    handle = projection.register_forward_pre_hook(ablate)
    try:
        return _bare(plain, tokens)
    finally:
        handle.remove()


def _ablated(layer: int, units: list[int], n_pos: int) -> dict[str, Change]:
    n = len(units) * n_pos
    return {
        f"mlp.{layer}": Change(
            rows=torch.arange(len(units)).repeat_interleave(n_pos),
            positions=torch.arange(n_pos).repeat(len(units)),
            units=torch.tensor(units).repeat_interleave(n_pos),
            keep=torch.zeros(n),
            give=torch.zeros(n, 1),
        )
    }


def _mean_of_medians(taken: list[float], n_layers: int) -> float:
    """Over layers, each the median of its rounds."""
    return statistics.mean(statistics.median(taken[layer::n_layers]) for layer in range(n_layers))


def _tokens(model: EditableModel, n: int) -> Int[Tensor, "1 pos"]:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(100, model.facts.n_vocab, (1, n), generator=generator)


def _surroundings() -> Surroundings:
    return Surroundings(
        check=lambda: None, array=_no_array, traces=CleanRuns(BUDGET), code_version="bench"
    )


def _no_array(digest: str) -> np.ndarray:
    raise LookupError(digest)


def _seconds(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start
