"""What an experiment says is what plain hooks say; its controls are the same edits elsewhere."""

import numpy as np
import pytest
import torch

from analysis.errors import EditError
from analysis.interventions.surroundings import Surroundings
from analysis.protocol.edits import Direction, Edit, Positions, UnitRef
from analysis.protocol.experiments import Reference, Wanted
from analysis.protocol.prompts import Prompt
from tests.analysis.interventions.asking import TOKENS, Subject, kl, neuron
from tests.analysis.models.tiny import ARCHITECTURES

ZERO = Edit(site="mlp.0", index=3, operation="zero")


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_kl_loss_and_tokens_are_those_of_plain_hooks(architecture, subject):
    asked = subject(architecture)
    edit = Edit(site="mlp.0", index=3, operation="set", value=2.0)
    answer = asked.experiment(edit, wanted=Wanted(top=3, targets=(5,)))
    before, after = asked.by_hooks({}), asked.by_hooks({"mlp.0": neuron(3, lambda a: a * 0 + 2.0)})
    near = {"abs": 1e-5, "rel": 1e-4}
    assert [p.kl for p in answer.positions] == pytest.approx(kl(before, after).tolist(), **near)
    assert max(p.kl for p in answer.positions) > 1e-3
    for position, effect in enumerate(answer.positions):
        assert effect.targets[0].before == pytest.approx(float(before[position, 5].exp()), **near)
        assert effect.targets[0].after == pytest.approx(float(after[position, 5].exp()), **near)
        for token in effect.top:
            assert token.after == pytest.approx(float(after[position, token.id].exp()), **near)
        assert {int(before[position].argmax()), int(after[position].argmax())} <= {
            token.id for token in effect.top
        }
    if asked.model.facts.causal:
        losses = [-float(after[p, TOKENS[p + 1]]) for p in range(len(TOKENS) - 1)]
        assert answer.loss_after == pytest.approx(sum(losses) / len(losses), **near)
    else:
        assert answer.loss_after is None


def test_a_change_of_logit_is_told_and_not_of_log_probability(subject):
    asked = subject()
    answer = asked.experiment(ZERO, wanted=Wanted(top=2, targets=(7,)))
    trace = asked.model.trace(torch.tensor([TOKENS]))
    clean = asked.model.logits(trace.last)[0]
    target = answer.positions[2].targets[0]
    assert target.logit_before == pytest.approx(float(clean[2, 7]), abs=1e-5)


def test_the_second_experiment_on_a_prompt_does_not_run_it_again(subject):
    asked = subject()
    assert not asked.experiment(ZERO).ran.clean_reused
    assert asked.experiment(ZERO).ran.clean_reused


def test_edits_at_some_positions_change_nothing_before_them(subject):
    asked = subject()
    late = ZERO.model_copy(update={"positions": Positions(kind="chosen", chosen=(5,))})
    answer = asked.experiment(late)
    assert [p.kl for p in answer.positions[:5]] == [0.0] * 5
    assert answer.positions[5].kl > 0
    last = ZERO.model_copy(update={"positions": Positions(kind="last", last=2)})
    assert [one.positions for one in asked.experiment(last).edits] == [(6, 7)]


def test_controls_are_the_same_edit_of_other_units_of_the_site(subject):
    asked = subject()
    answer = asked.experiment(ZERO, controls=4, seed=7)
    others = [int(name.split("/")[1]) for (name,) in answer.control_units]
    assert len(others) == 4
    assert 3 not in others
    again = asked.experiment(ZERO, controls=4, seed=7)
    assert again.control_units == answer.control_units
    for number, other in enumerate(others):
        alone = asked.experiment(ZERO.model_copy(update={"index": other}), controls=0)
        found = [p.kl_controls[number] for p in answer.positions]
        assert found == pytest.approx([p.kl for p in alone.positions], abs=1e-6)


