"""Whole searches on models whose circuits are known."""

from dataclasses import replace

import pytest
import torch

from analysis.circuits.attribution import attribute
from analysis.circuits.backups import find_backups
from analysis.circuits.edges import EMBEDDING, LOGITS, find_edges
from analysis.circuits.effects import estimate, measure
from analysis.circuits.finding import Asked, Search
from analysis.circuits.graphing import Drawing
from analysis.circuits.judging import judge_of
from analysis.circuits.keeping import batches, trace_pairs
from analysis.circuits.nested import rank_nested
from analysis.circuits.planted.asking import METRIC, task_pairs
from analysis.circuits.planted.truth import Node
from analysis.circuits.rooms import Hypothesis, rooms_of
from analysis.circuits.scrubbing import scrub
from analysis.circuits.units import Units
from analysis.errors import TaskError
from analysis.protocol.edits import UnitRef
from analysis.tasks.prompting import Prompted
from analysis.tasks.task import Metric


@pytest.fixture(scope="session")
def searched(subject):
    """A search of all that a planted model's circuit is, once per kind."""
    made = {}

    def of(kind):
        if kind not in made:
            planted, _ = subject(kind)
            pairs = tuple(task_pairs(planted.planted))
            parts = Prompted(pairs[:4], pairs[4:])
            search = Search(planted.model, METRIC, parts, Asked(steps=40))
            made[kind] = planted, pairs, search.run()
        return made[kind]

    return of


def node_of(units, number):
    ref = units.ref(number)
    return Node(ref.site, ref.index)


@pytest.mark.parametrize("kind", ["induction", "token AND", "chain", "distractor", "sum of two"])
def test_a_planted_circuit_is_found_and_nothing_else(searched, kind):
    planted, _, found = searched(kind)
    kept = {node_of(found.units, number) for number in found.kept}
    assert planted.planted.causal <= kept
    assert len(kept - planted.planted.positions.keys()) <= 1
    proof = found.proofs[0]
    assert proof.faithfulness.value > 0.85
    assert proof.completeness.value < 0.15


@pytest.mark.parametrize("kind", ["backup", "either of two"])
def test_backups_are_found_though_alone_they_do_nothing(searched, kind):
    planted, pairs, _ = searched(kind)
    units = Units(tuple(planted.model.sites))
    sides = trace_pairs(planted.model, METRIC, pairs)
    exact = measure(sides, units, range(len(units)))
    gap = judge_of(batches(planted.model, METRIC, pairs), units).gap
    matter = [number for number, effect in exact.items() if abs(effect) > 0.05 * gap]
    found = find_backups(batches(planted.model, METRIC, pairs), units, matter, gap)
    named = {node_of(units, each.backup) for each in found}
    assert named == set(planted.planted.backups)


@pytest.mark.parametrize("kind", ["chain", "induction", "saturation", "cancelling"])
def test_links_of_a_planted_circuit_are_stronger_than_all_others(searched, kind):
    planted, pairs, _ = searched(kind)
    units = Units(tuple(planted.model.sites))
    sides = trace_pairs(planted.model, METRIC, pairs)
    ends = {EMBEDDING: Node("embedding"), LOGITS: Node("logits")}
    true, false = [], []
    for edge in find_edges(sides, units, range(len(units)))[0]:
        way = tuple(
            ends[number] if number < 0 else node_of(units, number)
            for number in (edge.source, edge.target)
        )
        (true if way in planted.planted.edges else false).append(abs(edge.weight))
    assert len(true) == len(planted.planted.edges)
    assert min(true) > max(false)


def test_what_goes_into_a_node_adds_up_to_what_it_does(searched):
    """Of neurons that only add up what they read, so that nothing is between."""
    planted, pairs, _ = searched("chain")
    units = Units(tuple(planted.model.sites))
    sides = trace_pairs(planted.model, METRIC, pairs)
    exact = measure(sides, units, range(len(units)))
    last = max(
        number for number in range(len(units)) if node_of(units, number) in planted.planted.causal
    )
    edges = [edge for edge in find_edges(sides, units, range(len(units)))[0] if edge.target == last]
    assert sum(edge.weight for edge in edges) == pytest.approx(-exact[last], rel=0.02)


@pytest.mark.parametrize("kind", ["copy suppression", "sum of two", "backup", "saturation"])
def test_links_go_between_the_positions_where_their_nodes_were_planted(searched, kind):
    planted, pairs, found = searched(kind)
    last = len(pairs[0].clean.tokens) - 1
    changed = pairs[0].changed
    places = {number: planted.planted.positions.get(node_of(found.units, number), ())
              for number in found.kept} | {EMBEDDING: changed, LOGITS: (last,)}  # fmt: skip
    assert found.edges
    for edge in found.edges:
        at, to, weight = edge.ways[0]
        assert at in places[edge.source]
        assert to in places[edge.target]
        assert abs(weight) >= abs(edge.ways[-1][2])


