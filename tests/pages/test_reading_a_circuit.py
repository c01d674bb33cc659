"""Someone reads a circuit: its page without scripts, its node's cards, its tables."""

import html
import re

import pytest
from starlette.testclient import TestClient

from analysis.protocol.circuits import Circuit
from app.bench.made_circuits import make_circuit
from app.bench.made_proofs import make_proof
from app.store.engine import open_session
from app.store.writing_circuits import keep_circuit, keep_proof

CIRCUITS = "/m/synthetic/circuits"
NAMES = f"{CIRCUITS}/names"
EVIL = '</script><img src=x onerror=alert(1)>"'


def drawn(pages: TestClient, slug: str = "names") -> Circuit:
    """As the interface tells it."""
    told = pages.get(f"/api/v1/models/synthetic/circuits/{slug}").json()
    return Circuit.model_validate(told["circuit"])


def words_of(markup: str) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub("<[^>]*>", " ", markup)))


def rows_of(page: str, section: str) -> list[str]:
    part = page[page.index(f'<section id="{section}"') :]
    body = part[part.index("<tbody>") : part.index("</tbody>")]
    return [words_of(row) for row in body.split("<tr>")[1:]]


def test_the_list_has_every_circuit_with_what_it_is_worth(pages: TestClient) -> None:
    page = pages.get(CIRCUITS).text
    for slug in ("names", "names-again", "imported"):
        assert f'href="{CIRCUITS}/{slug}"' in page
    said = words_of(page)
    assert "gradients at both ends, resample ablation" in said
    assert "held-out prompts" in said
    assert said.count("not proved") == 2
    assert "imported: features.json" in said


def test_a_model_without_circuits_says_how_one_is_found(pages: TestClient) -> None:
    page = pages.get("/m/synthetic-2/circuits").text
    assert "None yet." in page
    assert "patchclamp circuit synthetic-2 indirect-objects" in page
    assert "<button>Find the circuit</button>" in page


def test_the_model_and_its_units_lead_to_the_circuits(pages: TestClient) -> None:
    assert f'href="{CIRCUITS}"' in pages.get("/m/synthetic").text
    first = drawn(pages).ranking[0][0]
    page = pages.get(f"/m/synthetic/{first.site}/{first.index}").text
    part = page[page.index("Circuits that it takes part in") :]
    assert f'href="{NAMES}"' in part
    assert "number 1 of 40" in words_of(part)


def test_a_unit_of_no_circuit_has_no_such_section(pages: TestClient) -> None:
    page = pages.get("/m/synthetic-2/mlp.0/5").text
    assert "Circuits that it takes part in" not in page


def test_the_page_says_how_the_circuit_was_found_and_how_far_to_trust_it(
    pages: TestClient,
) -> None:
    page = pages.get(NAMES)
    assert page.status_code == 200
    said = words_of(page.text)
    assert "Who gets the drink?" in said
    assert "units ranked: gradients at both ends; on 16 pairs" in said
    assert "mlp.1/7 is taken over by mlp.2/9" in said
    assert "r 0.96 over a seeded sample" in said
    assert "its value in the counterfactual prompt" in said


def test_held_out_prompts_are_shown_first_and_others_are_marked(pages: TestClient) -> None:
    first = words_of(pages.get(NAMES).text)
    assert "Resample ablation on held-out prompts , n = 24 ." in first
    assert "not held out" not in first
    other = words_of(pages.get(f"{NAMES}?proof={proof_ids(pages)[1]}").text)
    assert "the prompts that it was found on" in other
    assert "not held out" in other


def test_a_link_to_a_proof_means_it_still_once_others_are_kept(own_pages: TestClient) -> None:
    circuit = make_circuit(nodes=5, links=8, layers=1, neurons=8, heads=2)
    keep(own_pages, circuit, "shared")
    page = own_pages.get(f"{CIRCUITS}/shared").text
    (shown,) = re.findall(r'data-proof="(\d+)"', page)
    assert [int(shown)] == proof_ids(own_pages, "shared")
    with open_session(own_pages.app.state.engine, commit=True) as session:  # type: ignore[attr-defined]
        later = make_proof(circuit).model_copy(update={"ablation": "zero"})
        keep_proof(session, model="synthetic", slug="shared", proof=later)
    page = own_pages.get(f"{CIRCUITS}/shared?proof={shown}").text
    assert "Resample ablation on" in words_of(page)
    (current,) = re.findall(r'<a href="([^"]*)" aria-current="true"[^>]*data-same-circuit', page)
    assert current == f"{CIRCUITS}/shared?proof={shown}"
    newest = proof_ids(own_pages, "shared")[0]
    assert "Zero ablation on" in words_of(own_pages.get(f"{CIRCUITS}/shared?proof={newest}").text)