def test_no_two_controls_are_the_same_unit_even_if_there_are_fewer_than_were_asked_for(subject):
    head = Edit(site="attn.0", index=1, operation="zero")
    asked = subject()
    drawn = asked.experiment(head, controls=8).control_units
    n_heads = asked.model.facts.n_heads
    assert sorted(drawn) == [(f"attn.0/{n}",) for n in range(n_heads) if n != 1]
    steered = Edit(
        site="resid.0",
        operation="add",
        value=1.0,
        direction=Direction(kind="unit", unit=UnitRef(site="mlp.0", index=2), normalised=True),
    )
    several = asked.experiment(steered, controls=20).control_units
    assert len(set(several)) == 20


def test_edits_of_one_unit_stay_edits_of_one_unit_in_the_control(subject):
    first = ZERO.model_copy(update={"positions": Positions(kind="chosen", chosen=(1,))})
    second = first.model_copy(
        update={"operation": "set", "value": 1.0, "positions": Positions(kind="last", last=1)}
    )
    ((one, two),) = subject().experiment(first, second).control_units
    assert one == two


def test_where_a_site_has_no_other_unit_left_there_is_no_control(subject):
    heads = [Edit(site="attn.0", index=head, operation="zero") for head in range(3)]
    assert subject().experiment(*heads).control_units == ()


def test_scale_and_add_act_on_the_clean_values_unless_they_are_chained(subject):
    asked = subject()
    first = Edit(site="mlp.0", index=3, operation="set", value=4.0)
    second = Edit(site="mlp.1", index=2, operation="scale", value=3.0)
    clean = asked.model.trace(torch.tensor([TOKENS])).values["mlp.1"][0, :, 2]
    before = asked.by_hooks({})
    for chained, change in ((False, lambda _: 3 * clean), (True, lambda a: 3 * a)):
        answer = asked.experiment(first, second, chained=chained)
        swapped = asked.experiment(second, first, chained=chained)
        puts = {"mlp.0": neuron(3, lambda a: a * 0 + 4.0), "mlp.1": neuron(2, change)}
        expected = kl(before, asked.by_hooks(puts)).tolist()
        assert [p.kl for p in answer.positions] == pytest.approx(expected, abs=1e-5, rel=1e-4)
        assert [p.kl for p in swapped.positions] == pytest.approx(expected, abs=1e-5, rel=1e-4)


def test_additions_to_one_neuron_add_up(subject):
    asked = subject()
    parts = [Edit(site="mlp.1", index=2, operation="add", value=value) for value in (1.0, 0.5)]
    whole = Edit(site="mlp.1", index=2, operation="add", value=1.5)
    upstream = Edit(site="mlp.0", index=1, operation="zero")
    for more in ((), (upstream,)):
        answer, expected = asked.experiment(*more, *parts), asked.experiment(*more, whole)
        assert answer.kl_mean == pytest.approx(expected.kl_mean, abs=1e-6)


def test_a_mean_is_taken_over_the_reference_windows_but_not_over_their_first_tokens(subject):
    asked = subject()
    windows = ((4, 5, 6), (7, 3))
    answer = asked.experiment(
        Edit(site="mlp.0", index=3, operation="mean"), reference=Reference(windows=windows)
    )
    values = []
    for window in windows:
        values += asked.model.trace(torch.tensor([window])).values["mlp.0"][0, 1:, 3].tolist()
    assert answer.edits[0].give == (pytest.approx((sum(values) / 3,), abs=1e-6),)


def test_reference_windows_are_run_once_for_all_that_ask_for_their_site(subject, monkeypatch):
    asked = subject()
    reference, edit = (
        Reference(windows=((4, 5, 6), (7, 3))),
        Edit(site="mlp.0", index=3, operation="mean"),
    )
    first = asked.experiment(edit, reference=reference)
    traced = []
    trace = asked.model.trace
    monkeypatch.setattr(
        asked.model, "trace", lambda *given, **more: traced.append(1) or trace(*given, **more)
    )
    assert asked.experiment(edit, reference=reference).edits == first.edits
    assert not traced
    asked.experiment(edit.model_copy(update={"site": "mlp.1"}), reference=reference)
    assert traced


