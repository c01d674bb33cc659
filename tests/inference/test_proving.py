"""Circuits held to account by the service, as a search does it, on models of known circuits."""

import asyncio

import pytest
import torch
from pydantic import ValidationError

from analysis.circuits.judging import judge_of
from analysis.circuits.keeping import batches, stand_ins
from analysis.circuits.planted.asking import METRIC, task_pairs
from analysis.circuits.planted.kinds import KINDS
from analysis.circuits.ratios import mean_of
from analysis.circuits.units import Units
from analysis.errors import EditError
from analysis.interventions.clean import CleanRuns
from analysis.interventions.surroundings import Surroundings
from analysis.live import checking
from analysis.live.pair_memory import bytes_of
from analysis.live.proving import prove
from analysis.models import load_plain
from analysis.protocol.edits import UnitRef
from analysis.protocol.experiments import TokenText
from analysis.tasks.proving import ProveRequest
from app.errors import BadRequestError
from app.inference.client import InferenceClient
from app.inference.connection import Connection
from tests.inference.serving import SECRET, spec_of


@pytest.fixture(scope="module")
def chain(tmp_path_factory):
    """Three neurons in a row, their folder and the pairs that they solve."""
    folder = tmp_path_factory.mktemp("planted") / "chain"
    planted = KINDS["chain"](folder, 0)
    return planted, spec_of(folder), tuple(task_pairs(planted))


@pytest.fixture(scope="module")
def model(chain):
    return load_plain(chain[0].folder, dtype=torch.float32, device=torch.device("cpu"))


def ask(running, *requests):
    async def told():
        client = InferenceClient(Connection(running.url, SECRET, seconds=60))
        try:
            return [await client.prove(request) for request in requests]
        finally:
            await client.close()

    return asyncio.run(told())


def causal(planted):
    return tuple(UnitRef(site=node.site, index=node.index) for node in sorted(planted.causal))


def request_of(chain, units, ablation="resample", **more):
    _, spec, pairs = chain
    asked = {"pairs": pairs} | more
    return ProveRequest(model=spec, metric=METRIC, ablation=ablation, units=units, **asked)


@pytest.mark.parametrize("ablation", ["resample", "mean", "zero"])
def test_the_numbers_are_those_of_a_search(running, chain, model, ablation):
    units = causal(chain[0])
    row = Units(tuple(model.sites))
    others = stand_ins(model, METRIC, chain[2], ablation)
    judge = judge_of(batches(model, METRIC, chain[2], others), row)
    numbers = [row.number(unit) for unit in units]
    (answer,) = ask(running, request_of(chain, units, ablation, seed=3))
    for found, expected in (
        (answer.faithfulness, judge.of_kept(numbers)),
        (answer.completeness, judge.of_rest(numbers)),
        (answer.random, judge.of_twins(len(numbers), 3)),
        (answer.whole, mean_of(judge.whole)),
        (answer.empty, mean_of(judge.empty)),
    ):
        ends = expected.model_dump()
        assert found.model_dump() == pytest.approx(ends, rel=1e-3, abs=1e-4)  # threads add up anew
    assert (answer.n_units, answer.n_prompts) == (len(units), len(chain[2]))


def test_what_was_planted_is_faithful_and_complete_and_nothing_is_kept_of_nothing(running, chain):
    whole, nothing = ask(running, request_of(chain, causal(chain[0])), request_of(chain, ()))
    assert whole.faithfulness.value == pytest.approx(1, abs=1e-3)
    assert whole.completeness.value == pytest.approx(0, abs=1e-3)
    assert (nothing.faithfulness.value, nothing.completeness.value) == (0, 1)


def test_means_are_over_the_pairs_that_are_named_for_it(running, chain, model):
    units, some = causal(chain[0]), chain[2][:2]
    row = Units(tuple(model.sites))
    others = stand_ins(model, METRIC, chain[2], "mean")
    judge = judge_of(batches(model, METRIC, some, others), row)
    numbers = [row.number(unit) for unit in units]
    own, named = ask(
        running,
        request_of(chain, units, "mean", pairs=some),
        request_of(chain, units, "mean", pairs=some, averaged=chain[2]),
    )
    assert named.faithfulness == judge.of_kept(numbers)
    assert own.empty != named.empty


