"""Attribution graphs are read as circuits; what is odd in them is taken, and told."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from analysis.protocol import circuits as protocol
from analysis.protocol.circuits import Link
from analysis.protocol.edits import UnitRef
from app.exchange.circuits import links as link_reading
from tests.exchange.graphs import (
    TOKENS,
    by_id,
    document,
    embedding,
    error,
    feature,
    graph_file,
    link,
    logit,
    read,
)


def test_every_kind_of_node_is_read_with_layer_position_label_and_numbers(tmp_path: Path) -> None:
    circuit = read(tmp_path)
    assert (circuit.method, circuit.warnings, circuit.graph.tokens) == (None, (), tuple(TOKENS))
    assert circuit.graph.prompt == "The capital of Texas"
    emb, feat, err, out = circuit.graph.nodes
    assert (emb.kind, emb.layer, emb.position, emb.token) == ("embedding", -1, 1, 714)
    assert (feat.kind, feat.layer, feat.position) == ("feature", 1, 2)
    assert (feat.label, feat.unit, feat.effect) == ("capital cities", None, None)
    assert (feat.influence, feat.activation) == (0.48267510533332825, 9.449039459228516)
    assert (err.kind, err.layer, err.label, err.activation) == ("error", 2, "", None)
    assert (out.kind, out.layer, out.token, out.probability) == ("logit", 4, 22605, 0.45)
    assert circuit.graph.links[0] == Link(
        source="E_714_1", target="1_253_2", weight=12.964216232299805
    )


@pytest.mark.parametrize("layer", [1, "1"])
def test_layers_are_numbers_with_and_without_quotes(tmp_path: Path, layer: Any) -> None:
    circuit = read(tmp_path, document(nodes=[feature(layer=1) | {"layer": layer}], links=[]))
    assert circuit.graph.nodes[0].layer == 1


def test_logits_stand_above_the_last_layer_whatever_number_they_have(tmp_path: Path) -> None:
    for layer in ("4", "5", 17, "E"):
        circuit = read(tmp_path, document(nodes=[logit(layer=layer)], links=[]))
        assert circuit.graph.nodes[0].layer == 4


def test_entries_without_a_place_stay_with_their_node(tmp_path: Path) -> None:
    mine = feature(remoteClerp="x", nested={"a": [1, None]})
    circuit = read(tmp_path, document(nodes=[mine], links=[]))
    extra = circuit.graph.nodes[0].extra
    assert (extra["remoteClerp"], extra["nested"]) == ("x", {"a": [1, None]})
    assert (extra["feature"], extra["jsNodeId"]) == (mine["feature"], "1_253-0")
    assert "clerp" not in extra


def test_entries_without_a_place_stay_with_the_circuit(tmp_path: Path) -> None:
    circuit = read(tmp_path, document(somebody={"said": "so"}))
    assert circuit.extra["metadata"] == {
        "transcoder_list": [], "node_threshold": 0.8, "schema_version": 1,
    }  # fmt: skip
    assert circuit.extra["qParams"]["linkType"] == "both"
    assert circuit.extra["somebody"] == {"said": "so"}


def test_pins_and_groups_are_kept_and_what_they_miss_is_told(tmp_path: Path) -> None:
    view = {
        "pinnedIds": ["1_253_2", "9_9_9", "1_253_2"],
        "supernodes": [["cities", "1_253_2", "E_714_1"], ["nobody", "7_7_7"]],
    }
    circuit = read(tmp_path, document(qParams=view))
    assert circuit.pinned == ("1_253_2",)
    (group,) = circuit.groups
    assert (group.label, group.nodes) == ("cities", ("1_253_2", "E_714_1"))
    assert circuit.warnings == ("Pinned or grouped nodes that the file does not have: 2.",)


def test_links_to_nodes_that_are_missing_are_left_out_and_counted(tmp_path: Path) -> None:
    odd = [link("1_253_2", "3_404_4", 1.0), link("3_404_4", "1_253_2", 1.0)]
    circuit = read(tmp_path, document(links=[*document()["links"], *odd]))
    assert len(circuit.graph.links) == 3
    assert circuit.warnings == (
        "Links to or from nodes that the file does not have: 2, such as '3_404_4'; they are left "
        "out.",
    )


def test_an_error_and_a_feature_of_one_id_are_told_apart_by_where_links_can_lead(
    tmp_path: Path,
) -> None:
    """Feature 2 of layer 0 and the error of layer 2, both `0_2_2`: nothing leads to an error, and
    an error of layer 2 leads to nothing in layer 1."""
    low, high = feature(1, 10), feature(3, 10)
    nodes = [feature(0, 2), low, high, error(2), embedding()]
    circuit = read(
        tmp_path,
        document(
            nodes=nodes,
            links=[
                link(embedding(), "0_2_2", 1.0), link("0_2_2", low, 2.0),
                link("0_2_2", high, 3.0), link("0_2_2", high, 4.0),
            ],
        ),
    )  # fmt: skip
    kinds = {node.id: node.kind for node in circuit.graph.nodes}
    assert (kinds["0_2_2"], kinds["0_2_2~2"]) == ("feature", "error")
    found = [(one.source, one.target, one.weight) for one in circuit.graph.links]
    assert found == [
        ("E_714_1", "0_2_2", 1.0), ("0_2_2", "1_10_2", 2.0),
        ("0_2_2", "3_10_2", 3.0), ("0_2_2~2", "3_10_2", 4.0),
    ]  # fmt: skip
    assert len(circuit.warnings) == 1
    assert "they are renamed, as '0_2_2~2'" in circuit.warnings[0]


def test_which_node_a_single_link_of_a_shared_id_means_is_said_to_be_a_guess(
    tmp_path: Path,
) -> None:
    high = feature(3, 10)
    nodes = [feature(0, 2), high, error(2)]
    circuit = read(tmp_path, document(nodes=nodes, links=[link("0_2_2", high, 3.0)]))
    assert circuit.graph.links[0].source == "0_2_2"
    assert (
        "fewer links than nodes: 1; which of the nodes a link means is a guess"
        in (circuit.warnings[1])
    )


def test_identical_ids_of_different_nodes_become_two_ids(tmp_path: Path) -> None:
    nodes = [feature(clerp="one"), feature(clerp="two"), feature(clerp="two", ctx_idx=3)]
    circuit = read(tmp_path, document(nodes=nodes, links=[]))
    assert [(node.id, node.label) for node in circuit.graph.nodes] == [
        ("1_253_2", "one"), ("1_253_2~2", "two"), ("1_253_2~3", "two"),
    ]  # fmt: skip


def test_a_new_id_is_not_one_that_the_file_has(tmp_path: Path) -> None:
    taken = feature(clerp="taken", node_id="1_253_2~2")
    nodes = [feature(clerp="one"), taken, feature(clerp="two")]
    circuit = read(tmp_path, document(nodes=nodes, links=[]))
    assert by_id(circuit)["1_253_2~2"].label == "taken"
    assert by_id(circuit)["1_253_2~3"].label == "two"


def test_a_node_that_the_file_has_twice_is_there_once(tmp_path: Path) -> None:
    circuit = read(tmp_path, document(nodes=[*document()["nodes"], feature()]))
    assert len(circuit.graph.nodes) == 4
    assert circuit.warnings == ("Nodes that the file has more than once: 1; one of each is kept.",)


def test_the_second_node_of_an_id_is_there_once_too(tmp_path: Path) -> None:
    circuit = read(tmp_path, document(nodes=[feature(0, 2), error(2), error(2)], links=[]))
    assert [node.id for node in circuit.graph.nodes] == ["0_2_2", "0_2_2~2"]
    assert circuit.warnings[0].startswith("Nodes that the file has more than once: 1;")


def test_unknown_types_are_drawn_as_features_and_told(tmp_path: Path) -> None:
    nodes = [*document()["nodes"], feature(2, feature_type="lorsa")]
    circuit = read(tmp_path, document(nodes=nodes))
    odd = circuit.graph.nodes[-1]
    assert (odd.kind, odd.extra["feature_type"]) == ("feature", "lorsa")
    assert circuit.warnings == (
        "Nodes of a type that is not known here, 'lorsa': 1; they are drawn as features.",
    )


def test_neurons_and_heads_of_others_are_units_of_the_model(tmp_path: Path) -> None:
    nodes = [
        feature(2, feature_type="neuron", feature=7),
        feature(3, feature_type="head", feature=1),
        feature(1, feature_type="neuron", feature=None),
    ]
    units = [node.unit for node in read(tmp_path, document(nodes=nodes, links=[])).graph.nodes]
    assert units == [UnitRef(site="mlp.2", index=7), UnitRef(site="attn.3", index=1), None]


def test_labels_are_kept_as_text_whatever_they_say(tmp_path: Path) -> None:
    label = "<script>alert(1)</script>\n\x1b[31m‮ {{7*7}} '; DROP TABLE\x00 \ud800"
    circuit = read(tmp_path, document(nodes=[feature(clerp=label)], links=[]))
    kept = circuit.graph.nodes[0].label
    assert kept == "<script>alert(1)</script>\n\x1b[31m‮ {{7*7}} '; DROP TABLE\ufffd ?"
    circuit.model_dump_json()


def test_the_strongest_links_of_too_many_are_kept_in_their_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link_reading, "MOST_LINKS", 3)
    weights = [0.5, -4.0, 1.0, 0.25, 2.0]
    found = read(
        tmp_path, document(links=[link("E_714_1", "1_253_2", weight) for weight in weights])
    )
    assert [one.weight for one in found.graph.links] == [-4.0, 1.0, 2.0]
    assert found.warnings == ("Links beyond the strongest 3: 2; they are left out.",)


def test_a_million_links_are_read_and_the_strongest_kept(tmp_path: Path) -> None:
    n = 1_000_000
    body = json.dumps(document(links=[]))[:-3]
    some = ",".join(
        f'{{"source":"E_714_1","target":"1_253_2","weight":{number % 1000 + 0.5}}}'
        for number in range(1000)
    )
    content = f"{body}[{','.join([some] * (n // 1000))}]}}"
    circuit = read(tmp_path, gzip.compress(content.encode(), 1))
    assert len(circuit.graph.links) == protocol.MOST_LINKS
    assert min(one.weight for one in circuit.graph.links) == 800.5
    assert "strongest 200,000: 800,000" in circuit.warnings[0]


def test_links_may_stand_before_nodes(tmp_path: Path) -> None:
    parts = document()
    turned = {name: parts[name] for name in ("links", "nodes", "qParams", "metadata")}
    assert read(tmp_path, turned) == read(tmp_path, parts)


def test_the_digest_is_of_what_the_file_says(tmp_path: Path) -> None:
    plain = json.dumps(document()).encode()
    digests = []
    for content in (plain, gzip.compress(plain)):
        file = graph_file(tmp_path, content)
        file.whole()
        digests.append(file.digest())
    assert digests[0] == digests[1]
