"""Attribution graphs that are wrong on purpose: refused with node or link and field."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from app.exchange import input as inputs
from app.exchange.circuits import document as documents
from app.exchange.circuits import node_list
from app.exchange.faults import WrongModelError
from tests.exchange.graphs import document, feature, link, logit, read, refused


def without(whole: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in whole.items() if key != name}


REQUIRED = ("node_id", "feature", "layer", "ctx_idx", "feature_type", "jsNodeId", "clerp")


@pytest.mark.parametrize("field", REQUIRED)
def test_a_node_without_a_required_field_is_named_by_number_and_field(
    tmp_path: Path, field: str
) -> None:
    fault = refused(tmp_path, document(nodes=[feature(), without(feature(2), field)]))
    assert fault.detail.startswith(f"graph.json, node 2, field {field}: expected ")
    assert fault.detail.endswith("found nothing")
    assert fault.hint == "Nothing of it is kept. Mend the file, or make it again, and import that."


NODES: dict[str, tuple[dict[str, Any], str]] = {
    "id": ({"node_id": 5}, "field node_id: expected a text, found 5"),
    "empty id": ({"node_id": ""}, "field node_id: expected a text, found ''"),
    "long id": ({"node_id": "x" * 301}, "field node_id: 301 characters; at most 300"),
    "feature": ({"feature": 1.5}, "field feature: expected a whole number"),
    "feature in quotes": ({"feature": "1"}, "field feature: expected a whole number, found '1'"),
    "huge feature": ({"feature": 2**70}, "field feature: expected a whole number from -1"),
    "layer": ({"layer": "H3"}, 'field layer: expected a layer: a number or "E", found \'H3\''),
    "no layer": ({"layer": None}, "field layer: expected a layer"),
    "truth as layer": ({"layer": True}, "field layer: expected a layer"),
    "other digits": ({"layer": "٣"}, "field layer: expected a layer"),
    "negative layer": ({"layer": -1}, "field layer: expected a whole number from 0"),
    "position": ({"ctx_idx": 5}, "field ctx_idx: expected a whole number from 0 to 4, found 5"),
    "negative position": ({"ctx_idx": -1}, "field ctx_idx: expected a whole number from 0 to 4"),
    "label": ({"clerp": None}, "field clerp: expected a text, found nothing"),
    "long label": ({"clerp": "x" * 2001}, "field clerp: 2,001 characters; at most 2,000"),
    "infinite number": ({"influence": float("inf")}, "field influence: expected a number"),
    "no number": ({"activation": float("nan")}, "field activation: expected a number, found nan"),
    "large number": ({"activation": 1.1e30}, "activation: expected a number from -1e+30 to 1e+30"),
    "large influence": ({"influence": -1.1e30}, "field influence: expected a number from -1e+30"),
    "large effect": ({"patchclamp": {"effect": 1.5e308}}, "field patchclamp: a number above 1e+30"),
    "large exact": ({"patchclamp": {"exact": -2e30}}, "field patchclamp: a number above 1e+30"),
    "large doubt": ({"patchclamp": {"doubt": 2e30}}, "field patchclamp: a number above 1e+30"),
    "large place": ({"patchclamp": {"places": [[1, 2e30]]}}, "patchclamp: a number above 1e+30"),
    "deep entry": (
        {"mine": json.loads("[" * 40 + "]" * 40)}, "[0][0]: nested more than 32 deep",
    ),
    "infinite entry": ({"mine": float("inf")}, "field mine: a number that is too large"),
    "half a pair": ({"mine": "\ud800"}, "field mine: half of a surrogate pair"),
    "large entry": ({"mine": "x" * 10_001}, "more than 10,000 characters of details"),
    "many values": ({"mine": [1] * 9000}, "field mine[4992]: more than 5,000 values besides what"),
    "our entry": ({"patchclamp": []}, "field patchclamp: expected an object, found a list"),
    "our id": ({"patchclamp": {"id": "x"}}, "an entry 'id', which has no meaning there"),
    "our effect": ({"patchclamp": {"effect": "big"}}, "field patchclamp.effect: Input should be"),
    "our unit": (
        {"patchclamp": {"unit": {"site": "resid.1", "index": 3}}},
        "field patchclamp.unit.site: String should match",
    ),
    "unit of a feature": (
        {"patchclamp": {"unit": {"site": "attn.1", "index": 3}}},
        "field patchclamp.unit: attn.1: not of a feature in that layer",
    ),
    "unit elsewhere": (
        {"patchclamp": {"kind": "head", "unit": {"site": "attn.2", "index": 3}}},
        "field patchclamp.unit: attn.2: not of a head in that layer",
    ),
    "our place": (
        {"patchclamp": {"places": [[9, 1.0]]}}, "a layer or position that the graph does not have",
    ),
    "our position": ({"patchclamp": {"position": 9}}, "a layer or position that the graph"),
    "our layer": ({"patchclamp": {"layer": 4}}, "a layer or position that the graph"),
}  # fmt: skip


@pytest.mark.parametrize("wrong", NODES)
def test_a_node_that_is_wrong_is_named_with_its_field(tmp_path: Path, wrong: str) -> None:
    more, said = NODES[wrong]
    fault = refused(tmp_path, document(nodes=[logit(), feature() | more], links=[]))
    assert fault.detail.startswith("graph.json, node 2")
    assert said in fault.detail
    fault.detail.encode()


LINKS: dict[str, tuple[Any, str]] = {
    "no object": (["a", "b"], "link 2: expected an object, found a list"),
    "no source": ({"target": "b", "weight": 1.0}, "field source: expected a text, found nothing"),
    "no target": ({"source": "b", "weight": 1.0}, "field target: expected a text, found nothing"),
    "no weight": ({"source": "a", "target": "b"}, "field weight: expected a number, found nothing"),
    "text": ({"source": "a", "target": "b", "weight": "1"}, "weight: expected a number, found '1'"),
    "nan": (link("a", "b", float("nan")), "field weight: expected a number, found nan"),
    "infinity": (link("a", "b", float("-inf")), "field weight: expected a number, found -inf"),
    "whole": (link("a", "b", 10**400), "field weight: expected a number, found 1000"),
    "large": (
        link("a", "b", 1.1e30),
        "field weight: expected a number from -1e+30 to 1e+30, found",
    ),
    "large negative": (link("a", "b", -1.5e308), "field weight: expected a number from -1e+30"),
    "large whole": (link("a", "b", -(10**31)), "field weight: expected a number from -1e+30"),
    "truth": (link("a", "b", True), "field weight: expected a number, found True"),
}


@pytest.mark.parametrize("wrong", LINKS)
def test_a_link_that_is_none_is_named_by_its_number(tmp_path: Path, wrong: str) -> None:
    item, said = LINKS[wrong]
    links = [document()["links"][0], item]
    fault = refused(tmp_path, document(links=links))
    assert fault.detail.startswith("graph.json, link 2")
    assert said in fault.detail


def test_a_number_of_more_than_64_bits_in_a_link_is_refused(tmp_path: Path) -> None:
    content = json.dumps(document()).replace("-3.5", "1e999")
    assert "link 2, field weight: expected a number, found inf" in (
        refused(tmp_path, content.encode()).detail
    )


META = document()["metadata"]
PARTS: dict[str, tuple[dict[str, Any], str]] = {
    "metadata": ({"metadata": None}, "field metadata: expected an object, found nothing"),
    "slug": ({"metadata": without(META, "slug")}, "field metadata.slug: expected a text"),
    "scan": ({"metadata": META | {"scan": ["x"]}}, "field metadata.scan: expected a text"),
    "prompt": ({"metadata": without(META, "prompt")}, "field metadata.prompt: expected a text"),
    "tokens": (
        {"metadata": without(META, "prompt_tokens")},
        "field metadata.prompt_tokens: expected a list of the prompt's tokens, found nothing",
    ),
    "no tokens": ({"metadata": META | {"prompt_tokens": []}}, "prompt_tokens: expected a list of"),
    "a token": (
        {"metadata": META | {"prompt_tokens": ["a", 5]}}, "prompt_tokens[1]: expected the text of",
    ),
    "view": ({"qParams": []}, "field qParams: expected an object, found a list"),
    "pins": ({"qParams": {"pinnedIds": "1"}}, "field qParams.pinnedIds: expected a list"),
    "a pin": ({"qParams": {"pinnedIds": [1]}}, "field qParams.pinnedIds[0]: expected a text"),
    "groups": ({"qParams": {"supernodes": [[]]}}, "supernodes[0]: expected a list of a label"),
    "a label": ({"qParams": {"supernodes": [[1, "a"]]}}, "supernodes[0][0]: expected a text"),
    "many members": (
        {"qParams": {"supernodes": [["a", *["b"] * 1000]] * 201}},
        "field qParams.supernodes[200]: more than 200,000 members of groups",
    ),
    "nodes": ({"nodes": {}}, "field nodes: expected a list, found an object"),
    "no nodes": ({"nodes": []}, "field nodes: no node is left to draw"),
    "links": ({"links": None}, "field links: expected a list, found nothing"),
    "deep": ({"mine": json.loads("[" * 40 + "]" * 40)}, "nested more than 32 deep"),
    "large": ({"mine": "x" * 1_000_001}, "more than 1,000,000 bytes besides nodes and links"),
    "many values": ({"mine": [1] * 500_001}, "mine[499990]: more than 500,000 values besides"),
    "very large": ({"mine": "x" * 4_194_305}, "field mine: more than 4,194,304 bytes"),
    "very large entry": (
        {"metadata": META | {"x": [[]] * 1_400_000}}, "field metadata: more than 4,194,304 bytes",
    ),
    "several": (
        {f"{n}": [[]] * 300_000 for n in range(4)}, "more than 1,000,000 bytes besides nodes and",
    ),
    "very many": ({f"{n}": 1 for n in range(1000)}, "document 1: more than 1,000 entries"),
    "large node": ({"nodes": [logit(x=[1] * 30_000)]}, "field nodes[0]: more than 65,536 bytes"),
    "large name": ({"x" * 70_000: 1}, "document 1: more than 65,536 bytes"),
}  # fmt: skip


@pytest.mark.parametrize("wrong", PARTS)
def test_a_part_that_is_missing_or_wrong_is_named(tmp_path: Path, wrong: str) -> None:
    part, said = PARTS[wrong]
    assert said in refused(tmp_path, document(**part)).detail


CONTENTS: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "character 1: no JSON: expected an object"),
    "a list": (b"[]", "character 1: no JSON: expected an object"),
    "cut": (json.dumps(document()).encode()[:-200], "no JSON: "),
    "cut in a list": (b'{"nodes": [1, 2', "character 16: no JSON: expected ','"),
    "cut text": (b'{"nodes": ["a', "no JSON: Unterminated string"),
    "no value": (b'{"nodes": [1, ]}', "character 15: no JSON: Expecting value"),
    "no name": (b"{nodes: []}", "no JSON: expected a name in double quotes"),
    "no colon": (b'{"nodes" []}', "no JSON: expected ':'"),
    "no comma": (b'{"nodes": [] "links": []}', "no JSON: expected ','"),
    "something behind": (b"{} {}", "character 4: no JSON: expected the end of the file"),
    "twice": (b'{"nodes": [], "nodes": []}', "no JSON: a second entry 'nodes'"),
    "deep": (b'{"nodes": ' + b"[" * 100_000, "nested too deeply"),
    "deep object": (b'{"x": ' + b'{"a":' * 100_000, "nested too deeply"),
    "long number": (b'{"x": ' + b"9" * 5000 + b"}", "integer string conversion"),
    "other bytes": (b'{"x": "\xff"}', "byte 8: no UTF-8"),
    "utf-16": ('{"x": 1}'.encode("utf-16"), "byte 1: no UTF-8"),
    "damaged gzip": (gzip.compress(b"{}" * 99)[:-9], "compressed file ends early or is damaged"),
}


@pytest.mark.parametrize("wrong", CONTENTS)
def test_what_is_no_json_is_refused_with_the_place(tmp_path: Path, wrong: str) -> None:
    content, said = CONTENTS[wrong]
    assert said in refused(tmp_path, content).detail


def test_a_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    read(tmp_path, b"\xef\xbb\xbf" + json.dumps(document()).encode())


def test_a_file_that_is_too_large_is_refused_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inputs, "LARGEST_DOCUMENT", 1000)
    monkeypatch.setattr(inputs, "CHUNK", 100)
    content = json.dumps(document()).encode()
    for one in (content, gzip.compress(content)):
        fault = refused(tmp_path, one)
        assert "more than 1,000 bytes in one JSON document" in fault.detail
        assert fault.hint == documents.TOO_LARGE


def test_a_file_of_too_many_values_is_not_parsed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "MOST_OF_DOCUMENT", 2000)
    fault = refused(tmp_path, document(mine=[[]] * 2000))
    assert "values; at most 2,000 are read" in fault.detail
    assert fault.hint == documents.TOO_LARGE


def test_more_nodes_than_a_graph_holds_are_refused_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node_list, "MOST_NODES", 3)
    fault = refused(tmp_path, document())
    assert fault.detail == "graph.json, node 4: more than 3 nodes"
    assert fault.hint is not None
    assert "node_threshold" in fault.hint


def test_one_id_of_very_many_nodes_is_refused(tmp_path: Path) -> None:
    nodes = [feature(clerp=f"{number}") for number in range(9)]
    fault = refused(tmp_path, document(nodes=nodes))
    assert fault.detail == (
        "graph.json, node 9, field node_id: more than 8 nodes are called '1_253_2'"
    )


def test_nodes_of_too_much_text_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node_list, "MOST_CHARACTERS", 300)
    assert "more than 300 characters of nodes" in refused(tmp_path, document()).detail


def test_a_layer_that_the_model_does_not_have_is_another_model(tmp_path: Path) -> None:
    fault = refused(tmp_path, document(nodes=[feature(4)]))
    assert isinstance(fault, WrongModelError)
    assert "field layer: layer 4: the layers of toy are 0 to 3" in fault.detail
