"""Loaded models stay within their budget; none goes while it is used."""

import threading
import time
import weakref

import pytest

from analysis.inference import shelf
from tests.inference.serving import options_of, served, tiny, wait_until


@pytest.fixture(scope="module")
def specs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("several")
    return [tiny(folder / f"model-{n}", seed=n) for n in range(3)]


@pytest.fixture(scope="module")
def size(specs, tmp_path_factory):
    """Bytes of one of them."""
    with served(options_of(tmp_path_factory.mktemp("size"))) as running:
        running.post("tokenize", {"model": specs[0].model_dump(), "prompts": [{"text": "a"}]})
        return running.service.describe().used_bytes


def asked(spec, **work):
    return {"model": spec.model_dump()} | work


def loaded(running):
    return [model.name for model in running.service.describe().models if not model.loading]


def test_the_model_that_was_not_used_for_longest_goes_first(bench, specs, size, tmp_path):
    with served(options_of(tmp_path, memory=2 * size), bench.operations()) as running:
        for number in (0, 1, 0, 2):
            assert running.post("work", asked(specs[number])).status_code == 200
        assert loaded(running) == ["model-0", "model-2"]
        assert running.service.describe().used_bytes == 2 * size


def test_a_model_that_was_given_up_leaves_its_memory(bench, specs, size, tmp_path):
    seen = {}
    with served(options_of(tmp_path, memory=size), bench.operations()) as running:
        bench.keep = lambda model, _: seen.setdefault(0, weakref.ref(model))
        running.post("work", asked(specs[0]))
        assert seen[0]() is not None
        running.post("work", asked(specs[1]))
        assert loaded(running) == ["model-1"]
        assert seen[0]() is None


def test_a_model_that_is_used_is_never_given_up_and_another_waits_for_room(
    bench, specs, size, tmp_path
):
    with served(options_of(tmp_path, memory=size), bench.operations()) as running:
        bench.gate.clear()
        answers = {}

        def ask(number):
            answers[number] = running.post("work", asked(specs[number], number=number))

        threads = [threading.Thread(target=ask, args=[0])]
        threads[0].start()
        wait_until(lambda: bench.begun == [0])
        threads.append(threading.Thread(target=ask, args=[1]))
        threads[1].start()
        time.sleep(0.3)
        assert loaded(running) == ["model-0"]
        assert bench.begun == [0]
        bench.gate.set()
        for thread in threads:
            thread.join()
        assert [answers[n].status_code for n in (0, 1)] == [200, 200]
        assert loaded(running) == ["model-1"]


def test_many_models_in_turn_never_exceed_the_budget(bench, specs, size, tmp_path):
    with served(options_of(tmp_path, memory=2 * size), bench.operations()) as running:
        seen = []

        def ask(spec):
            for _ in range(5):
                assert running.post("work", asked(spec)).status_code == 200
                seen.append(running.service.describe().used_bytes)

        threads = [threading.Thread(target=ask, args=[spec]) for spec in specs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(seen) == 15
        assert max(seen) <= 2 * size


def test_a_model_that_alone_exceeds_the_budget_is_refused_with_the_numbers(specs, size, tmp_path):
    with served(options_of(tmp_path, memory=size - 1)) as running:
        body = {"model": specs[0].model_dump(), "prompts": [{"text": "a"}]}
        told = running.post("tokenize", body)
        assert (told.status_code, told.json()["reason"]) == (413, "too_large")
        assert f"{size:,} bytes" in told.json()["detail"]
        assert f"{size - 1:,} in all" in told.json()["detail"]
        assert running.service.describe().models == ()


def test_first_requests_at_once_load_a_model_once(bench, specs, tmp_path, monkeypatch):
    loads = []

    def slowly(*arguments, **more):
        loads.append(arguments)
        time.sleep(0.2)
        return load(*arguments, **more)

    load = shelf.load_model
    monkeypatch.setattr(shelf, "load_model", slowly)
    with served(options_of(tmp_path), bench.operations()) as running:
        threads = [
            threading.Thread(target=running.post, args=["work", asked(specs[0], number=n)])
            for n in range(6)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(loads) == 1
    assert sorted(bench.begun) == [0, 1, 2, 3, 4, 5]


def test_a_model_that_loads_too_long_is_told_and_there_the_next_time(
    bench, specs, tmp_path, monkeypatch
):
    hold = threading.Event()

    def slowly(*arguments, **more):
        hold.wait(20)
        return load(*arguments, **more)

    load = shelf.load_model
    monkeypatch.setattr(shelf, "load_model", slowly)
    with served(options_of(tmp_path, load_seconds=0.2), bench.operations()) as running:
        told = running.post("work", asked(specs[0]))
        assert (told.status_code, told.json()["reason"]) == (504, "too_slow")
        assert told.json()["retry_after"] > 0
        hold.set()
        wait_until(lambda: loaded(running) == ["model-0"])
        assert running.post("work", asked(specs[0])).status_code == 200


def test_models_that_are_there_are_used_while_another_loads(bench, specs, tmp_path, monkeypatch):
    with served(options_of(tmp_path), bench.operations()) as running:
        running.post("work", asked(specs[0]))
        hold = threading.Event()
        load = shelf.load_model
        monkeypatch.setattr(
            shelf, "load_model", lambda *a, **more: (hold.wait(20), load(*a, **more))[1]
        )
        waiting = threading.Thread(target=running.post, args=["work", asked(specs[1], number=1)])
        waiting.start()
        wait_until(lambda: len(running.service.describe().models) == 2)
        assert running.post("work", asked(specs[0], number=2)).status_code == 200
        hold.set()
        waiting.join()
        assert bench.begun == [0, 2, 1]
