"""What follows a sweep: output sides and relatives, asked for once, each with its run."""

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from analysis.weights.relatives import most_alike
from analysis.worker import output, relate
from analysis.worker.inline import run_inline
from analysis.worker.registering import add_model
from analysis.worker.sweeping.job import KIND
from app.store.engine import open_session
from app.store.queries.job import list_jobs
from app.store.queries.model import get_vocabulary
from app.store.queries.pool import get_pool
from app.store.queries.run import get_run, list_runs
from app.store.queries.unit import get_unit
from app.store.requests import OutputRequest, RelateRequest
from tests.analysis.models.planted import make_planted
from tests.analysis.models.tiny import make_tiny, make_tiny_plain
from tests.worker.conftest import Laboratory
from tests.worker.sweeping.conftest import SWEEP, add_planted


def test_a_sweep_asks_once_for_all_that_follows(laboratory: Laboratory) -> None:
    add_planted(laboratory.engine, laboratory.settings, laboratory.folder)
    asked = SWEEP.model_copy(update={"follow_up": True})
    run_inline(laboratory.engine, laboratory.settings, KIND, asked)
    with open_session(laboratory.engine) as session:
        kinds = sorted(job.kind for job in list_jobs(session, status="queued").items)
    assert kinds == ["explain", "output", "relate"]


def test_jobs_that_have_succeeded_are_done_to_the_last_step(laboratory: Laboratory) -> None:
    engine, settings = laboratory.engine, laboratory.settings
    add_planted(engine, settings, laboratory.folder)
    run_id = run_inline(engine, settings, KIND, SWEEP)["run_id"]
    run_inline(engine, settings, output.KIND, OutputRequest(model="planted", run_id=run_id))
    run_inline(engine, settings, relate.KIND, RelateRequest(model="planted", run_id=run_id))
    with open_session(engine) as session:
        jobs = list_jobs(session, status="succeeded").items
    assert {job.kind: job.progress.unit for job in jobs} == {
        "sweep": "sites", "output": "neurons", "relate": "units",
    }  # fmt: skip
    for job in jobs:
        assert job.progress.total, job.kind
        assert job.progress.done == job.progress.total, job.kind


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
            assert view.output.promoted_by_z[0].token.strip() == unit.promotes
            assert view.output.scale.final == 1  # the planted model has no norm
            assert view.output.scale.n_tokens > 100
            assert view.output.chance.n_tokens == len(planted.vocabulary)


def test_logits_are_what_adding_the_vector_at_the_median_scale_changes(
    laboratory: Laboratory,
) -> None:
    engine, settings, folder = laboratory.engine, laboratory.settings, laboratory.folder
    add_planted(engine, settings, folder)
    make_tiny("gemma2", folder / "gemma", seed=1)
    added = add_model(engine, settings, source=str(folder / "gemma"), name="gemma")
    asked = SWEEP.model_copy(update={"model": added.name})
    run_id = run_inline(engine, settings, KIND, asked)["run_id"]
    run_inline(engine, settings, output.KIND, OutputRequest(model="gemma", run_id=run_id))
    with open_session(engine) as session:
        side = get_unit(session, model="gemma", site="mlp.1", index=3).output
    weights = load_file(folder / "gemma" / "model.safetensors")
    at = "model.layers.1"
    behind = 1 + weights[f"{at}.post_feedforward_layernorm.weight"]
    vector = weights[f"{at}.mlp.down_proj.weight"][:, 3] * behind * side.scale.mlp
    assert side.norm == pytest.approx(vector.norm().item(), rel=1e-5)
    logits = weights["model.embed_tokens.weight"] @ (
        vector * side.scale.final * (1 + weights["model.norm.weight"])
    )
    logits -= logits.mean()
    assert side.promoted[0].token_id == int(logits.argmax())
    assert side.promoted[0].logit == pytest.approx(logits.max().item(), rel=1e-4)
    assert side.suppressed[0].logit == pytest.approx(logits.min().item(), rel=1e-4)
    assert side.scale.final_low <= side.scale.final <= side.scale.final_high


def test_an_encoder_gets_a_run_without_logits_that_says_why(laboratory: Laboratory) -> None:
    engine, settings, folder = laboratory.engine, laboratory.settings, laboratory.folder
    add_planted(engine, settings, folder)
    make_tiny("bert", folder / "bert")
    add_model(engine, settings, source=str(folder / "bert"), name="bert")
    asked = SWEEP.model_copy(update={"model": "bert"})
    run_id = run_inline(engine, settings, KIND, asked)["run_id"]
    request = OutputRequest(model="bert", run_id=run_id)
    written = run_inline(engine, settings, output.KIND, request)["run_id"]
    with open_session(engine) as session:
        run = get_run(session, run_id=written)
        assert get_unit(session, model="bert", site="mlp.0", index=0).output is None
    assert run.status == "finished"
    assert "not linearly" in run.parameters["not_computed"]


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

    monkeypatch.setattr(relate, "most_alike", fail)
    with pytest.raises(ValueError, match="no luck"):
        run_inline(engine, settings, relate.KIND, RelateRequest(model="planted", run_id=run_id))
    with open_session(engine) as session:
        (run,) = list_runs(session, model="planted", kind="relate").items
    assert run.status == "failed"
    assert run.finished_at is not None


