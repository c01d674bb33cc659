"""Experiments, continuations and sweeps through the service are those of the analysis itself."""

import asyncio
from contextlib import aclosing

import pytest
import torch

from analysis.interventions.clean import CleanRuns
from analysis.interventions.experiment import run_experiment
from analysis.interventions.surroundings import Surroundings
from analysis.models import load_model
from analysis.protocol.edits import Edit
from analysis.protocol.experiments import ExperimentRequest, GenerationEnd, GenerationRequest
from analysis.protocol.model import ModelSpec
from analysis.protocol.sweeps import EditSweepAnswer, EditSweepRequest
from app.errors import BadRequestError
from app.inference.client import InferenceClient
from app.inference.connection import Connection
from tests.analysis.models.tiny import make_tiny
from tests.inference.serving import SECRET, gathered

PROMPT = {"tokens": (4, 8, 5, 7, 3, 6)}


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    folder = make_tiny("llama", tmp_path_factory.mktemp("llama") / "llama")
    return folder, load_model(
        str(folder), dtype=torch.float32, device=torch.device("cpu"), cache=folder
    )


@pytest.fixture(scope="module")
def llama(loaded):
    folder, model = loaded
    return ModelSpec(
        name="llama",
        source=str(folder),
        kind="folder",
        weights_sha256=model.facts.weights_sha256,
        tokenizer_sha256=model.facts.tokenizer_sha256,
    )


def told_to(running, ask):
    async def told():
        client = InferenceClient(Connection(running.url, SECRET, seconds=60))
        try:
            return await ask(client)
        finally:
            await client.close()

    return asyncio.run(told())


def zero(llama, index, **more):
    edit = Edit(site="mlp.0", index=index, operation="zero")
    return ExperimentRequest(model=llama, prompt=PROMPT, edits=(edit,), **more)


def without_times(answer):
    return answer.model_copy(update={"ran": None})


def test_ten_experiments_at_once_are_each_the_one_that_was_asked_for(running, llama, loaded):
    answers = told_to(
        running, lambda client: gathered(10, lambda n: client.run_experiment(zero(llama, n)))
    )
    around = Surroundings(
        check=lambda: None, array=lambda _: None, traces=CleanRuns(1 << 26), code_version="tests"
    )
    for number, answer in enumerate(answers):
        expected = run_experiment(loaded[1], zero(llama, number), around)
        assert without_times(answer) == without_times(expected)
    assert len({answer.kl_mean for answer in answers}) == 10


def test_a_second_edit_of_a_prompt_finds_the_clean_run(running, llama):
    request = zero(llama, 11, seed=5)
    first = told_to(running, lambda client: client.run_experiment(request))
    again = told_to(running, lambda client: client.run_experiment(request))
    assert again.ran.clean_reused
    assert without_times(first) == without_times(again)
    assert again.ran.model_ms > 0


def test_continuations_are_streamed_to_their_end(running, llama):
    request = GenerationRequest(
        model=llama,
        prompt=PROMPT,
        edits=(Edit(site="mlp.1", index=3, operation="set", value=4.0),),
        n_tokens=5,
    )

    async def ask(client):
        async with aclosing(client.generate(request)) as messages:
            return [message async for message in messages]

    *tokens, end = told_to(running, ask)
    assert isinstance(end, GenerationEnd)
    assert set(end.reasons) == {"clean", "edited"}
    assert {token.which for token in tokens} <= {"clean", "edited"}
    assert end.ran.model_ms > 0


def test_a_sweep_tells_how_far_it_is_and_then_its_rows(running, llama):
    request = EditSweepRequest(model=llama, prompt=PROMPT, sites=("mlp.0",))

    async def ask(client):
        async with aclosing(client.sweep_edits(request)) as messages:
            return [message async for message in messages]

    *progress, answer = told_to(running, ask)
    assert isinstance(answer, EditSweepAnswer)
    assert len(answer.rows) == 40
    assert [message.done for message in progress][-1] == progress[-1].total == 40


@pytest.mark.parametrize(
    ("edits", "said"),
    [
        ((Edit(site="mlp.7", index=0, operation="zero"),), "no site"),
        ((Edit(site="mlp.0", index=40, operation="zero"),), "40"),
    ],
)
def test_edits_that_do_not_fit_are_bad_requests_in_streams_too(running, llama, edits, said):
    experiment = ExperimentRequest(model=llama, prompt=PROMPT, edits=edits)
    generation = GenerationRequest(model=llama, prompt=PROMPT, edits=edits)
    with pytest.raises(BadRequestError, match=said):
        told_to(running, lambda client: client.run_experiment(experiment))
    with pytest.raises(BadRequestError, match=said):
        told_to(running, lambda client: anext(client.generate(generation)))
