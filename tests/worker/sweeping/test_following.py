"""What follows a sweep: output sides and relatives, asked for once, each with its run."""

import pytest
import torch
from safetensors.torch import load_file, save_file

from analysis.worker import output, relate
from analysis.worker.inline import run_inline
from analysis.worker.registering import add_model
from analysis.worker.sweeping.job import KIND
from app.store.engine import open_session
from app.store.queries.job import list_jobs
from app.store.queries.run import get_run, list_runs
from app.store.queries.unit import get_unit
from app.store.requests import OutputRequest, RelateRequest
from tests.analysis.models.planted import make_planted
from tests.worker.conftest import Laboratory
from tests.worker.sweeping.conftest import SWEEP, add_planted


def test_a_sweep_asks_for_both_once(laboratory: Laboratory) -> None:
    add_planted(laboratory.engine, laboratory.settings, laboratory.folder)
    asked = SWEEP.model_copy(update={"follow_up": True})
    run_inline(laboratory.engine, laboratory.settings, KIND, asked)
    with open_session(laboratory.engine) as session:
        kinds = sorted(job.kind for job in list_jobs(session, status="queued").items)
    assert kinds == ["output", "relate"]


def test_the_output_side_names_the_token_that_was_planted(laboratory: Laboratory) -> None:
    engine, settings = laboratory.engine, laboratory.settings
    planted = add_planted(engine, settings, laboratory.folder)
    run_id = run_inline(engine, settings, KIND, SWEEP)["run_id"]
    request = OutputRequest(model="planted", run_id=run_id)
    written = run_inline(engine, settings, output.KIND, request)["run_id"]
    writers = [unit for unit in planted.units if unit.promotes]
    assert writers
    with open_session(engine) as session:
        assert get_run(session, run_id=written).status == "finished"
        for unit in writers:
            view = get_unit(session, model="planted", site=unit.site, index=unit.index)
            assert view.output.run_id == written
            assert view.output.promoted[0].token.strip() == unit.promotes


def test_a_neuron_that_is_never_finite_leaves_the_relatives_of_others_alone(
    laboratory: Laboratory,
) -> None:
    engine, settings, folder = laboratory.engine, laboratory.settings, laboratory.folder
    add_planted(engine, settings, folder)
    sick = make_planted(folder / "sick")
    weights = load_file(sick.folder / "model.safetensors")
    bias = weights.get("blocks.0.mlp.b_in", torch.zeros(weights["blocks.0.mlp.W_in"].shape[1]))
    bias[0] = float("nan")
    weights["blocks.0.mlp.W_gate"][:, 0] = 1
    weights["blocks.0.mlp.W_out"][0] = 0
    # 0 · NaN is NaN: keep what the neuron writes out of the residual stream of the others
    save_file(weights | {"blocks.0.mlp.b_in": bias}, sick.folder / "model.safetensors")
    add_model(engine, settings, source=str(sick.folder), name="sick")
    related = {}
    for name in ("planted", "sick"):
        run_id = run_inline(engine, settings, KIND, SWEEP.model_copy(update={"model": name}))
        request = RelateRequest(model=name, run_id=run_id["run_id"])
        run_inline(engine, settings, relate.KIND, request)
        with open_session(engine) as session:
            view = get_unit(session, model=name, site="attn.0", index=0)
        related[name] = [each for each in view.related if each.method == "activity"]
    assert related["sick"][0].items
    assert related["sick"][0].items[0].value == pytest.approx(related["planted"][0].items[0].value)


def test_a_run_that_fails_is_closed(laboratory: Laboratory, monkeypatch) -> None:
    engine, settings = laboratory.engine, laboratory.settings
    add_planted(engine, settings, laboratory.folder)
    run_id = run_inline(engine, settings, KIND, SWEEP)["run_id"]

    def fail(*_arguments, **_options):
        raise ValueError("no luck")

    monkeypatch.setattr(relate, "by_direction", fail)
    with pytest.raises(ValueError, match="no luck"):
        run_inline(engine, settings, relate.KIND, RelateRequest(model="planted", run_id=run_id))
    with open_session(engine) as session:
        (run,) = list_runs(session, model="planted", kind="relate").items
    assert run.status == "failed"
    assert run.finished_at is not None
