"""Claims about units tested by the service, on a model of which it is known what they carry."""

import asyncio

import pytest
import torch
from pydantic import ValidationError

from analysis.circuits.planted.asking import METRIC, task_pairs
from analysis.circuits.planted.kinds import KINDS
from analysis.interventions.clean import CleanRuns
from analysis.interventions.surroundings import Surroundings
from analysis.live.scrubbing import scrub_claims
from analysis.models import load_plain
from analysis.protocol.edits import UnitRef
from analysis.tasks.scrubbing import Claim, ScrubRequest
from app.errors import BadRequestError
from app.inference.client import InferenceClient
from app.inference.connection import Connection
from tests.inference.serving import SECRET, spec_of

MISSING = UnitRef(site="mlp.0", index=10**6)


@pytest.fixture(scope="module")
def chain(tmp_path_factory):
    """Three neurons in a row, of which the first reads the last token; their folder and pairs."""
    folder = tmp_path_factory.mktemp("planted") / "chain"
    planted = KINDS["chain"](folder, 0)
    pairs = [
        pair.model_copy(update={"words": (f"word {number % 2}",), "template": "one"})
        for number, pair in enumerate(task_pairs(planted))
    ]
    return planted, spec_of(folder), tuple(pairs)


@pytest.fixture(scope="module")
def model(chain):
    return load_plain(chain[0].folder, dtype=torch.float32, device=torch.device("cpu"))


@pytest.fixture
def around():
    traces = CleanRuns(1 << 26)
    return Surroundings(
        check=lambda: None, array=lambda _: None, traces=traces, code_version="tests"
    )


def ask(running, *requests):
    async def told():
        client = InferenceClient(Connection(running.url, SECRET, seconds=60))
        try:
            return [await client.scrub(request) for request in requests]
        finally:
            await client.close()

    return asyncio.run(told())


def causal(planted):
    return tuple(UnitRef(site=node.site, index=node.index) for node in sorted(planted.causal))


def last_of(chain):
    return f"token {len(chain[2][0].clean.tokens) - 1}"


def request_of(chain, feature, units=None, **more):
    planted, spec, pairs = chain
    claim = Claim(units=units or causal(planted)[:1], feature=feature)
    asked = {"pairs": pairs, "kept": causal(planted), "claims": (claim,)} | more
    return ScrubRequest(model=spec, metric=METRIC, **asked)


def test_a_true_claim_explains_what_the_units_matter_and_a_wrong_one_does_not(running, chain):
    true, wrong = ask(running, request_of(chain, last_of(chain)), request_of(chain, "word 0"))
    assert true.explained.value == pytest.approx(1, abs=0.02)
    assert true.recovered.value == pytest.approx(true.everything.value, abs=0.02)
    assert "it carries that, and hardly anything else" in true.verdict
    assert wrong.explained.value < 0.6
    assert wrong.recovered.value < wrong.everything.value - 0.2
    assert "hardly anything else" not in wrong.verdict


def test_what_a_claim_is_held_against_is_the_same_for_another_claim(running, chain):
    one, other = ask(running, request_of(chain, last_of(chain)), request_of(chain, "word 0"))
    for name in ("everything", "nothing", "whole", "resampled"):
        assert getattr(one, name) == getattr(other, name), name
    assert one.random is not None
    assert (one.n_claimed, one.n_kept, one.n_prompts, one.n_alone) == (1, 3, len(chain[2]), 0)


def test_units_may_be_claimed_to_carry_different_things(running, chain):
    first, second, third = causal(chain[0])
    claims = (
        Claim(units=(first, third), feature="side"),
        Claim(units=(second,), feature=last_of(chain)),
    )
    (answer,) = ask(running, request_of(chain, "side", claims=claims))
    assert (answer.n_claimed, answer.random) == (3, None)
    assert answer.recovered.value == pytest.approx(1, abs=0.05)


