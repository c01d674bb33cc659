"""Out of memory and faults of ours are told cleanly, and the service lives."""

import pytest
import structlog
import torch
from structlog.testing import capture_logs

from analysis.interventions.surroundings import MissingArray


def asked(spec, **work):
    return {"model": spec.model_dump()} | work


def raising(error):
    def fail():
        raise error

    return fail


OUT_OF_MEMORY = [
    torch.OutOfMemoryError("CUDA out of memory"),
    MemoryError(),
    RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 4 bytes."),
]


@pytest.mark.parametrize("error", OUT_OF_MEMORY, ids=lambda error: type(error).__name__)
def test_out_of_memory_is_told_and_the_next_request_is_answered(working, bench, spec, error):
    bench.fail = raising(error)
    told = working.post("work", asked(spec))
    assert (told.status_code, told.json()["reason"]) == (507, "out_of_memory")
    assert "shorter prompt" in told.json()["hint"]
    bench.fail = lambda: None
    assert working.post("work", asked(spec)).status_code == 200


def test_memory_that_truly_cannot_be_had_is_told_as_such(working, bench, spec):
    bench.fail = lambda: torch.empty(2**60)
    assert working.post("work", asked(spec)).json()["reason"] == "out_of_memory"


def test_what_was_kept_of_earlier_runs_is_given_back_when_memory_runs_out(working, bench, spec):
    kept = []
    bench.keep = lambda model, around: kept.append(
        around.traces.run(model, [1, 2], around.check) and around.traces
    )
    working.post("work", asked(spec))
    assert kept[0].n_bytes > 0
    bench.fail = raising(MemoryError())
    working.post("work", asked(spec))
    assert kept[0].n_bytes == 0


def test_out_of_memory_in_a_stream_is_its_last_line(working, bench, spec):
    def fail():
        if len(bench.begun) == 3:
            raise MemoryError

    bench.fail = fail
    lines = working.post("tokens", asked(spec, steps=10)).text.splitlines()
    assert len(lines) == 3
    assert '"out_of_memory"' in lines[-1]


def test_a_fault_of_ours_is_logged_and_says_nothing_of_the_inside(working, bench, spec):
    structlog.reset_defaults()  # an application that was made in this process may be silent
    bench.fail = raising(RuntimeError("a private matter"))
    with capture_logs() as lines:
        told = working.post("work", asked(spec))
    assert (told.status_code, told.json()["reason"]) == (500, "failed")
    assert "private" not in told.text
    (line,) = (line for line in lines if line["event"] == "inference.failed")
    assert "private" in str(line["exc_info"])


def test_an_array_that_is_not_there_is_named(working, bench, spec):
    bench.fail = raising(MissingArray("ab" * 32))
    told = working.post("work", asked(spec))
    assert (told.status_code, told.json()["digest"]) == (409, "ab" * 32)


def test_a_stream_that_keeps_a_mode_of_torch_over_a_yield_is_refused(working, spec):
    told = working.post("careless", asked(spec))
    assert told.json()["reason"] == "failed"
    assert working.post("work", asked(spec)).status_code == 200
    assert working.post("tokens", asked(spec, steps=2)).text.count("GeneratedToken") == 2
