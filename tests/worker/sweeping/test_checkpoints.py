"""What is saved of a sweep, and what comes back."""

import resource
from types import SimpleNamespace

import numpy as np
import pytest
from safetensors import SafetensorError

from analysis.records import Site
from analysis.worker.interruptions import reason_to_wait
from analysis.worker.sweeping.checkpoints import Checkpoints
from tests.analysis.sweep import states

SITES = [Site(kind="mlp", layer=layer, n_units=3) for layer in range(2)]
ACTIVATIONS = np.random.default_rng(0).normal(size=(8, 6, 3)).astype(np.float32)


def _plan(n_pilot):
    split = SimpleNamespace(split="fit", numbers=range(8), n_pilot=n_pilot, n_held=2)
    return SimpleNamespace(splits=[split], windows_per_shard=2)


def _sweep(shards, n_pilot=2):
    """What checkpoints need of a sweep, with the same windows counted at every site."""
    counted = {(site.name, "fit"): states.counted(ACTIVATIONS, shards) for site in SITES}
    return SimpleNamespace(
        model=SimpleNamespace(sites=SITES),
        plan=_plan(n_pilot),
        states=counted,
        sync_pool=lambda site, split: None,  # noqa: ARG005
        empty_state=lambda site, split: states.empty(3, 6),  # noqa: ARG005
    )


def _files(folder):
    return {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}


@pytest.fixture
def saved(tmp_path):
    checkpoints = Checkpoints(tmp_path, every_seconds=0)
    checkpoints.save(_sweep({0: [0, 1], 1: [2, 3]}))
    return checkpoints


def test_what_was_saved_comes_back(saved):
    sweep = _sweep({})
    saved.restore(sweep)
    for site in SITES:
        state = sweep.states[site.name, "fit"]
        assert state.shards == {0, 1}
        assert states.held(state) == states.held(states.counted(ACTIVATIONS, {0: range(4)}))


def test_a_damaged_file_is_counted_anew_and_the_others_come_back(saved, tmp_path):
    path = next(tmp_path.glob("mlp.1.*"))
    path.write_bytes(path.read_bytes()[:-40])
    sweep = _sweep({})
    saved.restore(sweep)
    assert sweep.states["mlp.0", "fit"].shards == {0, 1}
    assert sweep.states["mlp.1", "fit"].shards == set()


def test_only_what_was_counted_since_is_written(saved, tmp_path):
    before = _files(tmp_path)
    sweep = _sweep({0: [0, 1], 1: [2, 3]})
    sweep.states["mlp.1", "fit"] = states.counted(ACTIVATIONS, {0: [0, 1], 1: [2, 3], 2: [4]})
    saved.save(sweep)
    after = _files(tmp_path)
    assert {name for name in after if after[name] != before[name]} == {"mlp.1.fit.safetensors"}


def test_a_file_of_another_plan_is_no_checkpoint(saved):
    sweep = _sweep({}, n_pilot=4)
    saved.restore(sweep)
    assert all(state.shards == set() for state in sweep.states.values())


def test_a_limit_on_file_sizes_is_waited_for_and_leaves_what_was_saved_before(saved, tmp_path):
    before = _files(tmp_path)
    more = _sweep({0: [0, 1], 1: [2, 3], 2: [4]})
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(SafetensorError) as raised:
            saved.save(more)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    told = reason_to_wait(raised.value)
    assert told == "The disk cannot be written: File too large. Free some space."
    assert _files(tmp_path) == before
    saved.save(more)
    sweep = _sweep({})
    saved.restore(sweep)
    assert all(state.shards == {0, 1, 2} for state in sweep.states.values())
