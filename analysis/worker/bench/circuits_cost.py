"""What it costs to score every neuron and head at every position, in bare passes.

In one process, in turn, on the demo's model in float32: two runs forward of as many tokens and one
backward to activations alone, as transformers runs the model, with nothing recorded; and the
estimate with its doubts as a search asks for it. Medians.
"""

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import torch
from torch import nn
from transformers import PreTrainedModel

from analysis.circuits.effects import estimate
from analysis.circuits.units import Units
from analysis.models.tracing import EditableModel
from analysis.protocol.experiments import TokenText
from analysis.tasks.task import Metric, Pair, Side
from analysis.worker.bench.subjects import bare_demo, editable_demo
from app.bench.measurement import Measurement

N_PAIRS, N_POS = 16, 32
ROUNDS, QUICK_ROUNDS = 7, 2
METRIC = Metric(kind="logit_difference")


def measure(quick: bool) -> Iterator[Measurement]:
    plain, model = bare_demo(), editable_demo()
    pairs, units = _pairs(model), Units(tuple(model.sites))
    ways: dict[str, Callable[[], object]] = {
        "bare": partial(_bare, plain, pairs),
        "scored": partial(estimate, model, METRIC, pairs, units),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(QUICK_ROUNDS if quick else ROUNDS):
        for name, way in ways.items():
            started = time.perf_counter()
            way()
            if turn:  # the first warms up
                seconds[name].append(time.perf_counter() - started)
    what = f"{len(units):,} units, {N_PAIRS} pairs of {N_POS} tokens, float32, CPU"
    medians = {name: statistics.median(each) for name, each in seconds.items()}
    ratio = medians["scored"] / medians["bare"]
    yield Measurement("circuits.attribution_ratio", ratio, "1", what)
    for name, value in medians.items():
        yield Measurement(f"circuits.attribution.{name}", value, "s", what)


def _bare(plain: PreTrainedModel, pairs: Sequence[Pair]) -> None:
    """Two runs forward, one backward to what enters the first layer; logits of last tokens."""
    tokens, others = (
        torch.tensor([side.tokens for side in sides])
        for sides in ([pair.clean for pair in pairs], [pair.counterfactual for pair in pairs])
    )
    with torch.inference_mode():
        plain(input_ids=others, logits_to_keep=1)
    embedding: nn.Module = plain.get_input_embeddings()
    begin = embedding(tokens).requires_grad_()
    logits = plain(inputs_embeds=begin, logits_to_keep=1, use_cache=False).logits[:, -1]
    torch.autograd.grad((logits[:, 5] - logits[:, 6]).sum(), begin)


def _pairs(model: EditableModel) -> list[Pair]:
    """Of random tokens: what is in them takes no other time."""
    generator = torch.Generator().manual_seed(0)
    drawn = torch.randint(10, model.facts.n_vocab, (2, N_PAIRS, N_POS), generator=generator)
    right, wrong = (TokenText(id=number, text="") for number in (5, 6))
    return [
        Pair(
            clean=Side(text="", tokens=tuple(one)),
            counterfactual=Side(text="", tokens=tuple(other)),
            right=(right,),
            wrong=(wrong,),
        )
        for one, other in zip(*drawn.tolist(), strict=True)
    ]
