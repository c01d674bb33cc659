"""Which nodes a link means whose names several nodes share: found once for each pair of names."""

import pytest

from analysis.protocol.circuits import Node
from app.exchange.circuits import links
from app.exchange.circuits.links import Meanings

NODES = [
    Node(id="a", kind="feature", layer=0),
    Node(id="b", kind="feature", layer=2),
    Node(id="c", kind="error", layer=3),
    Node(id="d", kind="logit", layer=4),
    Node(id="e", kind="embedding", layer=-1),
]


@pytest.mark.parametrize(
    ("sources", "targets", "found"),
    [
        ((0, 1), (0, 1), [(0, 1)]),
        ((0, 1), (1, 2), [(0, 1)]),
        ((0, 1, 4), (3,), [(0, 3), (1, 3), (4, 3)]),
        ((3, 1), (0, 4), [(3, 0), (3, 4), (1, 0), (1, 4)]),
    ],
)
def test_nothing_leads_back_or_to_what_nothing_leads_to(sources, targets, found):
    assert Meanings(NODES).of(sources, targets) == found


def test_it_is_found_once_for_two_names_and_a_bounded_number_is_kept(monkeypatch):
    meanings = Meanings(NODES)
    assert meanings.of((0, 1), (1, 2)) is meanings.of((0, 1), (1, 2))
    monkeypatch.setattr(links, "MOST_KNOWN", 2)
    for target in (1, 2, 3):
        meanings.of((0,), (target,))
        assert len(meanings._known) <= 2
