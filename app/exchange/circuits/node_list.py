"""The nodes of an attribution graph, each under an id of its own, and which names mean which.

Ids of a file may be shared: an error called `0_3_5` has that of feature 3 of layer 0. Links go by
the file's names (`Names`), the graph by ids (`0_3_5~2`).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from analysis.protocol.circuits import MOST_NODES, Node
from app.exchange.circuits.document import TOO_LARGE, Document
from app.exchange.circuits.nodes import KINDS, LONGEST_ID, Frame, take_node
from app.exchange.faults import FileFaultError, Where, shown
from app.exchange.fields import Fields
from app.store.writing_explanations import storable

MOST_CHARACTERS: Final = 20_000_000
"""Of all nodes together."""
MOST_SHARING: Final = 8
"""Nodes that one name may mean."""
TOLD: Final = 5
"""Types that are not known, each in a sentence of its own."""


@dataclass
class Names:
    """Which nodes a name of the file means: most often one."""

    _nodes: dict[str, list[int]] = field(default_factory=dict)

    def add(self, where: Where, name: str, number: int) -> None:
        """FileFaultError: too many nodes are called that."""
        found = self._nodes.setdefault(name, [])
        if len(found) == MOST_SHARING:
            raise FileFaultError(
                where.at("node_id"),
                f"more than {MOST_SHARING} nodes are called {shown(name)}",
                hint="Give each node an id of its own, and name it so in the links.",
            )
        found.append(number)

    def __getitem__(self, name: str) -> Sequence[int]:
        return self._nodes.get(name, ())


class _Ids:
    """Gives every node an id that no other has."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._tries: Counter[str] = Counter()

    def of(self, name: str) -> str:
        own = name
        cut = name[: LONGEST_ID - 10]
        while own in self._taken:
            self._tries[cut] += 1
            own = f"{cut}~{self._tries[cut] + 1}"
        self._taken.add(own)
        return own


def take_nodes(document: Document, frame: Frame) -> tuple[list[Node], Names, list[str]]:
    nodes: list[Node] = []
    names = Names()
    entries: dict[str, list[Any]] = {}
    """By id, each that differs from those before it."""
    ids = _Ids()
    renamed: list[str] = []
    unknown: Counter[str] = Counter()
    n_twice = n_characters = 0
    for number, raw in enumerate(document.items("nodes"), start=1):
        where = document.place("node", number)
        fields = Fields(where, raw)
        name = fields.text("node_id", longest=LONGEST_ID)
        alike = entries.setdefault(name, [])
        if raw in alike:
            n_twice += 1
            continue
        if len(nodes) == MOST_NODES:
            raise FileFaultError(where, f"more than {MOST_NODES:,} nodes", hint=TOO_LARGE)
        own = ids.of(storable(name))
        if alike or own != name:
            renamed.append(own)
        alike.append(raw)
        node = take_node(fields, own, frame)
        n_characters += sum(len(str(value)) for value in raw.values())
        if n_characters > MOST_CHARACTERS:
            raise FileFaultError(
                where, f"more than {MOST_CHARACTERS:,} characters of nodes", hint=TOO_LARGE
            )
        kind = fields.text("feature_type")
        if kind not in KINDS:
            unknown[kind] += 1
        names.add(where, name, len(nodes))
        nodes.append(node)
    if not nodes:
        raise FileFaultError(document.where.at("nodes"), "no node is left to draw")
    return nodes, names, _told(n_twice, renamed, unknown)


def _told(n_twice: int, renamed: list[str], unknown: Counter[str]) -> list[str]:
    told = []
    if n_twice:
        told.append(f"Nodes that the file has more than once: {n_twice:,}; one of each is kept.")
    if renamed:
        told.append(
            f"Nodes under ids that other nodes have too, or that cannot be kept: {len(renamed):,}; "
            f"they are renamed, as {shown(renamed[0])}."
        )
    told += [
        f"Nodes of a type that is not known here, {shown(kind)}: {n:,}; they are drawn as features."
        for kind, n in unknown.most_common(TOLD)
    ]
    if len(unknown) > TOLD:
        told.append(f"Other types that are not known here: {len(unknown) - TOLD:,}.")
    return told
