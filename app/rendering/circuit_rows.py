"""A circuit as tables: its nodes and its links, sorted and a page at a time."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, Literal, TypeVar

from analysis.protocol.circuits import Circuit, Link, Node, ToldBackup
from app.rendering.circuit import FLAGS, layer_name, node_name, order_of, said_label, standing
from app.rendering.strip import visible

T = TypeVar("T")

PER_PAGE: Final = 100
Sort = Literal["turn", "layer", "position", "effect", "exact", "links"]
Direction = Literal["asc", "desc"]


@dataclass(frozen=True)
class NodeRow:
    node: Node
    name: str
    turn: int | None
    """From 1: in which turn it is kept; None: it stays whatever is kept."""
    layer: str
    at: int
    token: str
    n_into: int
    n_out: int

    @property
    def unit(self) -> tuple[str, int] | None:
        """Site and index."""
        return (self.node.unit.site, self.node.unit.index) if self.node.unit else None

    @property
    def said(self) -> str:
        return said_label(self.node)

    @property
    def flags(self) -> list[tuple[str, str]]:
        """Each with what it means."""
        return [(flag, FLAGS[flag]) for flag in self.node.flags]

    @property
    def places(self) -> tuple[tuple[int, float], ...]:
        return tuple(sorted(self.node.places, key=lambda place: -abs(place[1])))


@dataclass(frozen=True)
class LinkRow:
    weight: float
    exact: float | None
    source: NodeRow
    target: NodeRow
    way: tuple[tuple[int, str], ...]
    """The strongest on the drawn prompt: its two ends' positions and tokens."""
    n_ways: int


@dataclass(frozen=True)
class Pages(Generic[T]):
    """One page of rows, from 1."""

    rows: list[T]
    page: int
    n_pages: int
    n_rows: int


class Rows:
    """All rows of a circuit, made once."""

    def __init__(self, circuit: Circuit) -> None:
        graph = circuit.graph
        turns = order_of(circuit)
        into: dict[str, int] = {}
        out: dict[str, int] = {}
        for link in graph.links:
            out[link.source] = out.get(link.source, 0) + 1
            into[link.target] = into.get(link.target, 0) + 1
        n_tokens = len(graph.tokens)
        self._links = graph.links
        self._tokens = graph.tokens
        self._backups = circuit.backups
        self.by_id: dict[str, NodeRow] = {}
        for node in graph.nodes:
            turn, at = turns.get(node.id), standing(node, n_tokens)
            self.by_id[node.id] = NodeRow(
                node=node,
                name=node_name(node),
                turn=None if turn is None else turn + 1,
                layer=layer_name(node.layer, graph),
                at=at,
                token=visible(graph.tokens[at]),
                n_into=into.get(node.id, 0),
                n_out=out.get(node.id, 0),
            )

    def nodes(self, *, sort: Sort, order: Direction, page: int) -> Pages[NodeRow]:
        """What has no value to sort by comes last, whichever way."""
        key = KEYS[sort]
        known = [row for row in self.by_id.values() if key(row) is not None]
        unknown = [row for row in self.by_id.values() if key(row) is None]
        known.sort(key=key, reverse=order == "desc")
        return page_of([*known, *unknown], page)

    def links(self, *, page: int) -> Pages[LinkRow]:
        """The heaviest first."""
        ordered = sorted(self._links, key=lambda link: -abs(link.weight))
        found = page_of(ordered, page)
        return Pages([self._link(link) for link in found.rows], page, found.n_pages, found.n_rows)

    def links_of(self, node_id: str, most: int) -> tuple[list[LinkRow], list[LinkRow]]:
        """The heaviest into the node, and out of it."""
        into = [link for link in self._links if link.target == node_id]
        out = [link for link in self._links if link.source == node_id]
        return self._heaviest(into, most), self._heaviest(out, most)

    def backups_of(self, node_id: str, most: int) -> list[ToldBackup]:
        """In which the node is one of the two, the largest estimated rises first."""
        unit = self.by_id[node_id].node.unit
        found = [one for one in self._backups if unit in (one.backup, one.ablated)]
        return found[:most]

    def _heaviest(self, links: Sequence[Link], most: int) -> list[LinkRow]:
        ordered = sorted(links, key=lambda link: -abs(link.weight))
        return [self._link(link) for link in ordered[:most]]

    def _link(self, link: Link) -> LinkRow:
        way = tuple((at, visible(self._tokens[at])) for at in link.ways[0][:2]) if link.ways else ()
        return LinkRow(
            weight=link.weight,
            exact=link.exact,
            source=self.by_id[link.source],
            target=self.by_id[link.target],
            way=way,
            n_ways=len(link.ways),
        )


KEYS: Final[dict[Sort, Callable[[NodeRow], Any]]] = {
    "turn": lambda row: row.turn,
    "layer": lambda row: (row.node.layer, row.name),
    "position": lambda row: (row.at, row.node.layer),
    "effect": lambda row: row.node.effect if row.node.effect is not None else row.node.influence,
    "exact": lambda row: row.node.exact,
    "links": lambda row: row.n_into + row.n_out,
}


def page_of(rows: Sequence[T], page: int) -> Pages[T]:
    """`page` from 1; one behind the last is empty."""
    start = (page - 1) * PER_PAGE
    n_pages = max(1, math.ceil(len(rows) / PER_PAGE))
    return Pages(list(rows[start : start + PER_PAGE]), page, n_pages, len(rows))