def test_a_proof_of_another_circuit_is_none_of_this_one(pages: TestClient) -> None:
    theirs = proof_ids(pages)[0]
    answer = pages.get(f"{CIRCUITS}/names-again?proof={theirs}")
    assert answer.status_code == 404
    said = words_of(answer.text)
    assert f"Circuit names-again has no proof {theirs}." in said
    assert "A newer one may have taken its place" in said


def test_a_proof_says_its_numbers_its_curves_its_drops_and_what_went_wrong(
    pages: TestClient,
) -> None:
    page = pages.get(NAMES).text
    said = words_of(page)
    for words in ("faithfulness", "completeness", "CPR", "CMD", "its ranking",
                  "integrated gradients", "most changed", "random units", "40 kept",
                  "Completeness is above 0.2", "what leaving one unit out costs",
                  "what they carry together", "which answer is right"):  # fmt: skip
        assert words in said, words
    assert page.count('<svg class="proof-curves"') == 2
    found = pages.get("/api/v1/models/synthetic/circuits/names").json()["proofs"][0]["proof"]
    kept = found["faithfulness"]
    assert f"{kept['value']:.2f} [{kept['low']:.2f}, {kept['high']:.2f}]" in said


def test_a_circuit_without_proof_says_so(pages: TestClient) -> None:
    assert "Not proved." in words_of(pages.get(f"{CIRCUITS}/names-again").text)
    said = words_of(pages.get(f"{CIRCUITS}/imported").text)
    assert "Not proved: it was made elsewhere, and has no task here." in said


def test_the_table_has_every_node_in_the_order_in_which_they_are_kept(pages: TestClient) -> None:
    circuit = drawn(pages)
    rows = rows_of(pages.get(NAMES).text, "nodes")
    assert len(rows) == len(circuit.graph.nodes)
    first = circuit.ranking[0][0]
    assert rows[0].split()[:2] == ["1", f"{first.site}/{first.index}"]
    assert rows[-1].split()[0] == "always"


@pytest.mark.parametrize(("sort", "column"), [("effect", "effect"), ("exact", "exact")])
def test_the_table_is_sorted_by_what_is_asked_for_and_what_is_unknown_comes_last(
    pages: TestClient, sort: str, column: str
) -> None:
    by_id = {node.id: getattr(node, column) for node in drawn(pages).graph.nodes}
    for order in ("asc", "desc"):
        page = pages.get(f"{NAMES}?sort={sort}&order={order}").text
        part = page[page.index('id="nodes"') : page.index('id="links"')]
        ids = [html.unescape(one) for one in re.findall(r'data-node-link="([^"]*)"', part)]
        values = [by_id[one] for one in ids]
        known = [value for value in values if value is not None]
        assert known == sorted(known, reverse=order == "desc")
        assert values == known + [None] * (len(values) - len(known))
        spoken = {"asc": "ascending", "desc": "descending"}[order]
        assert f'aria-sort="{spoken}"' in part


def test_the_table_of_links_comes_in_pages(pages: TestClient) -> None:
    first = pages.get(NAMES).text
    assert len(rows_of(first, "links")) == 100
    assert "page 1 of 4" in words_of(first[first.index('id="links"') :])
    last = rows_of(pages.get(f"{NAMES}?links=4").text, "links")
    assert len(last) == 20
    assert not set(last) & set(rows_of(first, "links"))


def test_htmx_gets_only_the_card_of_a_node(pages: TestClient) -> None:
    node = next(one for one in drawn(pages).graph.nodes if one.kind == "neuron" and one.exact)
    headers = {"HX-Request": "true", "HX-Target": "section#card"}
    card = pages.get(NAMES, params={"node": node.id}, headers=headers).text
    assert "<html" not in card
    assert "<table" not in card
    said = words_of(card)
    assert node.unit is not None
    for words in ("exact effect", "estimate", "Effect by position", "Where it is strongest"):
        assert words in said or not node.places, words
    assert f'href="/m/synthetic/{node.unit.site}/{node.unit.index}"' in card
    assert "/m/synthetic/playground?text=" in card
    assert f"{node.unit.site}%2F{node.unit.index}+%3D+resample" in card


