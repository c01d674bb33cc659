"""What is drawn and said of a circuit: where nodes stand, in which turn they are kept, curves."""

import re
from xml.etree import ElementTree

import pytest

from analysis.protocol.circuits import Circuit, Graph, Link, Node
from analysis.protocol.edits import UnitRef
from analysis.protocol.proofs import Curve, Estimate, Point, Proof
from app.bench.made_circuits import make_circuit, make_imported
from app.bench.made_proofs import make_proof
from app.rendering.circuit import (
    edit_line,
    estimate,
    node_name,
    order_of,
    plus,
    said_label,
    shown_proof,
    standing,
    strength,
)
from app.rendering.circuit_drawing import drawing_of
from app.rendering.circuit_rows import PER_PAGE, Rows, page_of
from app.rendering.circuit_strip import effect_strip
from app.rendering.proof_curves import completeness_curves, faithfulness_curves

HEAD = UnitRef(site="attn.1", index=2)
NEURON = UnitRef(site="mlp.0", index=7)


def node(name: str = "n", **more: object) -> Node:
    return Node.model_validate({"id": name, "kind": "neuron", "layer": 0, **more})


def circuit(*nodes: Node, ranking: tuple[tuple[UnitRef, float], ...] = ()) -> Circuit:
    graph = Graph(prompt="abc", tokens=("a", "b", "c"), n_layers=2, nodes=nodes)
    return Circuit(graph=graph, ranking=ranking)


def parse(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)  # noqa: S314 - our own markup


def test_a_node_stands_at_its_position_or_where_it_acts_most_or_at_the_end() -> None:
    assert standing(node(position=1, places=((0, 9.0),)), 3) == 1
    assert standing(node(places=((0, 0.5), (2, -0.75))), 3) == 2
    assert standing(node(), 3) == 2
    assert standing(node(places=((9, 5.0), (1, 0.25))), 3) == 1


def test_what_is_ranked_is_kept_first_and_a_unit_at_two_positions_has_one_turn() -> None:
    found = circuit(
        node("strong", effect=9.0, unit=UnitRef(site="mlp.0", index=1)),
        node("early", position=0, effect=0.5, unit=HEAD, kind="head"),
        node("late", position=2, effect=0.25, unit=HEAD, kind="head"),
        node("first", effect=0.125, unit=NEURON),
        node("token", kind="embedding", layer=-1, effect=99.0),
        ranking=((NEURON, 3.0), (HEAD, 2.0)),
    )
    assert order_of(found) == {"first": 0, "early": 1, "late": 1, "strong": 2}


def test_without_a_ranking_the_strongest_is_kept_first() -> None:
    found = circuit(
        node("weak", kind="feature", influence=0.1),
        node("strong", kind="feature", influence=0.5),
        node("wrong", kind="error", influence=0.25),
    )
    assert order_of(found) == {"strong": 0, "wrong": 1, "weak": 2}


def test_nodes_are_called_by_their_unit_or_by_what_else_they_are() -> None:
    assert node_name(node(unit=NEURON, label="x")) == "mlp.0/7"
    assert (
        node_name(node(kind="embedding", layer=-1, label=" a\n", position=0))
        == "embedding of “·a↵”"
    )
    assert node_name(node(kind="rest", layer=3)) == "rest of layer 3"
    told = node_name(node(kind="logit", layer=2, label=" so", probability=0.125))
    assert told == "logit of “·so”, 12.5\u202f%"
    assert node_name(node("17_3", kind="feature")) == "feature 17_3"
    assert node_name(node(kind="embedding", layer=-1, label="embedding")) == "embedding"
    assert node_name(node(kind="logit", layer=2, label="Ann, not Tom")) == "output: Ann, not Tom"


def test_a_label_that_only_repeats_the_name_is_not_said_twice() -> None:
    assert said_label(node(unit=NEURON, label="mlp.0/7")) == ""
    assert said_label(node(unit=NEURON, label="moves names")) == "moves names"
    assert said_label(node(kind="feature", label="moves names")) == ""


