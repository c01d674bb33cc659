"""The web side's client: refusals as errors of ours, arrays sent when they are missed, leaving."""

import asyncio
import socket
from contextlib import aclosing

import numpy as np
import pytest

from analysis.inference.operations import Operation
from analysis.protocol.activations import (
    ActivationsRequest,
    StrongestRequest,
    TokenizeRequest,
)
from analysis.protocol.arrays import digest_of
from analysis.protocol.experiments import GeneratedToken, GenerationRequest
from app.errors import (
    BadRequestError,
    ConflictError,
    InferenceError,
    PatchclampError,
    TooManyError,
)
from app.inference.client import InferenceClient
from app.inference.connection import Connection
from app.inference.opening import address, open_client
from app.settings import Settings
from tests.inference import program
from tests.inference.serving import SECRET, options_of, served, wait_until

N_UNITS = 2 * (20 + 2)


def told_to(url, ask, secret=SECRET):
    """What `ask(client)` comes to."""

    async def told():
        client = InferenceClient(Connection(url, secret, seconds=30))
        try:
            return await ask(client)
        finally:
            await client.close()

    return asyncio.run(told())


def nowhere() -> str:
    """An address where nothing listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


def text(spec, words="a b"):
    return TokenizeRequest(model=spec, prompts=({"text": words},))


def test_a_question_is_answered_with_a_message(running, spec):
    answer = told_to(running.url, lambda client: client.tokenize(text(spec)))
    assert [token.text for token in answer.prompts[0]] == ["BOS", " a", " b"]


def test_units_are_answered_with_one_number_per_token(running, spec):
    units = ({"site": "mlp.0", "index": 3}, {"site": "attn.1", "index": 1})
    request = ActivationsRequest(model=spec, prompts=({"text": "a b"}, {"text": "c"}), units=units)
    answer = told_to(running.url, lambda client: client.activations(request))
    assert [len(prompt.values[0]) for prompt in answer.prompts] == [3, 2]
    assert len(answer.prompts[0].values) == 2


def test_what_cannot_be_read_is_a_bad_request(running, spec):
    with pytest.raises(BadRequestError, match="vocabulary"):
        told_to(running.url, lambda client: client.tokenize(text(spec, "zebra")))


def test_a_changed_model_is_a_conflict(running, spec):
    changed = spec.model_copy(update={"weights_sha256": "0" * 64})
    with pytest.raises(ConflictError, match="have changed"):
        told_to(running.url, lambda client: client.tokenize(text(changed)))


def test_a_wrong_secret_is_told_without_naming_it(running, spec):
    with pytest.raises(InferenceError) as told:
        told_to(running.url, lambda client: client.tokenize(text(spec)), secret=f"not {SECRET}")
    assert "secret is wrong" in told.value.detail
    assert SECRET not in f"{told.value.detail} {told.value.hint}"


@pytest.mark.parametrize("secret", [SECRET, None])
def test_a_service_that_is_down_is_told_with_what_to_do(spec, secret):
    with pytest.raises(InferenceError) as told:
        told_to(nowhere(), lambda client: client.tokenize(text(spec)), secret=secret)
    assert told.value.status == 503
    assert "pages made of rows go on working" in told.value.detail
    assert "patchclamp up" in told.value.hint
    assert told_to(nowhere(), InferenceClient.state, secret=secret).status == "down"


def test_a_full_queue_is_too_many_with_a_time_to_come_again(spec, tmp_path):
    with served(options_of(tmp_path, queue=0), [generation()]) as running:

        async def ask(client):
            async with aclosing(client.generate(request(spec))) as messages:
                await anext(messages)
                await anext(client.generate(request(spec)))

        with pytest.raises(TooManyError) as told:
            told_to(running.url, ask)
    assert told.value.retry_after >= 1


def test_an_array_that_is_missed_is_sent_once_and_then_known(running, spec):
    scales = np.stack([np.zeros(N_UNITS), np.ones(N_UNITS)], axis=1).astype(np.float32)
    asked = []

    async def supply(digest):
        asked.append(digest)
        return scales

    request = StrongestRequest(model=spec, prompt={"text": "a"}, scales=digest_of(scales))

    async def twice(client):
        return [await client.strongest(request, supply) for _ in range(2)]

    first, second = told_to(running.url, twice)
    assert asked == [digest_of(scales)]
    assert first.units == second.units != ()


def test_a_stream_that_misses_an_array_begins_anew_when_it_is_sent(spec, tmp_path):
    statistics = np.ones((N_UNITS, 2), np.float32)

    def generate(model, request, around):
        around.array(request.statistics)
        yield from program.generate(model, request, around)

    async def supply(digest):
        assert digest == digest_of(statistics)
        return statistics

    named = request(spec).model_copy(update={"statistics": digest_of(statistics), "n_tokens": 3})
    operation = Operation("generation", GenerationRequest, stream=generate)
    with served(options_of(tmp_path), [operation]) as running:

        async def ask(client):
            return [message async for message in client.generate(named, supply)]

        assert len(told_to(running.url, ask)) == 4


def test_an_array_that_nobody_supplies_is_told(running, spec):
    request = StrongestRequest(model=spec, prompt={"text": "a"}, scales="0" * 64)
    with pytest.raises(InferenceError, match="array"):
        told_to(running.url, lambda client: client.strongest(request))


def test_an_array_under_the_wrong_digest_is_refused(running):
    with pytest.raises(BadRequestError, match="not the one"):
        told_to(running.url, lambda client: client._connection.send("0" * 64, np.zeros((2, 2))))


def test_cancelling_whoever_waits_stops_the_computation(working, bench, spec):
    class Ask:
        def model_dump_json(self):
            return f'{{"model":{spec.model_dump_json()},"number":1,"seconds":60}}'

    async def cancelled(client):
        task = asyncio.create_task(client._connection._post("work", Ask().model_dump_json()))
        await asyncio.to_thread(wait_until, lambda: bench.begun)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(bench.ended.wait, 5)

    told_to(working.url, cancelled)


def test_closing_a_stream_stops_it_at_the_service(spec, tmp_path):
    with served(options_of(tmp_path), [generation()]) as running:

        async def ask(client):
            async with aclosing(client.generate(request(spec))) as messages:
                return await anext(messages)

        assert isinstance(told_to(running.url, ask), GeneratedToken)
        wait_until(lambda: running.service.describe().models[0].busy == 0)


def test_what_is_no_message_of_ours_is_told_as_such(working):
    with pytest.raises(InferenceError, match="does not understand"):
        told_to(working.url, lambda client: client._connection.get("/metrics", StrongestRequest))


def test_a_fault_of_the_service_is_told_as_one(working, bench, spec):
    def fail():
        raise RuntimeError("inside")

    bench.fail = fail

    async def ask(client):
        return await client._connection.ask("work", _Work(spec), TokenizeRequest)

    with pytest.raises(PatchclampError) as told:
        told_to(working.url, ask)
    assert told.value.status == 500
    assert "inside" not in told.value.detail


class _Work:
    def __init__(self, spec):
        self._spec = spec

    def model_dump_json(self):
        return f'{{"model":{self._spec.model_dump_json()}}}'


def test_a_client_asks_where_the_settings_say_and_not_through_a_proxy(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", nowhere())
    client = open_client(
        Settings(inference_host="0.0.0.0", inference_port=4321, inference_secret="known")  # noqa: S104
    )
    assert str(client._connection._http.base_url) == "http://127.0.0.1:4321"
    assert address("::1", 8766) == "http://[::1]:8766"
    assert client._connection._http._mounts == {}


def generation() -> Operation:
    return Operation("generation", GenerationRequest, stream=program.generate)


def request(spec) -> GenerationRequest:
    return GenerationRequest(model=spec, prompt={"text": "a"}, n_tokens=1000)