def test_the_output_side_of_a_model_with_other_outputs_than_inputs_names_its_outputs(
    laboratory: Laboratory,
) -> None:
    engine, settings, folder = laboratory.engine, laboratory.settings, laboratory.folder
    add_planted(engine, settings, folder)
    words = ["BOS", "<unk>", "the", "cat"]
    make_tiny_plain(folder / "yes-no", vocab=words, vocab_out=["yes", "no", "maybe"])
    add_model(engine, settings, source=str(folder / "yes-no"), name="yes-no")
    with open_session(engine) as session:
        assert "yes" not in get_vocabulary(session, model="yes-no")
    asked = SWEEP.model_copy(update={"model": "yes-no"})
    run_id = run_inline(engine, settings, KIND, asked)["run_id"]
    request = OutputRequest(model="yes-no", run_id=run_id, n_tokens=2)
    run_inline(engine, settings, output.KIND, request)
    with open_session(engine) as session:
        view = get_unit(session, model="yes-no", site="mlp.0", index=0)
    assert view.output is not None
    named = {effect.token for effect in (*view.output.promoted, *view.output.suppressed)}
    assert named == {"yes", "no", "maybe"}


def test_relatives_stand_beside_chance_recall_and_r_on_the_test_pool(
    laboratory: Laboratory,
) -> None:
    engine, settings = laboratory.engine, laboratory.settings
    add_planted(engine, settings, laboratory.folder)
    run_id = run_inline(engine, settings, KIND, SWEEP)["run_id"]
    run_inline(engine, settings, relate.KIND, RelateRequest(model="planted", run_id=run_id))
    with open_session(engine) as session:
        view = get_unit(session, model="planted", site="mlp.0", index=20)
        pools = {
            split: get_pool(
                session, model="planted", site=site, index=index, split=split, data=settings.data
            ).activations
            for split, site, index in (("fit", "mlp.0", 20), ("test", "mlp.0", 20))
        }
        other = next(each for each in view.related if each.method == "activity").items[0]
        others = {
            split: get_pool(
                session, model="planted", site=other.site, index=other.index, split=split,
                data=settings.data,
            ).activations
            for split in ("fit", "test")
        }  # fmt: skip
    by_output, by_activity = view.related
    assert by_output.method == "output"
    assert by_output.items[0].test_value is None
    assert 0 < by_output.chance.median < by_output.chance.high < 1
    assert 0 < by_activity.chance.median < 1
    assert by_activity.recall == 1
    assert 0 < by_activity.recall_units <= 68
    assert by_activity.n_tokens == by_activity.n_tokens_in_pool > by_activity.n_test_tokens / 2
    for split, shown in (("fit", other.value), ("test", other.test_value)):
        assert shown == pytest.approx(_r(pools[split], others[split]), abs=1e-4)


def test_a_pool_that_is_too_large_is_read_at_random_tokens(
    laboratory: Laboratory, monkeypatch
) -> None:
    engine, settings = laboratory.engine, laboratory.settings
    add_planted(engine, settings, laboratory.folder)
    run_id = run_inline(engine, settings, KIND, SWEEP)["run_id"]
    monkeypatch.setattr(relate, "LARGEST_TABLE", 68 * 4 * 50)  # 68 units, 50 tokens
    run_inline(engine, settings, relate.KIND, RelateRequest(model="planted", run_id=run_id))
    with open_session(engine) as session:
        view = get_unit(session, model="planted", site="mlp.0", index=20)
    related = next(each for each in view.related if each.method == "activity")
    assert related.n_tokens == 50 < related.n_tokens_in_pool
    assert related.chance is not None
    assert related.recall is None  # what is true at all tokens is not known from these
    assert related.recall_units is None


def test_a_run_names_the_dtype_that_activities_were_compared_in_first(
    laboratory: Laboratory, monkeypatch
) -> None:
    engine, settings = laboratory.engine, laboratory.settings
    add_planted(engine, settings, laboratory.folder)
    run_id = run_inline(engine, settings, KIND, SWEEP)["run_id"]
    used = []

    def watched(rows, *, coarse, **options):
        used.append(coarse)
        return most_alike(rows, coarse=coarse, **options)

    def remembered(_context, name, function):
        return "bfloat16" if name == "coarse dtype" else function()

    monkeypatch.setattr(relate, "most_alike", watched)
    monkeypatch.setattr(relate.JobContext, "step", remembered)
    request = RelateRequest(model="planted", run_id=run_id)
    written = run_inline(engine, settings, relate.KIND, request)["run_id"]
    with open_session(engine) as session:
        run = get_run(session, run_id=written)
    assert run.measured["activity"]["coarse_dtype"] == "bfloat16"
    assert used == [torch.float32, torch.bfloat16]  # directions always in float32


def _r(one: list[list[float | None]], other: list[list[float | None]]) -> float:
    """Pearson's r at the counted positions."""
    pairs = [
        (a, b)
        for window, beside in zip(one, other, strict=True)
        for a, b in zip(window[1:], beside[1:], strict=True)
        if a is not None
    ]
    return float(np.corrcoef(np.array(pairs, float).T)[0, 1])
