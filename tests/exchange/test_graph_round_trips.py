"""Attribution graphs that are written and read again: ours, and those of others."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema_rs import validator_for

from analysis.protocol.circuits import Circuit, Graph, Group, Link, Node
from analysis.protocol.edits import UnitRef
from app.exchange.circuits.attribution_graph import write_graph
from tests.exchange.graphs import document, error, feature, link, read
from tests.store.circuits import found

TEXT = {"type": "string"}
SCHEMA = {
    "type": "object",
    "required": ["metadata", "qParams", "nodes", "links"],
    "properties": {
        "metadata": {
            "type": "object",
            "required": ["slug", "scan", "prompt_tokens", "prompt"],
            "properties": {
                "slug": TEXT,
                "scan": TEXT,
                "prompt": TEXT,
                "prompt_tokens": {"type": "array", "items": TEXT},
                "transcoder_list": {"type": "array", "items": TEXT},
                "schema_version": {"type": "integer"},
                "node_threshold": {"type": "number"},
                "generation_settings": {"type": "object"},
                "pruning_settings": {"type": "object"},
                "info": {
                    "type": "object",
                    "properties": {
                        "generator": {
                            "type": "object",
                            "properties": {"name": TEXT, "version": TEXT, "url": TEXT},
                        },
                        "create_time_ms": {"type": "number"},
                    },
                },
            },
        },
        "qParams": {
            "type": "object",
            "properties": {
                "pinnedIds": {"type": "array", "items": TEXT},
                "supernodes": {"type": "array", "items": {"type": "array", "items": TEXT}},
                "linkType": TEXT,
                "clickedId": TEXT,
                "sg_pos": TEXT,
            },
        },
        "nodes": {
            "type": "array",
            "items": {
                "type": "object",
                "required": [
                    "node_id", "feature", "layer", "ctx_idx", "feature_type", "jsNodeId", "clerp",
                ],
                "properties": {
                    "node_id": TEXT,
                    "feature": {"type": ["integer", "null"]},
                    "layer": {"type": ["string", "integer"]},
                    "ctx_idx": {"type": "integer"},
                    "feature_type": TEXT,
                    "jsNodeId": TEXT,
                    "clerp": TEXT,
                    "influence": {"type": ["number", "null"]},
                    "activation": {"type": ["number", "null"]},
                    "token_prob": {"type": "number"},
                    "is_target_logit": {"type": "boolean"},
                },
            },
        },
        "links": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["source", "target", "weight"],
                "properties": {"source": TEXT, "target": TEXT, "weight": {"type": "number"}},
            },
        },
    },
}  # fmt: skip
"""What the public schema of these files asks for, and the types that it gives."""
MADE = datetime(2026, 11, 22, tzinfo=UTC)


def written(circuit: Circuit, *, model: str = "toy", slug: str = "mine") -> dict[str, Any]:
    parts = write_graph(circuit, model=model, slug=slug, version="1.0", made=MADE)
    whole: dict[str, Any] = json.loads(b"".join(parts))
    validator_for(SCHEMA).validate(whole)
    return whole


def everything() -> Circuit:
    """A circuit with a node of every kind, and every entry that a node of ours can have."""
    places = ((1, -0.5), (2, 0.125))
    head, neuron = UnitRef(site="attn.1", index=2), UnitRef(site="mlp.0", index=345)
    nodes = (
        Node(id="emb.1", kind="embedding", layer=-1, position=1, token=7, label=" Ann"),
        Node(id="m0.345", kind="neuron", layer=0, unit=neuron, effect=0.1, exact=1 / 3, doubt=0.2,
             places=places, flags=("disagrees", "has a backup"), activation=-0.25),
        Node(id="a1.h2@2", kind="head", layer=1, position=2, unit=head, effect=-2.0),
        Node(id="rest.1", kind="rest", layer=1, effect=0.5),
        Node(id="rest.1@0", kind="rest", layer=1, position=0),
        Node(id="tom", kind="logit", layer=2, position=2, token=9, probability=0.5, label="<b>"),
        Node(id="either", kind="logit", layer=2, position=2),
    )  # fmt: skip
    links = (
        Link(source="m0.345", target="a1.h2@2", weight=1e-300),
        Link(source="a1.h2@2", target="tom", weight=-2.5),
    )
    graph = Graph(prompt="", tokens=("a", "\n", "🙂"), n_layers=2, nodes=nodes, links=links)
    return Circuit(
        graph=graph,
        pinned=("tom",),
        groups=(Group(label="names", nodes=("emb.1", "m0.345")),),
    )


@pytest.mark.parametrize("circuit", [everything(), found()], ids=["everything", "found"])
def test_what_is_ours_is_the_same_graph_when_it_is_read_again(
    tmp_path: Path, circuit: Circuit
) -> None:
    again = read(tmp_path, written(circuit), n_layers=circuit.graph.n_layers)
    assert again.graph == circuit.graph
    assert (again.pinned, again.groups) == (circuit.pinned, circuit.groups)
    assert (again.method, again.warnings) == (None, ())


def test_what_others_made_is_the_same_file_when_it_is_written_again(tmp_path: Path) -> None:
    theirs = document(somebody={"said": "so"})
    theirs["nodes"].append(feature(2, 7, 3, feature_type="lorsa", remoteClerp="x") | {"layer": 2})
    theirs["metadata"] |= {"info": {"generator": {"name": "circuit-tracer"}}}
    theirs["qParams"] |= {"pinnedIds": ["1_253_2"], "supernodes": [["a", "1_253_2"]]}
    again = written(read(tmp_path, theirs), slug="capital-texas")
    for node in theirs["nodes"]:
        for name in ("influence", "activation"):
            if node[name] is None:
                del node[name]
    assert again.pop("nodes") == theirs.pop("nodes")
    assert again == theirs


def test_what_others_made_is_the_same_circuit_when_it_is_read_again(tmp_path: Path) -> None:
    nodes = [feature(0, 2), feature(3, 10), error(2)]
    once = read(tmp_path, document(nodes=nodes, links=[link("0_2_2", nodes[1], 1.0)] * 2))
    again = read(tmp_path, written(once))
    assert again.graph == once.graph
    assert [node.id for node in again.graph.nodes] == ["0_2_2", "3_10_2", "0_2_2~2"]
    assert again.warnings == ()


def test_a_node_of_all_positions_is_written_where_it_does_most(tmp_path: Path) -> None:
    entries = {entry["node_id"]: entry for entry in written(everything())["nodes"]}
    assert (entries["m0.345"]["ctx_idx"], entries["rest.1"]["ctx_idx"]) == (1, 2)
    neuron = entries["m0.345"]
    assert (neuron["feature_type"], neuron["layer"], neuron["feature"]) == ("neuron", "0", 345)
    assert (entries["tom"]["layer"], entries["emb.1"]["layer"]) == ("3", "E")
    assert entries["m0.345"]["patchclamp"]["exact"] == 1 / 3
    assert "patchclamp" not in written(read(tmp_path))["nodes"][1]


def test_how_it_was_found_is_told_and_not_believed(tmp_path: Path) -> None:
    whole = written(found())
    assert whole["metadata"]["info"] == {
        "generator": {"name": "Patchclamp", "version": "1.0"},
        "create_time_ms": 1_795_305_600_000,
    }
    assert whole["metadata"]["patchclamp"]["method"] == "nested"
    again = read(tmp_path, whole, n_layers=1)
    assert (again.method, again.ablation, again.n_pairs) == (None, None, None)
    assert again.extra["metadata"]["patchclamp"]["warnings"] == ["Its prompts are few."]
