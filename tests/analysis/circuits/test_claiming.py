"""Claims about the neurons of planted models, of which it is known what they carry."""

import pytest

from analysis.circuits.claiming import hold, twins_of
from analysis.circuits.planted.asking import METRIC, task_pairs
from analysis.circuits.rooms import Hypothesis, rooms_of
from analysis.circuits.scrubbing import prompts_of, values_of, whole_values
from analysis.circuits.units import Units
from analysis.protocol.edits import UnitRef

SEEDS = range(6)


class Claiming:
    def __init__(self, planted):
        self.pairs = [
            pair.model_copy(update={"words": (f"word {number % 2}",)})
            for number, pair in enumerate(task_pairs(planted.planted))
        ]
        self.rooms = rooms_of(planted.model, METRIC, self.pairs)
        self.units = Units(tuple(planted.model.sites))
        self.last = f"token {len(self.pairs[0].clean.tokens) - 1}"
        self.causal = [
            self.units.number(UnitRef(site=node.site, index=node.index))
            for node in sorted(planted.planted.causal)
        ]

    def of(self, numbers, feature, kept=(), *, keeps_others=True, seed=0):
        return hold(
            dict.fromkeys(numbers, feature),
            frozenset(kept) - set(numbers),
            keeps_others=keeps_others,
            seed=seed,
            whole=whole_values(self.rooms),
            prompts=prompts_of(self.rooms),
            run=lambda one: values_of(self.rooms, self.units, one, seed=seed),
        )


@pytest.fixture(scope="module")
def chain(subject):
    """Each of three neurons reads only the one before, the first of them the last token."""
    return Claiming(subject("chain")[0])


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_neuron_that_carries_the_feature_loses_nothing_by_another_prompts_value(chain, place):
    found = chain.of([chain.causal[place]], chain.last, chain.causal)
    assert found.explained.value == pytest.approx(1, abs=0.02)
    assert found.recovered.value == pytest.approx(found.everything.value, abs=0.02)
    assert found.recovered.value > found.nothing.value + 0.2


def test_a_neuron_said_to_carry_what_it_does_not_recovers_no_more_than_any_prompts_value(chain):
    for feature in ("word 0", "template"):
        runs = [chain.of(chain.causal[:1], feature, chain.causal, seed=seed) for seed in SEEDS]
        assert sum(each.explained.value for each in runs) / len(runs) < 0.3


def test_the_rest_of_the_circuit_computes_from_what_the_claimed_units_give_it(chain):
    """Otherwise no neuron but the last would matter."""
    found = chain.of(chain.causal[:1], chain.last, chain.causal)
    assert found.matter.value > 0.2


def test_with_nothing_said_of_the_others_one_neuron_of_a_row_does_nothing_alone(chain):
    alone = chain.of(chain.causal[:1], chain.last, chain.causal, keeps_others=False)
    assert alone.matter.value == pytest.approx(0, abs=0.02)
    last = chain.of(chain.causal[-1:], chain.last, chain.causal, keeps_others=False)
    assert last.recovered.value == pytest.approx(1, abs=0.05)


def test_neurons_of_no_effect_leave_nothing_to_explain(chain):
    idle = next(n for n in range(len(chain.units)) if n not in chain.causal)
    found = chain.of([idle], "side", [*chain.causal, idle])
    assert found.matter.value == pytest.approx(0, abs=0.02)


def test_the_random_units_are_others_of_the_circuit_and_none_where_they_are_too_few(chain):
    first, *others = chain.causal
    assert twins_of({first: "side"}, frozenset(others), 0).keys() <= set(others)
    assert twins_of(dict.fromkeys([first, 99, 98], "side"), frozenset(others), 0) == {}
    assert chain.of(chain.causal, "side", chain.causal).random is None
    assert chain.of([first], "side", chain.causal).random is not None


def test_random_units_that_do_not_carry_it_recover_what_nothing_does(chain):
    first, middle, last = chain.causal
    idle = [number for number in range(len(chain.units)) if number not in chain.causal][:3]
    found = chain.of([last], chain.last, [last, *idle])
    assert found.random.value == pytest.approx(found.nothing.value, abs=0.02)
    assert found.everything.value > found.random.value + 0.2
    carrying = chain.of([first], chain.last, [first, middle, last])
    assert carrying.random.value == pytest.approx(carrying.everything.value, abs=0.02)


def test_of_two_claims_the_random_units_take_over_one_feature_each():
    twins = twins_of({0: "side", 1: "answer"}, frozenset(range(10, 20)), 3)
    assert sorted(twins.values()) == ["answer", "side"]
    assert twins == twins_of({0: "side", 1: "answer"}, frozenset(range(10, 20)), 3)


def test_units_with_their_own_values_in_all_of_a_network_are_the_whole_network(chain):
    own = Hypothesis({}, own=frozenset(range(len(chain.units))))
    computed = Hypothesis({}, computed=frozenset(range(len(chain.units))))
    whole = whole_values(chain.rooms)
    for hypothesis in (own, computed):
        values = values_of(chain.rooms, chain.units, hypothesis, seed=0)
        assert values == pytest.approx(whole, abs=1e-4)


def test_hypotheses_that_differ_in_one_unit_draw_the_same_for_all_others(chain):
    room, n = chain.rooms[0], len(chain.units)
    one = room._donors(n, Hypothesis({}), [0, 4, 0])
    other = room._donors(n, Hypothesis({2: "side"}, own=frozenset([5])), [0, 4, 0])
    named = [2, 5]
    left = [number for number in range(n) if number not in named]
    assert (one[:, left] == other[:, left]).all()
    assert other[:, 5].tolist() == list(range(room.n_pairs))


def test_a_donor_is_of_another_pair_and_has_the_feature(chain):
    room = chain.rooms[0]
    n, rows = room.n_pairs, range(room.n_pairs)
    drawn = room._donors(len(chain.units), Hypothesis({0: "side"}), [1, 4, 0])
    assert all(drawn[row, 0] < n for row in rows)
    assert all(row not in (drawn[row] % n).tolist() for row in rows)
    assert drawn[:, 1:].max() >= n


def test_prompts_of_many_batches_lend_to_each_other(subject):
    planted, _ = subject("chain")
    pairs = task_pairs(planted.planted)
    (few,) = rooms_of(planted.model, METRIC, pairs)
    (many,) = rooms_of(planted.model, METRIC, [*pairs, *pairs])
    assert (len(few.sides), len(many.sides), many.n_pairs) == (1, 2, 2 * len(pairs))
    for site, values in few.values.items():
        clean, other = values.split(len(pairs))
        told = many.values[site]
        assert told.shape[0] == 2 * values.shape[0]
        assert told[len(pairs) : 2 * len(pairs)].allclose(clean, atol=1e-5)
        assert told[-len(pairs) :].allclose(other, atol=1e-5)


def test_one_pair_alone_can_lend_nothing(subject):
    planted, _ = subject("chain")
    with pytest.raises(ValueError, match="same length"):
        rooms_of(planted.model, METRIC, task_pairs(planted.planted)[:1])