def test_pairs_that_are_averaged_take_memory_too(chain, model, monkeypatch):
    units, some = causal(chain[0]), chain[2][:1]
    traces = CleanRuns(1 << 26)
    around = Surroundings(
        check=lambda: None, array=lambda _: None, traces=traces, code_version="tests"
    )
    monkeypatch.setattr(checking, "MOST_BYTES", bytes_of(model.facts, some, some, 4))
    asked = request_of(chain, units, "mean", pairs=some, averaged=chain[2])
    with pytest.raises(EditError, match="of memory while they are asked about"):
        prove(model, asked, around)
    assert prove(model, asked.model_copy(update={"averaged": ()}), around).n_prompts == 1


def test_a_second_choice_of_units_finds_the_pairs_traced(running, chain):
    units = causal(chain[0])
    part = {"parts": ("faithfulness",), "pairs": chain[2][1:]}
    first, second, other = ask(
        running,
        request_of(chain, units, **part),
        request_of(chain, units[:1], **part),
        request_of(chain, units, "zero", **part),
    )
    reused = [answer.ran.clean_reused for answer in (first, second, other)]
    assert reused == [False, True, False]
    assert first.faithfulness != second.faithfulness
    assert first.completeness is None
    assert first.random is None


def test_an_outdated_choice_ends_at_the_next_layer(chain, model):
    class Left(Exception):  # noqa: N818 - as a ticket's end is
        pass

    checks = []

    def check():
        checks.append(1)
        if len(checks) > most:
            raise Left

    most = 10**9
    traces = CleanRuns(1 << 26)
    around = Surroundings(check=check, array=lambda _: None, traces=traces, code_version="tests")
    prove(model, request_of(chain, causal(chain[0])), around)
    checks.clear()
    most = 1
    with pytest.raises(Left):
        prove(model, request_of(chain, ()), around)
    assert len(checks) == 2
    most = 10**9
    assert prove(model, request_of(chain, ()), around).ran.clean_reused


def test_a_further_choice_costs_one_run_per_batch(chain, model, monkeypatch):
    around = Surroundings(
        check=lambda: None, array=lambda _: None, traces=CleanRuns(1 << 26), code_version="tests"
    )
    prove(model, request_of(chain, causal(chain[0])), around)
    runs = []
    blend, trace = model.blend, model.trace
    monkeypatch.setattr(model, "blend", lambda *a, **k: runs.append("blend") or blend(*a, **k))
    monkeypatch.setattr(model, "trace", lambda *a, **k: runs.append("trace") or trace(*a, **k))
    prove(model, request_of(chain, causal(chain[0])[:1], parts=("faithfulness",)), around)
    assert runs == ["blend"]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"units": (UnitRef(site="mlp.0", index=10**6),)}, "no unit mlp.0/1000000"),
        ({"units": (UnitRef(site="attn.99", index=0),)}, "no unit attn.99/0"),
    ],
)
def test_units_that_the_model_does_not_have_are_refused(running, chain, changes, told):
    with pytest.raises(BadRequestError, match=told):
        ask(running, request_of(chain, **changes))


def test_tokens_that_the_model_does_not_have_are_refused(running, chain):
    pair = chain[2][0]
    answers = (pair.right[0].model_copy(update={"id": 10**6}),)
    wrong = pair.model_copy(update={"right": answers})
    with pytest.raises(BadRequestError, match="no token 1000000"):
        ask(running, request_of(chain, (), pairs=(wrong,)))
    side = pair.clean.model_copy(update={"tokens": (10**6, *pair.clean.tokens[1:])})
    with pytest.raises(BadRequestError, match="1000000"):
        ask(running, request_of(chain, (), pairs=(pair.model_copy(update={"clean": side}),)))


def test_a_metric_that_ablation_leaves_alone_is_said_to_be_so(running, chain):
    pair = chain[2][0]
    untouched = tuple(TokenText(id=number, text=str(number)) for number in (3, 4))
    same = pair.model_copy(update={"right": untouched[:1], "wrong": untouched[1:]})
    with pytest.raises(BadRequestError, match="leaves the metric as it is"):
        ask(running, request_of(chain, (), pairs=(same,)))


def test_pairs_without_what_the_metric_needs_are_no_request(chain):
    pair = chain[2][0].model_copy(update={"wrong": ()})
    with pytest.raises(ValidationError, match="names no wrong answer"):
        request_of(chain, (), pairs=(pair,))