@pytest.mark.parametrize("kind", ["chain", "sum of two", "distractor"])
def test_the_ways_of_a_link_add_up_where_none_masks_another(searched, kind):
    _planted, _pairs, found = searched(kind)
    for edge in find_edges([found.shown], found.units, found.kept)[0]:
        ways = [one.ways for one in found.edges if is_same_link(one, edge)]
        together = sum(weight for _at, _to, weight in ways[0]) if ways else 0.0
        assert together == pytest.approx(edge.weight, rel=0.02, abs=1e-3 * abs(found.gap))


def is_same_link(one, other):
    return (one.source, one.target) == (other.source, other.target)


def test_estimates_are_atp_and_tell_by_the_size_of_the_step_how_far_they_may_be_off(searched):
    planted, pairs, _ = searched("chain")
    model, units = planted.model, Units(tuple(planted.model.sites))
    estimates, (sides,) = estimate(model, METRIC, pairs, units)
    names = [site.name for site in model.sites]
    scores = attribute(sides, "atp", names)
    means = units.in_a_row({name: scores[name].sum(1).mean(0) for name in names})
    torch.testing.assert_close(estimates.effect, means, rtol=1e-4, atol=1e-6)

    slopes = model.differentiate(sides.clean, lambda last: sides.values(last).sum(), ["resid.1"])
    stream = sides.clean.streams[2]
    for index in range(3):
        moved = sides.counterfactual.values["mlp.1"] - sides.clean.values["mlp.1"]
        step = moved[:, :, index, None] * model.output_vectors("mlp.1")[index]
        ratio = step.norm(dim=-1) / stream.norm(dim=-1)
        doubt = (slopes["resid.1"].norm(dim=-1) * step.norm(dim=-1) * ratio).sum(1)
        expected = doubt.square().mean().sqrt()
        number = units.number(UnitRef(site="mlp.1", index=index))
        torch.testing.assert_close(estimates.doubt[number], expected, rtol=1e-4, atol=1e-8)


def test_a_ranking_is_the_same_for_the_same_seed_and_another_for_another(searched):
    planted, pairs, _ = searched("sum of two")
    units = Units(tuple(planted.model.sites))
    batched = batches(planted.model, METRIC, pairs)
    first = torch.linspace(1, 2, len(units))
    one, again, other = (
        rank_nested(batched, units, first, steps=6, seed=seed) for seed in (0, 0, 1)
    )
    assert one.tolist() == again.tolist() != other.tolist()
    assert sorted(one.tolist()) == list(range(len(units)))


def test_a_ranking_learns_where_the_first_one_was_wrong(searched):
    planted, pairs, _ = searched("chain")
    units = Units(tuple(planted.model.sites))
    true = torch.tensor(
        [node_of(units, number) in planted.planted.causal for number in range(len(units))]
    )
    wrong = torch.where(true, 0.5, 1.0) * torch.linspace(1, 1.1, len(units))
    order = rank_nested(batches(planted.model, METRIC, pairs), units, wrong, steps=120)
    places = order.argsort()[true]
    assert (
        float(places.float().mean())
        < wrong.argsort(descending=True).argsort()[true].float().mean() / 2
    )


def test_scrubbing_recovers_all_where_the_units_carry_what_is_said_and_nothing_where_none_do(
    searched,
):
    planted, pairs, found = searched("chain")
    units = found.units
    rooms = rooms_of(planted.model, METRIC, pairs)
    carriers = [
        number for number in range(len(units)) if node_of(units, number) in planted.planted.causal
    ]
    others = [number for number in range(len(units)) if number not in carriers]
    hypotheses = [Hypothesis(dict.fromkeys(each, "side")) for each in (carriers, others)]
    found = [scrub(rooms, units, hypotheses, seed=seed) for seed in range(12)]
    carried, idle = (sum(each[at].recovered.value for each in found) / len(found) for at in (0, 1))
    assert carried > 0.8
    assert abs(idle) < 0.2
    assert [room.n_pairs for room in rooms] == [len(pairs)]


def test_of_a_task_without_words_it_is_said_that_the_first_one_cannot_be_scrubbed(searched):
    _, _, found = searched("chain")
    (proof, *_) = found.proofs
    assert {each.feature for each in proof.scrubs} == {"answer", "template", "side"}
    assert [remark for remark in proof.remarks if "first word" in remark] == [
        "Whether the circuit carries the first word cannot be tested: the task does not say it of "
        "its prompts."
    ]


def test_the_graph_holds_together_and_says_every_effect_with_its_sign(searched):
    _planted, pairs, found = searched("copy suppression")
    texts = [str(token) for token in range(200)]
    graph = Drawing(found, pairs[0], METRIC, texts).graph()
    kept = {node.id: node for node in graph.nodes if node.unit is not None}
    assert len(kept) == len(found.kept)
    assert {node.kind for node in graph.nodes} >= {"embedding", "logit", "rest"}
    for number in found.kept:
        ref = found.units.ref(number)
        node = kept[f"{ref.site}/{ref.index}"]
        assert node.exact == pytest.approx(-found.exact[number].value)
    for node in graph.nodes:
        assert all(position < len(graph.tokens) for position, _ in node.places)


