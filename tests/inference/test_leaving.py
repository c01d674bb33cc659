"""What nobody waits for is not computed any more; what takes too long is ended."""

import threading
import time

import httpx
import pytest

from tests.inference.operating import Bench
from tests.inference.serving import HEADERS, Running, options_of, served, wait_until


def asked(spec, **work):
    return {"model": spec.model_dump()} | work


def leave_after(running: Running, operation: str, body: dict, seconds: float) -> None:
    """Asks, and closes the connection before the answer comes."""
    with (
        httpx.Client(base_url=running.url, headers=HEADERS, trust_env=False) as client,
        pytest.raises(httpx.ReadTimeout),
    ):
        client.post(f"/v1/{operation}", json=body, timeout=seconds)


def outcomes(running: Running, operation: str, outcome: str) -> float:
    labels = {"operation": operation, "outcome": outcome}
    name = "patchclamp_inference_requests_total"
    return running.service.counts.registry.get_sample_value(name, labels) or 0.0


def test_whoever_leaves_stops_the_computation(working: Running, bench: Bench, spec):
    working.post("work", asked(spec))
    bench.ended.clear()
    leave_after(working, "work", asked(spec, number=1, seconds=60), 0.3)
    assert bench.ended.wait(5)
    wait_until(lambda: outcomes(working, "work", "cancelled") == 1)
    assert working.service.describe().models[0].busy == 0


def test_whoever_leaves_while_waiting_is_never_computed(working: Running, bench: Bench, spec):
    working.post("work", asked(spec))
    bench.gate.clear()
    body = asked(spec, number=1)
    first = threading.Thread(target=lambda: working.post("work", body), daemon=True)
    first.start()
    wait_until(lambda: bench.begun[-1] == 1)
    leave_after(working, "work", asked(spec, number=2), 0.2)
    wait_until(lambda: outcomes(working, "work", "cancelled") == 1)
    assert working.service.describe().waiting == 0  # its place is free while the other goes on
    bench.gate.set()
    first.join()
    assert working.post("work", asked(spec, number=3)).status_code == 200
    assert bench.begun == [0, 1, 3]


def test_whoever_leaves_a_stream_ends_it(working: Running, bench: Bench, spec):
    body = asked(spec, steps=100_000, seconds=0.002)
    with working.http.stream("POST", "/v1/tokens", json=body) as stream:
        next(stream.iter_lines())
    assert bench.ended.wait(5)
    wait_until(lambda: working.service.describe().models[0].busy == 0)
    n = len(bench.begun)
    time.sleep(0.1)
    assert len(bench.begun) == n


def test_what_takes_too_long_is_ended_and_the_next_is_answered(bench, spec, tmp_path):
    with served(options_of(tmp_path, seconds=0.2), bench.operations()) as working:
        told = working.post("work", asked(spec, seconds=60))
        assert (told.status_code, told.json()["reason"]) == (504, "too_slow")
        assert "0.2 seconds" in told.json()["detail"]
        assert working.post("work", asked(spec)).status_code == 200


def test_waiting_for_ones_turn_counts_as_time(bench, spec, tmp_path):
    with served(options_of(tmp_path, seconds=0.3), bench.operations()) as working:
        working.post("work", asked(spec))
        blocked = asked(spec, number=1, steps=1, seconds=1.0)
        ask = threading.Thread(target=lambda: working.post("tokens", blocked), daemon=True)
        ask.start()
        wait_until(lambda: 1 in bench.begun)
        told = working.post("work", asked(spec, number=2))
        ask.join()
        assert told.json()["reason"] == "too_slow"
        assert 2 not in bench.begun


def test_a_stream_that_takes_too_long_says_so_in_its_last_line(bench, spec, tmp_path):
    with served(options_of(tmp_path, seconds=0.3), bench.operations()) as working:
        answer = working.post("tokens", asked(spec, steps=1000, seconds=0.02))
        assert answer.status_code == 200
        assert answer.text.splitlines()[-1].startswith('{"type":"Refusal"')
        assert '"too_slow"' in answer.text.splitlines()[-1]


def test_a_sweep_may_take_longer_than_others(bench, spec, tmp_path):
    with served(options_of(tmp_path, seconds=0.1), bench.operations()) as working:
        answer = working.post("minutes", asked(spec, steps=10, seconds=0.03))
        assert len(answer.text.splitlines()) == 10
        assert "Refusal" not in answer.text


def test_a_computation_that_never_looks_up_is_left_behind_when_its_time_is_up(
    bench, spec, tmp_path
):
    hung = threading.Event()
    bench.fail = lambda: hung.wait(20) and None
    with served(options_of(tmp_path, seconds=0.1), bench.operations()) as stuck:
        begun = time.monotonic()
        told = stuck.post("work", asked(spec))
        assert told.json()["reason"] == "too_slow"
        assert time.monotonic() - begun < 5
        assert stuck.service.describe().models[0].busy == 1, "the model is still in use"
        hung.set()
        wait_until(lambda: stuck.service.describe().models[0].busy == 0)


def test_a_service_that_stops_ends_what_runs_and_says_so(bench, spec, tmp_path):
    with served(options_of(tmp_path), bench.operations()) as working:
        working.post("work", asked(spec))
        told = []
        body = asked(spec, number=1, seconds=60)
        ask = threading.Thread(target=lambda: told.append(working.post("work", body)))
        ask.start()
        wait_until(lambda: bench.begun[-1] == 1)
        working.service.stop()
        ask.join(timeout=5)
        assert told[0].status_code == 503
        assert told[0].json()["reason"] == "stopping"
        assert working.post("work", asked(spec)).json()["reason"] == "stopping"
        assert working.http.get("/readyz").status_code == 503
        assert working.http.get("/healthz").status_code == 200
