"""A node of an attribution graph, as a file has it and as we have it.

    {"node_id": "3_512_5", "feature": 132868, "layer": "3", "ctx_idx": 5, "jsNodeId": "3_512-0",
     "feature_type": "cross layer transcoder", "clerp": "a label", "influence": 0.4}

Neurons and heads are types of our own. What is ours and has no place there stands in the entry
`patchclamp`; what is theirs and has none here stays in `extra`. Both by comparison: `extra` is
where an entry differs from the one that would be written of its node, and `patchclamp` where a node
differs from the one that would be read of its entry. So each survives the way through the other.
"""

import json
import re
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from analysis.protocol.circuits import Node, NodeKind
from analysis.protocol.edits import UnitRef
from app.exchange.details import LARGEST_WHOLE, check_details
from app.exchange.faults import FileFaultError, Where, WrongModelError, expected, shown
from app.exchange.fields import LARGEST, Fields
from app.store.writing_explanations import storable

OURS: Final = "patchclamp"
KINDS: Final[dict[str, NodeKind]] = {
    "cross layer transcoder": "feature",
    "mlp reconstruction error": "error",
    "embedding": "embedding",
    "logit": "logit",
    "neuron": "neuron",
    "head": "head",
    "rest": "rest",
}
TYPES: Final = {kind: name for name, kind in KINDS.items()}
SITES: Final = {"neuron": "mlp", "head": "attn"}
EMBEDDING: Final = "E"
VOCABULARY: Final = re.compile(r"(?:E|[0-9]{1,5})_([0-9]{1,9})_[0-9]{1,9}")
"""The id of an embedding or logit: layer, token, position."""
NOT_OURS: Final = {"id", "label", "activation", "influence", "probability", "extra"}
"""Of a node: they have a place in the format, or are for what has none here."""
TEXTS: Final = ("node_id", "clerp", OURS)
REQUIRED: Final = ("node_id", "feature", "layer", "ctx_idx", "feature_type", "jsNodeId", "clerp")
LONGEST_ID: Final = 300
LONGEST_LABEL: Final = 2000
LARGEST_NUMBER: Final = 1e30
"""Numbers are added up and squared, which must stay finite."""
LONGEST_EXTRA: Final = 10_000
"""Characters, as JSON, of one node."""


@dataclass(frozen=True)
class Frame:
    """What the nodes of a graph stand in."""

    model: str
    n_layers: int
    n_positions: int