def test_backups_are_found_where_the_network_does_the_opposite_of_the_task(searched):
    """Right and wrong answers exchanged: the metric falls where it rose, and no name changes."""
    planted, pairs, _ = searched("backup")
    turned = [pair.model_copy(update={"right": pair.wrong, "wrong": pair.right}) for pair in pairs]
    units = Units(tuple(planted.model.sites))
    told = []
    for some in (pairs, turned):
        batched = batches(planted.model, METRIC, some)
        gap = judge_of(batched, units).gap
        told.append(find_backups(batched, units, range(len(units)), gap))
    assert [(each.ablated, each.backup) for each in told[0]] == [
        (each.ablated, each.backup) for each in told[1]
    ]
    assert {node_of(units, each.backup) for each in told[0]} >= set(planted.planted.backups)


def test_a_circuit_of_one_unit_is_drawn_and_proved(searched):
    """All its ways go to the logits."""
    planted, pairs, _ = searched("chain")
    asked = Asked(steps=4, most_units=1)
    found = Search(planted.model, METRIC, Prompted(pairs, ()), asked).run()
    assert len(found.kept) == 1
    assert {edge.target for edge in found.edges} <= {LOGITS, *found.kept}
    assert found.proofs[0].n_kept == 1


KL = Metric(kind="kl")


def test_of_kl_the_search_finds_the_same_circuit_and_tells_estimates_of_both_ends(searched):
    planted, pairs, _ = searched("chain")
    found = Search(planted.model, KL, Prompted(pairs, ()), Asked(steps=40)).run()
    assert planted.planted.causal <= {node_of(found.units, number) for number in found.kept}
    assert found.gap < 0, "KL rises when units are ablated"
    carriers = [n for n in found.kept if node_of(found.units, n) in planted.planted.causal]
    for number in carriers:
        assert float(found.estimates.effect[number]) > 0
        assert found.exact[number].value > 0
    assert found.backups == ()


@pytest.mark.parametrize("method", ["atp", "relp", "atp_star"])
def test_nothing_is_ranked_by_a_gradient_that_is_0(searched, method):
    planted, pairs, _ = searched("chain")
    search = Search(planted.model, KL, Prompted(pairs, ()), Asked(method=method))
    with pytest.raises(TaskError, match="least on the clean prompt") as caught:
        search.run()
    assert "--method nested" in caught.value.hint


@pytest.mark.parametrize("kind", ["backup", "either of two"])
def test_a_search_confirms_what_backs_up_by_ablating_both(searched, kind):
    planted, pairs, found = searched(kind)
    told = Drawing(found, pairs[0], METRIC, [str(token) for token in range(200)])
    backups = [each for each in found.backups if each.stands]
    assert {node_of(found.units, each.backup) for each in backups} >= set(planted.planted.backups)
    judge = judge_of(batches(planted.model, METRIC, pairs[:4]), found.units)
    for each, said in zip(found.backups, told.backups(), strict=True):
        one, other, both = (
            judge.whole.mean() - judge.values(without(found.units, gone)).mean()
            for gone in ([each.ablated], [each.backup], [each.ablated, each.backup])
        )
        assert each.exact == pytest.approx(both - one - other, abs=1e-4)
        assert (said.exact, said.estimated, said.confirmed) == (each.exact, each.rise, True)


def without(units, gone):
    keep = torch.ones(len(units))
    keep[gone] = 0.0
    return keep


def test_a_backup_that_running_both_does_not_confirm_is_not_flagged(searched):
    _, pairs, found = searched("backup")
    texts = [str(token) for token in range(200)]
    refuted = replace(
        found, backups=tuple(replace(each, confirmed=False) for each in found.backups)
    )
    flags = [
        {flag for node in Drawing(one, pairs[0], METRIC, texts).graph().nodes
         for flag in node.flags if "backup" in flag}
        for one in (found, refuted)
    ]  # fmt: skip
    assert "has a backup" in flags[0]
    assert flags[1] == set()


def test_a_search_says_how_far_its_links_agree_with_path_patching(searched):
    _, pairs, found = searched("cancelling")
    told = found.link_agreement
    assert told.r > 0.99
    assert told.n_top == told.n_random <= 24
    graph = Drawing(found, pairs[0], METRIC, [str(token) for token in range(200)]).graph()
    run = [link for link in graph.links if link.exact is not None]
    assert run
    assert all(link.target != "logits" for link in run)
    for link in run:
        assert link.exact == pytest.approx(link.weight, rel=0.2, abs=0.02)