def test_a_card_leads_to_the_playground_with_the_position_of_its_edit(pages: TestClient) -> None:
    node = next(n for n in drawn(pages).graph.nodes if n.unit and n.position is not None)
    card = pages.get(NAMES, params={"node": node.id}).text
    address = re.search(r'href="([^"]*)" data-key="a"', card)
    assert address is not None
    assert html.unescape(address[1]).endswith(f"+%40+{node.position}")
    form = pages.get(html.unescape(address[1])).text
    assert f'value="{node.unit.site}/{node.unit.index}"' in form  # type: ignore[union-attr]


def test_a_card_of_what_is_no_unit_has_neither_page_nor_edit(pages: TestClient) -> None:
    card = pages.get(f"{CIRCUITS}/imported", params={"node": "E_1_ Mary"}).text
    part = card[card.index('id="card"') : card.index('id="proof"')]
    assert "embedding of “·Mary”" in part
    assert "ablate" not in part


def test_flags_are_told_in_words(own_pages: TestClient) -> None:
    circuit = make_circuit(nodes=5, links=4, layers=1, neurons=8, heads=2)
    nodes = tuple(
        node.model_copy(update={"flags": ("has a backup", "disagrees")}) if node.unit else node
        for node in circuit.graph.nodes
    )
    graph = circuit.graph.model_copy(update={"nodes": nodes})
    keep(own_pages, circuit.model_copy(update={"graph": graph}), "flagged")
    page = own_pages.get(f"{CIRCUITS}/flagged").text
    assert "with it ablated another unit does more: both together do more than each" in page
    assert "takes over" not in page
    assert "estimate and exact effect differ in sign or size" in page


@pytest.mark.parametrize(
    "path",
    [
        "/m/nobody/circuits", f"{CIRCUITS}/nothing", f"{CIRCUITS}/nothing/graph",
        f"{NAMES}?node=nobody", f"{NAMES}?proof=70000", "/m/nobody/circuits/names",
        f"{NAMES}/compare?with=synthetic/nothing", f"{NAMES}/compare?with=nobody/names",
    ],
)  # fmt: skip
def test_what_is_not_there_is_not_found(pages: TestClient, path: str) -> None:
    assert pages.get(path).status_code == 404


@pytest.mark.parametrize("path", [f"{NAMES}?sort=colour", f"{NAMES}?page=0", f"{NAMES}/compare"])
def test_what_makes_no_sense_is_said_to_be_so(pages: TestClient, path: str) -> None:
    assert pages.get(path).status_code == 422


def test_a_page_behind_the_last_is_empty_and_not_an_error(pages: TestClient) -> None:
    answer = pages.get(f"{NAMES}?page=99&links=99")
    assert answer.status_code == 200
    assert rows_of(answer.text, "nodes") == []


def test_the_drawing_names_links_by_numbers_of_nodes_and_has_the_curves(
    pages: TestClient,
) -> None:
    circuit = drawn(pages)
    told = pages.get(f"{NAMES}/graph").json()
    assert [node["id"] for node in told["nodes"]] == [node.id for node in circuit.graph.nodes]
    source, target, weight, ways = told["links"][0]
    link = circuit.graph.links[0]
    assert told["nodes"][source]["id"] == link.source
    assert told["nodes"][target]["id"] == link.target
    assert weight == pytest.approx(link.weight, rel=1e-5)
    assert [way[:2] for way in ways] == [list(way[:2]) for way in link.ways]
    assert {int(number) for number in told["proofs"]} == set(proof_ids(pages))
    kept = told["proofs"][str(proof_ids(pages)[0])]["curves"]["circuit"]
    assert kept[0][0] == 0
    assert kept[-1][0] == circuit.n_units


def test_scripts_in_labels_titles_tokens_and_files_stay_text(own_pages: TestClient) -> None:
    keep_evil(own_pages)
    for path in (CIRCUITS, f"{CIRCUITS}/evil", f"{CIRCUITS}/evil?node=e0",
                 f"{CIRCUITS}/evil/compare?with=evil", "/m/synthetic"):  # fmt: skip
        page = own_pages.get(path)
        assert page.status_code == 200, path
        assert "<img" not in page.text, path
        assert "</script><" not in page.text.replace("></script>", ""), path