def test_a_mean_by_position_is_one_of_the_same_positions(subject):
    asked = subject()
    windows = (TOKENS, TOKENS[::-1])
    edit = Edit(site="attn.1", index=1, operation="mean", per_position=True)
    answer = asked.experiment(edit, reference=Reference(windows=windows))
    width = asked.model.facts.d_head
    both = torch.cat([asked.model.trace(torch.tensor([w])).values["attn.1"] for w in windows])
    expected = both.mean(0)[:, width : 2 * width]
    torch.testing.assert_close(torch.tensor(answer.edits[0].give), expected)


def test_the_mean_and_deviation_that_were_sent_are_used(subject):
    asked = subject()
    n_units = sum(site.n_units for site in asked.model.sites)
    table = np.stack([np.arange(n_units), np.full(n_units, 2.0)], 1).astype(np.float32)
    around = Surroundings(lambda: None, {"sent": table}.get, asked.around.traces, "test")
    sent = Subject(asked.architecture, asked.folder, asked.model, around)
    answer = sent.experiment(
        Edit(site="mlp.0", index=3, operation="mean"), statistics="sent", controls=1
    )
    assert answer.edits[0].give == ((3.0,),)
    for moved in answer.moved:
        assert moved.sigmas == pytest.approx((moved.after - moved.before) / 2.0, abs=1e-5)


def test_resampling_draws_one_reference_window_by_the_seed(subject):
    asked = subject()
    windows = tuple(tuple((t + shift) % 6 + 3 for t in TOKENS) for shift in range(5))
    edit = Edit(site="mlp.0", index=3, operation="resample")
    reference = Reference(windows=windows)
    values = [
        asked.model.trace(torch.tensor([w])).values["mlp.0"][0, :, 3].tolist() for w in windows
    ]
    drawn = set()
    for seed in range(8):
        give = [
            row[0] for row in asked.experiment(edit, reference=reference, seed=seed).edits[0].give
        ]
        drawn |= {n for n, value in enumerate(values) if give == pytest.approx(value, abs=1e-6)}
        again = asked.experiment(edit, reference=reference, seed=seed).edits[0].give
        assert [row[0] for row in again] == give
    assert len(drawn) > 1


def test_patching_a_prompt_into_itself_changes_nothing_and_another_does(subject):
    asked = subject()
    edit = Edit(site="attn.0", index=2, operation="patch", source=Prompt(tokens=TOKENS))
    assert asked.experiment(edit).kl_mean == pytest.approx(0.0, abs=1e-7)
    other = edit.model_copy(update={"source": Prompt(tokens=TOKENS[::-1])})
    assert asked.experiment(other).kl_mean > 1e-6


def test_values_are_patched_from_the_positions_that_are_named(subject):
    asked = subject()
    edit = Edit(
        site="mlp.0",
        index=3,
        operation="patch",
        source=Prompt(tokens=(8, 8, 4)),
        positions=Positions(kind="chosen", chosen=(6, 2)),
        source_positions=(0, 2),
    )
    source = asked.model.trace(torch.tensor([(8, 8, 4)])).values["mlp.0"][0, :, 3]
    told = asked.experiment(edit).edits[0]
    assert told.positions == (2, 6)
    assert [row[0] for row in told.give] == pytest.approx([float(source[2]), float(source[0])])


def test_a_prompt_of_another_length_is_not_patched_everywhere(subject):
    edit = Edit(site="mlp.0", index=3, operation="patch", source=Prompt(tokens=(8, 4)))
    with pytest.raises(EditError, match="2 tokens, this one 8"):
        subject().experiment(edit)
    last = edit.model_copy(update={"positions": Positions(kind="last", last=2)})
    assert subject().experiment(last).edits[0].positions == (6, 7)


def test_a_units_own_direction_added_to_the_stream_is_the_unit_raised(subject):
    asked = subject()
    raised = asked.experiment(Edit(site="mlp.0", index=3, operation="add", value=1.5))
    direction = Direction(kind="unit", unit=UnitRef(site="mlp.0", index=3))
    steered = asked.experiment(
        Edit(site="resid.0", operation="add", value=1.5, direction=direction)
    )
    assert steered.kl_mean == pytest.approx(raised.kl_mean, rel=1e-4)