def test_without_any_effect_what_it_does_at_its_positions_counts() -> None:
    assert strength(node(places=((0, 0.5), (1, -0.25)))) == 0.25
    assert strength(node(places=((0, 0.5),), effect=0.125)) == 0.125
    assert strength(node(places=((0, 0.5),), effect=0.125, exact=0.0)) == 0.0


@pytest.mark.parametrize(
    ("position", "ablation", "line"),
    [
        (None, "resample", "attn.1/2 = resample"), (2, "mean", "attn.1/2 = mean @ 2"),
        (0, "zero", "attn.1/2 = 0 @ 0"), (None, None, "attn.1/2 = 0"),
    ],
)  # fmt: skip
def test_a_node_is_ablated_as_its_circuit_was_found(
    position: int | None, ablation: str | None, line: str
) -> None:
    assert edit_line(node(unit=HEAD, kind="head", position=position), ablation) == line


def test_no_edit_reaches_what_is_no_unit() -> None:
    assert edit_line(node(kind="rest"), "zero") is None


def test_numbers_have_their_sign_and_unknown_ones_are_words() -> None:
    assert ">+0.250<" in plus(0.25)
    assert ">−0.250<" in plus(-0.25)
    assert ">0<" in plus(0.0)
    assert "undefined" in plus(None)
    assert "undefined" in estimate(None)
    assert "no interval" in estimate(Estimate(value=0.5))
    assert "[−0.25, 1.00]" in estimate(Estimate(value=-0.001, low=-0.25, high=1.0))
    assert ">0.00<" in estimate(Estimate(value=-0.001))


def test_the_effect_by_position_is_told_in_colours_and_in_words() -> None:
    strip = effect_strip(node(places=((0, -0.5), (2, 1.0))), ("a", "b", "<c>"))
    assert 'class="tok t-p20"' in strip
    assert re.search(r'class="tok t-n\d+" title="0: −0.500">a<', strip)
    assert "&lt;c&gt;" in strip
    assert "1.00 at 2" in strip
    assert effect_strip(node(), ("a",)) == ""


def test_of_a_long_prompt_the_strip_shows_where_the_node_acts() -> None:
    words = tuple(f"w{n}" for n in range(500))
    strip = effect_strip(node(places=((400, 1.0),)), words)
    assert strip.count('class="tok') == 120
    assert ">w400<" in strip
    assert ">w1<" not in strip


def test_rows_without_a_value_come_last_both_ways() -> None:
    rows = Rows(circuit(node("a", exact=0.5), node("b"), node("c", exact=-1.0)))
    up = rows.nodes(sort="exact", order="asc", page=1)
    down = rows.nodes(sort="exact", order="desc", page=1)
    assert [row.node.id for row in up.rows] == ["c", "a", "b"]
    assert [row.node.id for row in down.rows] == ["a", "c", "b"]


def test_rows_count_links_and_tell_the_heaviest() -> None:
    graph = Graph(
        prompt="a", tokens=("a",), n_layers=1, nodes=(node("a"), node("b"), node("c")),
        links=(
            Link(source="a", target="c", weight=0.25), Link(source="b", target="c", weight=-0.5),
        ),
    )  # fmt: skip
    rows = Rows(Circuit(graph=graph))
    into, out = rows.links_of("c", 1)
    assert [(link.source.node.id, link.weight) for link in into] == [("b", -0.5)]
    assert out == []
    assert rows.by_id["c"].n_into == 2
    assert [link.weight for link in rows.links(page=1).rows] == [-0.5, 0.25]


def test_pages_begin_at_one_and_end() -> None:
    assert page_of([], 1).n_pages == 1
    last = page_of(range(PER_PAGE + 1), 2)
    assert (last.rows, last.n_pages, last.n_rows) == ([PER_PAGE], 2, PER_PAGE + 1)


def test_the_drawing_has_places_of_what_is_summed_and_no_markup() -> None:
    drawn = drawing_of(
        circuit(node("a", places=((0, 0.5), (7, 1.0)), unit=NEURON), node("b", position=1)),
        {}, labels={("mlp.0", 7): "said"}, ablation="mean",
    )  # fmt: skip
    first, second = drawn["nodes"]
    assert first["places"] == [[0, 0.5]]  # 7 is behind the prompt
    assert first["label"] == "said"
    assert first["edit"] == "mlp.0/7 = mean"
    assert "places" not in second


