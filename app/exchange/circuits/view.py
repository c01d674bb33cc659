"""How somebody left an attribution graph on their page: which nodes are pinned, which are grouped.

What is named there and not in the graph is left out, and told.
"""

from collections.abc import Iterator
from typing import Any, Final

from analysis.protocol.circuits import MOST_NODES, Group, Node
from app.exchange.circuits.node_list import Names
from app.exchange.circuits.nodes import LONGEST_LABEL
from app.exchange.faults import FileFaultError, Where, expected
from app.exchange.fields import Fields
from app.store.writing_explanations import storable

MOST_MEMBERS: Final = 200_000
"""Of all groups together."""


def take_view(
    view: Fields, nodes: list[Node], names: Names, warnings: list[str]
) -> tuple[tuple[str, ...], tuple[Group, ...]]:
    """Pinned ids and groups; a name that several nodes share means the first of them."""
    missing: list[str] = []

    def known(where: Where, listed: list[Any]) -> tuple[str, ...]:
        found = []
        for name in _texts(where, listed):
            meant = names[name]
            if meant:
                found.append(nodes[meant[0]].id)
            else:
                missing.append(name)
        return tuple(dict.fromkeys(found))

    pinned = known(view.where.at("pinnedIds"), _list(view, "pinnedIds"))
    groups = []
    n_members = 0
    where = view.where.at("supernodes")
    for number, one in enumerate(_list(view, "supernodes")):
        here = where.at(f"[{number}]")
        if not isinstance(one, list) or not one:
            raise expected(here, "a list of a label and ids", one)
        label = next(_texts(here, one[:1]))
        if len(label) > LONGEST_LABEL:
            raise FileFaultError(here, f"a label of more than {LONGEST_LABEL:,} characters")
        n_members += len(one) - 1
        if n_members > MOST_MEMBERS:
            raise FileFaultError(here, f"more than {MOST_MEMBERS:,} members of groups")
        members = known(here, one[1:])
        if members:
            groups.append(Group(label=storable(label), nodes=members))
    if missing:
        warnings.append(f"Pinned or grouped nodes that the file does not have: {len(missing):,}.")
    return pinned, tuple(groups)


def _list(view: Fields, name: str) -> list[Any]:
    found = view.raw(name)
    if found is None:
        return []
    if not isinstance(found, list) or len(found) > MOST_NODES:
        raise expected(view.where.at(name), f"a list of at most {MOST_NODES:,} entries", found)
    return found


def _texts(where: Where, listed: list[Any]) -> Iterator[str]:
    for number, name in enumerate(listed):
        if not isinstance(name, str):
            raise expected(where.at(f"[{number}]"), "a text", name)
        yield name