def test_a_feature_that_all_prompts_share_tests_nothing(running, chain):
    (answer,) = ask(running, request_of(chain, "template"))
    assert answer.verdict.startswith("Nothing was tested: what is claimed is the same")
    assert answer.explained is None


def test_with_the_others_carrying_nothing_one_of_a_row_does_not_matter(running, chain):
    (answer,) = ask(running, request_of(chain, last_of(chain), others="nothing"))
    assert "this unit does not matter here" in answer.verdict
    assert (answer.explained, abs(answer.matter.value) < 0.02) == (None, True)


def test_a_second_claim_finds_the_pairs_traced_and_what_both_are_held_against(
    chain, model, around, monkeypatch
):
    runs = []
    blend, trace = model.blend, model.trace
    monkeypatch.setattr(model, "blend", lambda *a, **k: runs.append("blend") or blend(*a, **k))
    monkeypatch.setattr(model, "trace", lambda *a, **k: runs.append("trace") or trace(*a, **k))
    first = scrub_claims(model, request_of(chain, "side"), around)
    assert (runs.count("trace"), runs.count("blend")) == (2, 5 * 4)
    runs.clear()
    second = scrub_claims(model, request_of(chain, "word 0"), around)
    assert runs == ["blend"] * 2 * 4
    assert (first.ran.clean_reused, second.ran.clean_reused) == (False, True)


def test_another_seed_draws_other_donors_and_the_same_one_the_same(chain, model, around):
    told = [
        scrub_claims(model, request_of(chain, "word 0", seed=seed), around).nothing
        for seed in (1, 2, 1)
    ]
    assert told[0] == told[2] != told[1]


def test_an_outdated_claim_ends_at_the_next_layer(chain, model, around):
    class Left(Exception):  # noqa: N818 - as a ticket's end is
        pass

    def check():
        raise Left

    leaving = Surroundings(
        check=check, array=around.array, traces=around.traces, code_version="tests"
    )
    with pytest.raises(Left):
        scrub_claims(model, request_of(chain, "side"), leaving)


@pytest.mark.parametrize(
    ("feature", "changes", "told"),
    [
        ("side", {"units": (MISSING,)}, "no unit mlp.0/1000000"),
        ("side", {"kept": (MISSING,)}, "no unit mlp.0/1000000"),
        ("side", {"kept": ()}, "not among the units of the circuit"),
        ("word 7", {}, "No prompt has a word 7"),
        ("token 4000", {}, "No prompt has a token 4000"),
    ],
)
def test_what_model_circuit_or_prompts_do_not_have_is_refused(
    running, chain, feature, changes, told
):
    with pytest.raises(BadRequestError, match=told):
        ask(running, request_of(chain, feature, **changes))


def test_one_prompt_alone_has_no_other_to_take_values_from(running, chain):
    with pytest.raises(BadRequestError, match="other prompts of the same length"):
        ask(running, request_of(chain, "side", pairs=chain[2][:1]))


def test_tokens_that_the_model_does_not_have_are_refused(running, chain):
    pair = chain[2][0]
    wrong = pair.model_copy(update={"right": (pair.right[0].model_copy(update={"id": 10**6}),)})
    with pytest.raises(BadRequestError, match="no token 1000000"):
        ask(running, request_of(chain, "side", pairs=(wrong, *chain[2][1:])))


def test_a_unit_in_two_claims_is_no_request(chain):
    units = causal(chain[0])
    claims = (Claim(units=units[:2], feature="side"), Claim(units=units[1:], feature="answer"))
    with pytest.raises(ValidationError, match="is named by claims 1 and 2"):
        request_of(chain, "side", claims=claims)


def test_a_unit_named_twice_by_one_claim_is_one_unit(running, chain):
    unit = causal(chain[0])[0]
    (answer,) = ask(running, request_of(chain, "side", units=(unit, unit)))
    assert answer.n_claimed == 1


def test_a_claim_is_of_some_unit():
    with pytest.raises(ValidationError):
        Claim(units=(), feature="side")
