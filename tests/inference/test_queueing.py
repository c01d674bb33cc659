"""Many at once: each gets its own answer or a clean refusal, in order of arrival."""

import asyncio
import threading
from itertools import pairwise

import httpx

from tests.inference.operating import Bench
from tests.inference.serving import HEADERS, Running, gathered, options_of, served, wait_until


def asked(spec, **work):
    return {"model": spec.model_dump()} | work


def in_background(ask):
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    return thread


async def posted_at_once(running: Running, operation: str, bodies: list) -> list[httpx.Response]:
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(
        base_url=running.url, headers=HEADERS, timeout=60, limits=limits, trust_env=False
    ) as client:
        return await gathered(
            len(bodies), lambda n: client.post(f"/v1/{operation}", json=bodies[n])
        )


def test_ten_clients_at_once_get_their_own_results(working, spec):
    alone = [working.post("work", asked(spec, number=n)).json() for n in range(10)]
    bodies = [asked(spec, number=n) for n in range(10)] * 3
    answers = asyncio.run(posted_at_once(working, "work", bodies))
    assert [answer.json() for answer in answers] == alone * 3
    assert len({answer["name"] for answer in alone}) == 8


def test_requests_are_computed_in_order_of_arrival(working: Running, bench: Bench, spec):
    working.post("work", asked(spec))
    bench.gate.clear()
    threads = []
    for number in range(1, 8):
        body = asked(spec, number=number)
        threads.append(in_background(lambda body=body: working.post("work", body)))
        expected = number - 1
        wait_until(lambda: len(bench.begun) == 2)  # the first is held up, the others wait
        wait_until(lambda expected=expected: working.service.describe().waiting == expected)
    bench.gate.set()
    for thread in threads:
        thread.join()
    assert bench.begun == [0, 1, 2, 3, 4, 5, 6, 7]


def test_beyond_the_queue_one_more_is_told_to_come_again_and_later_is_taken(bench, spec, tmp_path):
    with served(options_of(tmp_path, queue=2), bench.operations()) as working:
        working.post("work", asked(spec))
        bench.gate.clear()
        threads = [
            in_background(lambda n=n: working.post("work", asked(spec, number=n))) for n in range(3)
        ]
        wait_until(lambda: working.service.describe().waiting == 2)
        told = working.post("work", asked(spec))
        assert (told.status_code, told.json()["reason"]) == (429, "busy")
        bench.gate.set()
        for thread in threads:
            thread.join()
        assert working.post("work", asked(spec)).status_code == 200


def test_what_takes_minutes_leaves_places_for_what_takes_none(bench, spec, tmp_path):
    with served(options_of(tmp_path, queue=7), bench.operations()) as working:
        working.post("work", asked(spec))
        body = asked(spec, number=100, steps=100_000, seconds=0.002)
        with (
            working.http.stream("POST", "/v1/minutes", json=body) as one,
            working.http.stream("POST", "/v1/minutes", json=body) as two,
        ):
            # Kept: a stream whose lines nobody holds any more is hung up.
            lines = [one.iter_lines(), two.iter_lines()]
            for each in lines:
                next(each)
            told = working.post("minutes", body)
            assert (told.status_code, told.json()["reason"]) == (429, "busy")
            assert "minutes" in told.json()["detail"]
            assert working.post("work", asked(spec, number=1)).status_code == 200


def test_between_two_messages_of_a_stream_others_have_their_turn(working, bench, spec):
    working.post("work", asked(spec))
    body = asked(spec, number=100, steps=40, seconds=0.02)
    with working.http.stream("POST", "/v1/minutes", json=body) as stream:
        lines = stream.iter_lines()
        next(lines)
        for number in range(1, 5):
            assert working.post("work", asked(spec, number=number)).status_code == 200
        rest = list(lines)
    assert len(rest) == 39
    order = bench.begun
    assert order.index(4) < len(order) - 10, "the stream went on long after the last of them"


def test_two_streams_take_turns(working, bench, spec):
    working.post("work", asked(spec))
    bench.begun.clear()

    def ask(number):
        working.post("tokens", asked(spec, number=number, steps=20, seconds=0.005))

    threads = [in_background(lambda n=n: ask(n)) for n in (1, 2)]
    for thread in threads:
        thread.join()
    both = bench.begun[bench.begun.index(2) :]
    switches = sum(a != b for a, b in pairwise(both))
    assert switches >= 10


def test_a_request_that_waits_says_how_long(running, spec):
    body = {
        "model": spec.model_dump(),
        "prompts": [{"text": "a b"}],
        "units": [{"site": "mlp.0", "index": 3}],
    }
    ran = running.post("activations", body).json()["ran"]
    assert ran["model_ms"] > 0
    assert ran["queue_ms"] > 0
    assert ran["code_version"] == "tests"