def test_a_difference_of_means_is_that_of_the_streams_where_it_is_added(subject):
    asked = subject()
    direction = Direction(kind="difference", towards=("the cat",), away_from=("happy",))
    told = asked.experiment(
        Edit(site="resid.0", operation="add", value=2.0, direction=direction)
    ).edits[0]
    ends = []
    for text in ("the cat", "happy"):
        tokens = [0, *asked.model.encode(text)]
        stream = asked.model.trace(torch.tensor([tokens])).streams[1][0]
        ends.append(stream[1:].mean(0))
    torch.testing.assert_close(torch.tensor(told.give[0]), 2 * (ends[0] - ends[1]))


def test_the_control_of_a_direction_is_a_random_one_of_the_same_length(subject):
    asked = subject()
    vector = tuple(float(x) for x in range(asked.model.facts.d_model))
    edit = Edit(
        site="resid.0",
        operation="add",
        value=0.1,
        direction=Direction(kind="vector", vector=vector),
    )
    answer = asked.experiment(edit, controls=2)
    assert answer.control_units == (("a random direction",), ("a random direction",))
    assert all(value > 0 for value in answer.kl_mean_controls)


def test_what_moved_downstream_is_what_the_recorder_sees(subject):
    asked = subject()
    answer = asked.experiment(ZERO, wanted=Wanted(downstream=5))
    moved = answer.moved[0]
    trace = asked.model.trace(torch.tensor([TOKENS]))
    assert {row.site for row in answer.layers} == {"mlp.1", "attn.1"}
    if moved.site == "mlp.1":
        before = float(trace.values["mlp.1"][0, moved.position, moved.index])
        assert moved.before == pytest.approx(before, abs=1e-6)
    assert all(unit.position > 0 for unit in answer.moved)
    assert abs(moved.after - moved.before) > 0


def test_neurons_behind_a_changed_head_are_downstream_of_it(subject):
    head = Edit(site="attn.0", index=1, operation="zero")
    sites = {row.site for row in subject().experiment(head, wanted=Wanted(downstream=5)).layers}
    assert sites == {"mlp.0", "mlp.1", "attn.1"}


def test_the_control_of_a_moved_unit_is_its_largest_change_wherever_that_is(subject):
    asked = subject()
    n_units = sum(site.n_units for site in asked.model.sites)
    table = np.tile(np.array([0.0, 2.0], np.float32), (n_units, 1))
    around = Surroundings(lambda: None, {"sent": table}.get, asked.around.traces, "test")
    sent = Subject(asked.architecture, asked.folder, asked.model, around)
    more = {"statistics": "sent", "wanted": Wanted(downstream=200)}
    answer = sent.experiment(ZERO, controls=1, **more)
    other = ZERO.model_copy(update={"index": int(answer.control_units[0][0].partition("/")[2])})
    alone = {(one.site, one.index): one for one in sent.experiment(other, controls=0, **more).moved}
    controls = [alone[one.site, one.index] for one in answer.moved]
    told = [one.control for one in answer.moved]
    assert told == pytest.approx([one.sigmas for one in controls], abs=1e-5)
    pairs = zip(answer.moved, controls, strict=True)
    assert any(one.position != control.position for one, control in pairs)


def test_the_lens_ends_with_what_the_model_says(subject):
    asked = subject()
    answer = asked.experiment(ZERO, wanted=Wanted(top=5, lens_position=4))
    layers = asked.model.facts.n_layers
    assert [row.layer for row in answer.lens] == list(range(layers))
    best, probability = answer.lens[-1].after[0]
    top = max(answer.positions[4].top, key=lambda token: token.after)
    assert (best.id, probability) == (top.id, pytest.approx(top.after, abs=1e-5))
    assert answer.lens[-1].kl == pytest.approx(answer.positions[4].kl, abs=1e-5)


def test_without_edits_the_clean_run_is_told(subject):
    answer = subject().experiment()
    assert answer.kl_mean == 0.0
    assert answer.positions[0].top[0].before == answer.positions[0].top[0].after


def test_an_experiment_goes_through_json_unchanged(subject):
    answer = subject().experiment(ZERO, controls=2, wanted=Wanted(targets=(5,)))
    assert type(answer).model_validate_json(answer.model_dump_json()) == answer