def take_node(fields: Fields, node_id: str, frame: Frame) -> Node:
    """The node under an id that no other has. FileFaultError: which field is wrong;
    WrongModelError: it is of a layer that the model does not have."""
    there = set(fields)
    for name in REQUIRED:
        if name not in there:
            raise expected(fields.where.at(name), "an entry, for it is required", None)
    plain = _read(fields, node_id, frame)
    node = _with_ours(fields, plain, frame) if OURS in fields else plain
    standard = _standard(node, frame)
    extra = {
        name: fields.raw(name)
        for name in fields
        if name not in TEXTS and fields.raw(name) != standard.get(name)
    }
    check_details(fields.where, extra, most=LONGEST_EXTRA // 2)
    if len(json.dumps(extra)) > LONGEST_EXTRA:
        raise FileFaultError(fields.where, f"more than {LONGEST_EXTRA:,} characters of details")
    return node.model_copy(update={"extra": extra}) if extra else node


def node_entry(node: Node, frame: Frame) -> dict[str, Any]:
    entry = {**_standard(node, frame), **node.extra}
    plain = _read(Fields(Where(node.id, 1), entry), node.id, frame)
    ours = node.model_dump(mode="json", exclude=NOT_OURS)
    theirs = plain.model_dump(mode="json", exclude=NOT_OURS)
    differing = {name: value for name, value in ours.items() if value != theirs[name]}
    return {**entry, OURS: differing} if differing else entry


def _standard(node: Node, frame: Frame) -> dict[str, Any]:
    """Its entry, as far as the format goes."""
    position = _position(node, frame)
    layer = str(frame.n_layers + 1 if node.kind == "logit" else node.layer)
    features = {"error": -1, "embedding": position, "logit": node.token}
    entry = {
        "node_id": node.id,
        "feature": node.unit.index if node.unit else features.get(node.kind),
        "layer": EMBEDDING if node.layer < 0 else layer,
        "ctx_idx": position,
        "feature_type": TYPES[node.kind],
        "jsNodeId": node.id,
        "clerp": node.label,
    }
    numbers = {
        "influence": node.influence,
        "activation": node.activation,
        "token_prob": node.probability,
    }
    return entry | {name: value for name, value in numbers.items() if value is not None}


def _position(node: Node, frame: Frame) -> int:
    """Where it is drawn: the format knows no nodes that are summed over positions."""
    if node.position is not None:
        return node.position
    largest = max(node.places, key=lambda place: abs(place[1]), default=None)
    return frame.n_positions - 1 if largest is None else largest[0]


def _read(fields: Fields, node_id: str, frame: Frame) -> Node:
    kind = KINDS.get(fields.text("feature_type"), "feature")
    layer = _layer(fields, kind, frame)
    feature = _feature(fields)
    fields.text("jsNodeId", longest=LONGEST_ID, empty=True)
    unit = None
    if kind in SITES and layer >= 0 and feature is not None and 0 <= feature <= LARGEST:
        unit = UnitRef(site=f"{SITES[kind]}.{layer}", index=feature)
    named = VOCABULARY.fullmatch(node_id) if kind in ("embedding", "logit") else None
    return Node(
        id=node_id,
        kind=kind,
        layer=layer,
        position=_whole(fields, "ctx_idx", least=0, most=frame.n_positions - 1),
        unit=unit,
        label=storable(fields.text("clerp", longest=LONGEST_LABEL, empty=True)),
        activation=_number(fields, "activation"),
        influence=_number(fields, "influence"),
        token=None if named is None else int(named[1]),
        probability=_number(fields, "token_prob") if kind == "logit" else None,
    )


def _layer(fields: Fields, kind: NodeKind, frame: Frame) -> int:
    raw = fields.raw("layer")
    if raw == EMBEDDING:
        return frame.n_layers if kind == "logit" else -1
    if isinstance(raw, bool) or not isinstance(raw, int | str):
        raise expected(fields.where.at("layer"), 'a layer: a number or "E"', raw)
    if isinstance(raw, str) and not (raw.isascii() and raw.isdigit()):
        raise expected(fields.where.at("layer"), 'a layer: a number or "E"', raw)
    layer = fields.whole("layer")
    if kind == "embedding":
        return -1
    if kind == "logit":
        return frame.n_layers
    if layer >= frame.n_layers:
        raise WrongModelError(
            fields.where.at("layer"),
            f"layer {layer:,}: the layers of {frame.model} are 0 to {frame.n_layers - 1:,}",
            hint="The graph is of another model.",
        )
    return layer


def _feature(fields: Fields) -> int | None:
    """Of transcoders, layer and feature in one number, which may be large."""
    if fields.raw("feature") is None:
        return None
    return _whole(fields, "feature", least=-1, most=LARGEST_WHOLE)


def _number(fields: Fields, name: str) -> float | None:
    return fields.maybe_number(name, least=-LARGEST_NUMBER, most=LARGEST_NUMBER)


def _whole(fields: Fields, name: str, *, least: int, most: int) -> int:
    """Not in quotes: here the format takes numbers only."""
    if isinstance(fields.raw(name), str):
        raise expected(fields.where.at(name), "a whole number", fields.raw(name))
    return fields.whole(name, least=least, most=most)


def _with_ours(fields: Fields, plain: Node, frame: Frame) -> Node:
    where = fields.where.at(OURS)
    ours = Fields(where, fields.raw(OURS))
    unknown = [name for name in ours if name in NOT_OURS or name not in Node.model_fields]
    if unknown:
        raise FileFaultError(where, f"an entry {shown(unknown[0])}, which has no meaning there")
    told = {name: ours.raw(name) for name in ours}
    try:
        node = Node.model_validate({**plain.model_dump(), **told})
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in wrong["loc"])
        raise FileFaultError(where.at(field or "entry"), wrong["msg"]) from None
    numbers = (node.effect, node.exact, node.doubt, *(number for _, number in node.places))
    if any(number is not None and abs(number) > LARGEST_NUMBER for number in numbers):
        raise FileFaultError(where, f"a number above {LARGEST_NUMBER:g}")
    places = {"embedding": -1, "logit": frame.n_layers}
    layers = {places[node.kind]} if node.kind in places else range(-1, frame.n_layers)
    positions = [position for position, _ in node.places]
    if node.position is not None:
        positions.append(node.position)
    if node.layer not in layers or not all(0 <= one < frame.n_positions for one in positions):
        raise FileFaultError(where, "a layer or position that the graph does not have")
    site = None if node.unit is None else node.unit.site
    if site not in (None, f"{SITES.get(node.kind)}.{node.layer}"):
        raise FileFaultError(where.at("unit"), f"{site}: not of a {node.kind} in that layer")
    return node
