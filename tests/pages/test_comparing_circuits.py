"""Someone puts two circuits side by side."""

import math
import re

import pytest
from starlette.testclient import TestClient

from analysis.protocol.circuits import Circuit, Graph, Node
from analysis.protocol.edits import UnitRef
from app.rendering.circuit_comparison import by_chance, compare, effects_of, pearson
from tests.pages.test_reading_a_circuit import CIRCUITS, drawn, words_of


def circuit(effects: dict[int, float], n_units: int | None = 20) -> Circuit:
    """Neurons of mlp.0 by index."""
    nodes = tuple(
        Node(id=f"n{index}", kind="neuron", layer=0, unit=UnitRef(site="mlp.0", index=index),
             effect=effect)
        for index, effect in effects.items()
    )  # fmt: skip
    return Circuit(graph=Graph(prompt="a", tokens=("a",), n_layers=1, nodes=nodes), n_units=n_units)


def test_shared_and_differing_units_are_told_apart_the_strongest_first() -> None:
    compared = compare(circuit({1: 0.1, 2: -0.9, 3: 0.5}), circuit({2: 0.2, 3: 0.6, 4: 1.0}))
    assert [(pair.unit, pair.first, pair.second) for pair in compared.shared] == [
        (("mlp.0", 2), -0.9, 0.2), (("mlp.0", 3), 0.5, 0.6),
    ]  # fmt: skip
    assert [pair.unit[1] for pair in compared.only_first] == [1]
    assert [pair.unit[1] for pair in compared.only_second] == [4]
    assert compared.jaccard == 0.5
    assert compared.n_agree == 1


def test_effects_at_several_positions_add_up() -> None:
    unit = UnitRef(site="attn.0", index=1)
    nodes = tuple(
        Node(id=f"h{at}", kind="head", layer=0, position=at, unit=unit, effect=9.0, exact=value)
        for at, value in ((0, 0.5), (1, -0.2))
    )
    two = Circuit(graph=Graph(prompt="ab", tokens=("a", "b"), n_layers=1, nodes=nodes))
    assert effects_of(two) == {("attn.0", 1): pytest.approx(0.3)}


def test_chance_is_that_of_random_sets_of_the_same_sizes() -> None:
    """2 and 2 of 4: they share 0, 1, 2 with chances 1/6, 4/6, 1/6; Jaccard 0, 1/3, 1."""
    chance = by_chance(2, 2, 4, 2)
    assert chance.jaccard == pytest.approx(4 / 6 / 3 + 1 / 6)
    assert chance.p == pytest.approx(1 / 6)
    assert chance.high == 1.0
    assert by_chance(2, 2, 4, 1).p == pytest.approx(5 / 6)
    assert by_chance(3, 3, 4, 2).p == pytest.approx(1.0)


def test_chance_of_large_circuits_is_a_number() -> None:
    chance = by_chance(2_000, 3_000, 46_350, 150)
    assert math.isfinite(chance.p)
    assert chance.jaccard == pytest.approx(129.4 / 4870, rel=0.01)


def test_nothing_is_said_of_chance_where_the_number_of_units_is_unknown() -> None:
    assert compare(circuit({1: 1.0}, None), circuit({1: 1.0}, None)).chance is None


def test_a_correlation_needs_three_units_that_differ() -> None:
    assert pearson([(1.0, 2.0), (2.0, 4.0)]) is None
    assert pearson([(1.0, 1.0), (1.0, 2.0), (1.0, 3.0)]) is None
    assert pearson([(0.1, 1.0), (0.1, 2.0), (0.1, 4.0)]) is None  # 3 × 0.1 / 3 is not 0.1
    assert pearson([(1.0, -1.0), (2.0, -2.0), (3.0, -3.0)]) == pytest.approx(-1.0)


def test_the_page_has_both_effects_of_what_is_shared(pages: TestClient) -> None:
    first, second = drawn(pages), drawn(pages, "names-again")
    compared = compare(first, second)
    assert compared.shared
    page = pages.get(f"{CIRCUITS}/names/compare?with=synthetic/names-again")
    assert page.status_code == 200
    said = words_of(page.text)
    assert f"shared {len(compared.shared)} " in said
    assert f"only in the first {len(compared.only_first)} " in said
    site, index = compared.shared[0].unit
    row = re.search(rf"<code>{site}/{index}</code>.*?</tr>", page.text)
    assert row is not None
    values = [float(value) for value in re.findall(r'value="([^"]*)"', row[0])]
    assert values == [compared.shared[0].first, compared.shared[0].second]
    assert "one in twenty above" in said


def test_a_slug_alone_is_of_the_same_model(pages: TestClient) -> None:
    answer = pages.get(f"{CIRCUITS}/names/compare?with=names")
    assert answer.status_code == 200
    assert "Only in the first 0 None." in words_of(answer.text)


def test_imported_graphs_without_units_can_be_compared_to_nothing(pages: TestClient) -> None:
    said = words_of(pages.get(f"{CIRCUITS}/imported/compare?with=imported").text)
    assert "undefined: no neurons or heads" in said
    assert "unknown: nothing says how many units the model has" in said