def proof_ids(pages: TestClient, slug: str = "names") -> list[int]:
    """Newest first."""
    found = pages.get(f"/api/v1/models/synthetic/circuits/{slug}/proofs").json()
    return [each["id"] for each in found]


def keep(pages: TestClient, circuit: Circuit, slug: str) -> None:
    with open_session(pages.app.state.engine, commit=True) as session:  # type: ignore[attr-defined]
        keep_circuit(session, model="synthetic", circuit=circuit, actor="me", slug=slug)
        keep_proof(session, model="synthetic", slug=slug, proof=make_proof(circuit))


def keep_evil(pages: TestClient) -> None:
    """With markup wherever somebody else's file has words."""
    circuit = make_circuit(nodes=5, links=8, layers=1, neurons=8, heads=2, words=("a", EVIL, EVIL))
    nodes = tuple(
        node.model_copy(update={"label": EVIL, "id": f"e{n}", "extra": {EVIL: EVIL}})
        for n, node in enumerate(circuit.graph.nodes)
    )
    graph = circuit.graph.model_copy(update={"nodes": nodes, "links": ()})
    evil = circuit.model_copy(update={"graph": graph, "warnings": (EVIL,)})
    with open_session(pages.app.state.engine, commit=True) as session:  # type: ignore[attr-defined]
        keep_circuit(
            session, model="synthetic", circuit=evil, actor=EVIL, slug="evil", title=EVIL,
            file=EVIL,
        )  # fmt: skip
        proof = make_proof(circuit).model_copy(update={"remarks": (EVIL,)})
        keep_proof(session, model="synthetic", slug="evil", proof=proof)


def test_the_page_says_how_far_links_agree_with_path_patching_and_which_were_run(
    pages: TestClient,
) -> None:
    page = pages.get(NAMES).text
    said = words_of(page)
    assert "Links against exact path patching: r 0.93 over a seeded sample" in said
    assert "0.91 over the 24 heaviest, 0.99 over 24 at random of" in said
    assert "they are off by 8" in said
    assert re.search("drawn add up to 62.* of the unit’s effect, in the median of 12 units", said)
    assert said.count("Links against exact path patching") == 1
    rows = rows_of(page, "links")
    by_weight = sorted(drawn(pages).graph.links, key=lambda link: -abs(link.weight))
    for row, link in zip(rows, by_weight, strict=False):
        assert ("not run" in row) == (link.exact is None)
    assert any("not run" not in row for row in rows)


def test_backups_are_told_with_what_ablating_both_says(pages: TestClient) -> None:
    page = pages.get(NAMES).text
    rows = rows_of(page, "backups")
    told = drawn(pages).backups
    assert len(rows) == len(told) == 3
    for row, one in zip(rows, told, strict=True):
        names = [f"{unit.site}/{unit.index}" for unit in (one.backup, one.ablated)]
        assert row.split()[:2] == names
    assert ["not confirmed" in row for row in rows] == [False, True, False]
    assert ["estimated alone" in row for row in rows] == [False, False, True]


def test_a_card_says_who_takes_over_from_the_unit_and_from_whom_it_does(
    pages: TestClient,
) -> None:
    first, second, _ = drawn(pages).backups
    both = f"{second.ablated.site}/{second.ablated.index}"
    assert first.backup == second.ablated
    card = words_of(card_of(pages, both))
    other = f"{first.ablated.site}/{first.ablated.index}"
    assert f"Confirmed: while {other} is ablated, it does more, exact rise +0.7" in card
    backup = f"{second.backup.site}/{second.backup.index}"
    assert f"Not confirmed: {backup} is estimated to do more while it is ablated" in card
    assert "running both does not confirm it (exact rise +0.0100 )" in card


def test_a_circuit_of_which_nothing_was_run_so_has_neither_table_nor_sentence(
    pages: TestClient,
) -> None:
    page = pages.get(f"{CIRCUITS}/imported").text
    assert 'id="backups"' not in page
    assert "path patching" not in page


def card_of(pages: TestClient, unit: str) -> str:
    (node,) = (
        node.id
        for node in drawn(pages).graph.nodes
        if node.unit is not None and f"{node.unit.site}/{node.unit.index}" == unit
    )
    page = pages.get(NAMES, params={"node": node}).text
    return page[page.index('id="card"') : page.index('id="proof"')]
