"""A small attribution graph as circuit-tracer writes it, and what becomes of a file of it."""

import json
from pathlib import Path
from typing import Any

import pytest

from analysis.protocol.circuits import Circuit, Node
from app.exchange.circuits.attribution_graph import GraphFile
from app.exchange.faults import FileFaultError
from app.exchange.input import InputFile

N_LAYERS = 4
TOKENS = ["<bos>", "The", " capital", " of", " Texas"]


def feature(layer: int = 1, index: int = 253, position: int = 2, **more: Any) -> dict[str, Any]:
    return {
        "node_id": f"{layer}_{index}_{position}",
        "feature": (layer + index) * (layer + index + 1) // 2 + index,
        "layer": str(layer),
        "ctx_idx": position,
        "feature_type": "cross layer transcoder",
        "token_prob": 0.0,
        "is_target_logit": False,
        "run_idx": 0,
        "reverse_ctx_idx": 0,
        "jsNodeId": f"{layer}_{index}-0",
        "clerp": "capital cities",
        "influence": 0.48267510533332825,
        "activation": 9.449039459228516,
        **more,
    }


def error(layer: int = 2, position: int = 2, **more: Any) -> dict[str, Any]:
    return feature(layer, 0, position) | {
        "node_id": f"0_{layer}_{position}",
        "feature": -1,
        "feature_type": "mlp reconstruction error",
        "jsNodeId": f"{layer}_{position}-0",
        "clerp": "",
        "activation": None,
        **more,
    }


def embedding(token: int = 714, position: int = 1, **more: Any) -> dict[str, Any]:
    return feature(0, 0, position) | {
        "node_id": f"E_{token}_{position}",
        "feature": position,
        "layer": "E",
        "feature_type": "embedding",
        "jsNodeId": f"E_{token}-{position}",
        "clerp": 'Emb: "The"',
        **more,
    }


def logit(token: int = 22605, **more: Any) -> dict[str, Any]:
    return feature(0, 0, len(TOKENS) - 1) | {
        "node_id": f"{N_LAYERS + 1}_{token}_{len(TOKENS) - 1}",
        "feature": token,
        "layer": str(N_LAYERS + 1),
        "feature_type": "logit",
        "token_prob": 0.45,
        "is_target_logit": True,
        "jsNodeId": f"L_{token}-0",
        "clerp": 'Output " Austin" (p=0.450)',
        "influence": None,
        "activation": None,
        **more,
    }


def link(source: dict[str, Any] | str, target: dict[str, Any] | str, weight: Any) -> dict[str, Any]:
    names = [one if isinstance(one, str) else one["node_id"] for one in (source, target)]
    return {"source": names[0], "target": names[1], "weight": weight}


def document(**parts: Any) -> dict[str, Any]:
    nodes = [embedding(), feature(), error(), logit()]
    return {
        "metadata": {
            "slug": "capital-texas",
            "scan": "toy",
            "transcoder_list": [],
            "prompt_tokens": TOKENS,
            "prompt": "The capital of Texas",
            "node_threshold": 0.8,
            "schema_version": 1,
        },
        "qParams": {
            "pinnedIds": [], "supernodes": [], "linkType": "both", "clickedId": "", "sg_pos": "",
        },
        "nodes": nodes,
        "links": [
            link(nodes[0], nodes[1], 12.964216232299805),
            link(nodes[1], nodes[3], -3.5),
            link(nodes[2], nodes[3], 1.25),
        ],
        **parts,
    }  # fmt: skip


def graph_file(folder: Path, content: Any) -> InputFile:
    """As JSON, or bytes as they are."""
    path = folder / "graph.json"
    if not isinstance(content, bytes):
        content = json.dumps(content).encode()
    path.write_bytes(content)
    return InputFile(path, path.name)


def read(folder: Path, content: Any = None, *, n_layers: int = N_LAYERS) -> Circuit:
    file = graph_file(folder, document() if content is None else content)
    return GraphFile(file).circuit(model="toy", n_layers=n_layers)


def refused(folder: Path, content: Any) -> FileFaultError:
    with pytest.raises(FileFaultError) as fault:
        read(folder, content)
    assert fault.value.hint
    return fault.value


def by_id(circuit: Circuit) -> dict[str, Node]:
    return {node.id: node for node in circuit.graph.nodes}
