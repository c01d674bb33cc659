"""Someone puts two circuits side by side."""

import re

import pytest
from starlette.testclient import TestClient

from analysis.protocol.circuits import Circuit, Graph, Node
from analysis.protocol.edits import UnitRef
from analysis.score.overlap import by_chance
from app.rendering.circuit_comparison import compare, effects_of
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


def test_nothing_is_said_of_chance_where_the_number_of_units_is_unknown() -> None:
    assert compare(circuit({1: 1.0}, None), circuit({1: 1.0}, None)).chance is None


def test_of_models_with_other_numbers_of_units_there_is_no_chance() -> None:
    """Not even out of the larger of the two."""
    few, many = circuit({1: 1.0}, 20), circuit({1: 1.0}, 4_000)
    assert compare(few, many, one_model=False).chance is None
    assert compare(few, circuit({1: 1.0}, None), one_model=False).chance is None
    assert compare(few, circuit({1: 1.0}, 20), one_model=False).chance == by_chance(1, 1, 20, 1)


def test_of_one_model_it_is_enough_that_one_circuit_says_how_many_units_it_has() -> None:
    known, unknown = circuit({1: 1.0}, 20), circuit({1: 1.0}, None)
    assert compare(unknown, known).chance == by_chance(1, 1, 20, 1)
    assert compare(known, circuit({1: 1.0}, 21)).chance is None


@pytest.mark.parametrize(
    ("effects", "r"),
    [
        ([(1.0, 2.0), (2.0, 4.0)], None),
        ([(1.0, 1.0), (1.0, 2.0), (1.0, 3.0)], None),
        ([(0.1, 1.0), (0.1, 2.0), (0.1, 4.0)], None),  # 3 × 0.1 / 3 is not 0.1
        ([(1.0, -1.0), (2.0, -2.0), (3.0, -3.0)], -1.0),
        ([(1.0, 1.0), (2.0, 3.0), (3.0, 2.0)], 0.5),
    ],
)
def test_a_correlation_needs_three_shared_units_that_differ(
    effects: list[tuple[float, float]], r: float | None
) -> None:
    first, second = (dict(enumerate(column)) for column in zip(*effects, strict=True))
    found = compare(circuit(first), circuit(second)).r
    assert found == (r if r is None else pytest.approx(r))


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
