"""A sweep of edits gives every unit the effect that an experiment of its own has."""

import pytest
import torch

from analysis.errors import EditError
from analysis.interventions import edit_sweep
from analysis.protocol.edits import Edit, Positions
from analysis.protocol.experiments import Reference, Wanted
from analysis.protocol.sweeps import Measured
from tests.analysis.interventions.asking import TOKENS, neuron
from tests.analysis.models.tiny import ARCHITECTURES


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_effect_is_that_of_plain_hooks(architecture, subject, monkeypatch):
    monkeypatch.setattr(edit_sweep, "ROW_TOKENS", 24)  # several batches
    asked = subject(architecture)
    measured = Measured(position=5, token=7)
    progress, answer = asked.sweep("mlp.1", measured=measured)
    clean = float(asked.by_hooks({})[5, 7])
    assert answer.clean == pytest.approx(clean, abs=1e-5)
    assert progress[-1].done == progress[-1].total == len(answer.rows)
    for row in answer.rows[::7]:
        puts = {"mlp.1": neuron(row.index, lambda a: a * 0)}
        after = float(asked.by_hooks(puts)[5, 7])
        assert row.effect == pytest.approx(after - clean, abs=2e-5)
    sizes = [abs(row.effect) for row in answer.rows]
    assert sizes == sorted(sizes, reverse=True)


def test_kl_is_that_of_an_experiment_at_the_measured_position(subject):
    asked = subject()
    _, answer = asked.sweep("mlp.0", measured=Measured(position=4))
    row = answer.rows[0]
    alone = asked.experiment(Edit(site="mlp.0", index=row.index, operation="zero"), controls=0)
    assert row.kl == pytest.approx(alone.positions[4].kl, rel=1e-3, abs=1e-6)


def test_heads_too_and_several_sites_at_once(subject):
    asked = subject()
    _, answer = asked.sweep("attn.0", "attn.1", measured=Measured(token=5))
    assert len(answer.rows) == 2 * asked.model.facts.n_heads
    row = answer.rows[0]
    alone = asked.experiment(
        Edit(site=row.site, index=row.index, operation="zero"),
        controls=0,
        wanted=Wanted(targets=(5,)),
    )
    target = alone.positions[-1].targets[0]
    change = torch.tensor(target.after).log() - torch.tensor(target.before).log()
    assert row.effect == pytest.approx(float(change), abs=1e-4)


def test_the_estimate_is_exact_for_changes_that_are_small(subject):
    """Set to its own value but for a thousandth: the gradient's prediction is the effect."""
    asked = subject("plain")
    values = asked.model.trace(torch.tensor([TOKENS])).values["mlp.0"][0]
    place = int((values[3] > 0).nonzero()[0])
    value = float(values[3, place])
    _, answer = asked.sweep(
        "mlp.0",
        operation="set",
        value=value * 1.01,
        positions=Positions(kind="chosen", chosen=(3,)),
        measured=Measured(metric="logit_difference", position=7, token=2, against=5),
    )
    row = next(row for row in answer.rows if row.index == place)
    assert row.estimate != 0
    assert row.effect == pytest.approx(row.estimate, rel=0.05, abs=1e-6)


def test_the_loss_is_the_mean_over_the_prompt(subject):
    asked = subject()
    _, answer = asked.sweep("mlp.0", measured=Measured(metric="loss"))
    row = answer.rows[0]
    alone = asked.experiment(Edit(site="mlp.0", index=row.index, operation="zero"), controls=0)
    assert answer.clean == pytest.approx(alone.loss_before, abs=1e-5)
    assert row.effect == pytest.approx(alone.loss_after - alone.loss_before, abs=1e-5)


def test_only_the_largest_estimates_and_as_many_at_random_are_run(subject):
    _, answer = subject().sweep("mlp.0", exact=5, seed=2)
    ran = [row for row in answer.rows if row.effect is not None]
    best = sorted(answer.rows, key=lambda row: abs(row.estimate), reverse=True)[:5]
    assert {row.index for row in best} <= {row.index for row in ran}
    assert sum(row.drawn for row in ran) == 5
    assert len(answer.rows) == 40
    assert answer.r is not None
    assert answer.r_drawn is not None


def test_means_of_the_reference_windows(subject):
    asked = subject()
    windows = Reference(windows=(TOKENS[::-1],))
    _, answer = asked.sweep("mlp.0", operation="mean", reference=windows)
    row = answer.rows[0]
    alone = asked.experiment(
        Edit(site="mlp.0", index=row.index, operation="mean"), reference=windows, controls=0
    )
    assert row.kl == pytest.approx(alone.positions[-1].kl, rel=1e-3, abs=1e-6)


def test_a_sweep_is_left_between_batches(subject, monkeypatch):
    monkeypatch.setattr(edit_sweep, "ROW_TOKENS", 8)
    asked = subject()
    request = edit_sweep.EditSweepRequest(
        model=asked.spec, prompt={"tokens": TOKENS}, sites=("mlp.0",)
    )
    messages = edit_sweep.sweep_edits(asked.model, request, asked.around)
    first = next(messages)
    messages.close()
    assert first.done == 1
    assert asked.sweep("mlp.0")[1].rows


def test_what_is_not_there_is_refused(subject):
    asked = subject()
    with pytest.raises(EditError, match=r"no site mlp\.7"):
        asked.sweep("mlp.7")
    with pytest.raises(EditError, match="no position 8"):
        asked.sweep("mlp.0", measured=Measured(position=8))
    with pytest.raises(EditError, match="no token 320"):
        asked.sweep("mlp.0", measured=Measured(token=320))
    with pytest.raises(EditError, match="neurons only"):
        asked.sweep("attn.0", operation="set", value=1.0)
    with pytest.raises(EditError, match="there is no loss"):
        asked.sweep("mlp.0", tokens=(4,), measured=Measured(metric="loss"))