def test_an_imported_node_says_that_its_size_is_an_influence() -> None:
    drawn = drawing_of(make_imported(), {}, labels={}, ablation=None)
    assert {one["known"] for one in drawn["nodes"] if one["kind"] == "feature"} == {"influence"}
    assert all(one["edit"] is None for one in drawn["nodes"])


def proof(*sizes: int, kept: int = 10, low: float | None = None) -> Proof:
    points = tuple(
        Point(n_units=n, share=n / 1000, faithfulness=Estimate(value=n / 1000, low=low, high=low))
        for n in sizes
    )
    zero = Estimate(value=0.0)
    return Proof(
        ablation="zero", prompts="finding", n_prompts=1, whole=zero, empty=zero, n_kept=kept,
        curves=(Curve(of="circuit", points=points, cpr=0.5, cmd=0.5),),
        faithfulness=zero, completeness=zero, random=zero,
    )  # fmt: skip


def test_curves_lie_on_a_log_axis_from_none_to_all() -> None:
    svg = parse(faithfulness_curves(proof(0, 10, 1000)))
    line = next(one for one in svg.iter() if one.attrib.get("class") == "line").attrib["d"]
    places = [tuple(map(float, pair.split())) for pair in line[1:].split("L")]
    assert places[0] == (34.0, 200.0)
    assert places[-1] == (450.0, 14.0)
    assert 150 < places[1][0] < 250  # log 11 of log 1001


def test_curves_are_told_in_words_with_the_kept_size() -> None:
    made = make_proof(make_circuit(nodes=50, links=0))
    svg = parse(faithfulness_curves(made))
    assert svg.attrib["role"] == "img"
    assert "50 are kept" in svg.attrib["aria-label"]
    assert "its ranking" in svg.attrib["aria-label"]
    assert "random units" in svg.attrib["aria-label"]
    classes = [one.attrib.get("class") for one in svg.iter()]
    assert classes.count("band") == len(made.curves) == 6
    assert classes.index("curve curve-random") < classes.index("curve curve-circuit")


def test_without_intervals_there_are_no_bands_and_wild_ones_stay_within() -> None:
    assert "band" not in faithfulness_curves(proof(0, 10))
    wild = faithfulness_curves(proof(0, 10, low=-50.0))
    heights = [float(y) for _, y in re.findall(r"([\d.]+) (-?[\d.]+)[LZ]", wild)]
    assert all(0 <= y <= 230 for y in heights)


def test_nothing_is_drawn_of_what_was_not_measured() -> None:
    assert completeness_curves(proof(0, 10)) == ""
    assert faithfulness_curves(proof()) == ""


def test_a_circuit_of_nothing_kept_is_drawn() -> None:
    assert "0 kept" in faithfulness_curves(proof(0, kept=0))


def test_held_out_prompts_by_the_same_ablation_are_shown_first() -> None:
    made = [
        proof(1).model_copy(update={"ablation": ablation, "prompts": prompts})
        for ablation, prompts in (("zero", "finding"), ("mean", "held_out"), ("zero", "held_out"))
    ]
    assert shown_proof(made, "zero") == 2
    assert shown_proof(made, "resample") == 1
    assert shown_proof(made[:1], "mean") == 0
    assert shown_proof([], None) == 0


def test_the_drawing_says_where_in_the_ranking_each_turn_stands() -> None:
    found = circuit(
        node("a", unit=HEAD, kind="head"), node("b", unit=NEURON), node("c", kind="feature"),
        ranking=((UnitRef(site="mlp.1", index=0), 3.0), (NEURON, 2.0), (HEAD, 1.0)),
    )  # fmt: skip
    drawn = drawing_of(found, {}, labels={}, ablation=None)
    assert [one["turn"] for one in drawn["nodes"]] == [1, 0, 2]
    assert drawn["ranks"] == [1, 2, None]
