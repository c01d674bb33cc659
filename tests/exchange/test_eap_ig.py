"""Circuits for EAP-IG and MIB: heads and whole MLP layers."""

import json
from typing import Any

import pytest

from analysis.protocol.circuits import Circuit, Graph, Link, Node
from analysis.protocol.edits import UnitRef
from app.errors import ConflictError
from app.exchange.circuits.eap_ig import write_eap_ig
from app.store.views.model import ModelView
from tests.store.rows import MOMENT


def model(architecture: str = "llama") -> ModelView:
    return ModelView(
        name="toy", title="T", source="s", source_kind="plain", architecture=architecture,
        facts={"n_heads": 2, "d_model": 8}, n_layers=2, n_parameters=1, weights_sha256="0",
        tokenizer_sha256="0", n_units=4, unit_count=0, current_run_id=None, splits=[],
        created_at=MOMENT,
    )  # fmt: skip


def neuron(layer: int, index: int, **more: Any) -> Node:
    unit = UnitRef(site=f"mlp.{layer}", index=index)
    return Node(id=f"m{layer}.{index}", kind="neuron", layer=layer, unit=unit, **more)


def head(layer: int, index: int, position: int, **more: Any) -> Node:
    unit = UnitRef(site=f"attn.{layer}", index=index)
    name = f"a{layer}.h{index}@{position}"
    return Node(id=name, kind="head", layer=layer, position=position, unit=unit, **more)


NODES = (
    Node(id="emb", kind="embedding", layer=-1, position=0),
    head(0, 1, 0, effect=0.5),
    head(0, 1, 1, effect=0.25, exact=0.75),
    neuron(0, 3, effect=1.0),
    neuron(0, 4, effect=-0.25),
    Node(id="rest", kind="rest", layer=0, effect=9.0),
    head(1, 0, 1),
    Node(id="tom", kind="logit", layer=2, position=1),
)
LINKS = {
    ("emb", "a0.h1@0"): 3.0, ("a0.h1@0", "m0.3"): 0.25, ("a0.h1@1", "m0.4"): 0.5,
    ("m0.3", "m0.4"): 7.0, ("rest", "tom"): 5.0, ("m0.3", "a1.h0@1"): -6.0,
    ("a1.h0@1", "tom"): 1.5,
}  # fmt: skip


def written(view: ModelView, links: dict[tuple[str, str], float], *nodes: Node) -> dict[str, Any]:
    graph = Graph(
        prompt="", tokens=("a", "b"), n_layers=2, nodes=nodes or NODES,
        links=tuple(Link(source=a, target=b, weight=w) for (a, b), w in links.items()),
    )  # fmt: skip
    whole: dict[str, Any] = json.loads(write_eap_ig(Circuit(graph=graph), view))
    return whole


def test_heads_and_layers_stand_for_their_nodes_and_scores_are_added_up() -> None:
    nodes = written(model(), LINKS)["nodes"]
    assert nodes == {
        "input": {"in_graph": True},
        "a0.h0": {"in_graph": False},
        "a0.h1": {"in_graph": True, "score": 1.25},
        "m0": {"in_graph": True, "score": 0.75},
        "a1.h0": {"in_graph": True},
        "a1.h1": {"in_graph": False},
        "m1": {"in_graph": False},
        "logits": {"in_graph": True},
    }


def test_edges_are_added_up_and_those_into_a_head_stand_for_its_three_inputs() -> None:
    assert written(model(), LINKS)["edges"] == {
        "input->a0.h1<q>": {"score": 1.0, "in_graph": True},
        "input->a0.h1<k>": {"score": 1.0, "in_graph": True},
        "input->a0.h1<v>": {"score": 1.0, "in_graph": True},
        "a0.h1->m0": {"score": 0.75, "in_graph": True},
        "m0->a1.h0<q>": {"score": -2.0, "in_graph": True},
        "m0->a1.h0<k>": {"score": -2.0, "in_graph": True},
        "m0->a1.h0<v>": {"score": -2.0, "in_graph": True},
        "a1.h0->logits": {"score": 1.5, "in_graph": True},
    }


def test_the_configuration_says_whether_heads_are_seen_by_the_mlp_of_their_layer() -> None:
    plain = {"n_layers": 2, "n_heads": 2, "d_model": 8}
    assert written(model(), LINKS)["cfg"] == {**plain, "parallel_attn_mlp": False}
    between = {("a0.h1@0", "a1.h0@1"): 1.0}
    assert written(model("gpt_neox"), between)["cfg"] == {**plain, "parallel_attn_mlp": True}
    assert written(model("gpt_neox"), LINKS)["cfg"] == {**plain, "parallel_attn_mlp": False}


def test_a_graph_of_features_alone_cannot_be_said_in_it() -> None:
    with pytest.raises(ConflictError, match="neither neurons nor heads"):
        written(model(), {}, Node(id="1_2_0", kind="feature", layer=1, position=0))
