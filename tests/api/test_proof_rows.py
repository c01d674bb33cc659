"""The pairs that a proof stands on, downloaded."""

import csv
import io
import json

import pytest

from analysis.protocol.edits import UnitRef
from analysis.protocol.proofs import Row
from app.store.engine import open_session
from app.store.writing_circuits import keep_circuit, keep_proof
from tests.store import rows
from tests.store.circuits import ROWS, found, proof

CIRCUITS = "/api/v1/models/toy/circuits"
HEADER = ["prompt", "counterfactual", "whole", "circuit", "rest", "empty", "kl", "right", "new"]


@pytest.fixture
def toy(empty_app, empty):
    """A client of a store with a circuit: its first proof has rows, its second has none."""
    with open_session(empty_app.state.engine, commit=True) as session:
        model = rows.model()
        session.add(model)
        session.flush()
        session.add_all([rows.site(model.id), rows.site(model.id, "attn.0", 2)])
        session.flush()
        for slug in ("found", "other"):
            keep_circuit(session, model="toy", circuit=found(), actor="me", slug=slug)
        keep_proof(session, model="toy", slug="found", proof=proof())
        keep_proof(session, model="toy", slug="found", proof=proof(rows=()))
    return empty


def test_every_row_is_a_line_of_json_as_the_proof_has_it(toy):
    answer = toy.get(f"{CIRCUITS}/found/proofs/1/rows", params={"format": "jsonl"})
    assert answer.headers["content-type"] == "application/jsonl"
    assert [Row.model_validate_json(line) for line in answer.text.splitlines()] == list(ROWS)
    assert json.loads(answer.text.splitlines()[0])["prompt"] == ROWS[0].prompt


def test_a_table_has_a_header_and_a_line_for_each_row(toy):
    answer = toy.get(f"{CIRCUITS}/found/proofs/1/rows")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == (
        'attachment; filename="found-proof-1-rows.csv"'
    )
    header, first, *others = csv.reader(io.StringIO(answer.text, newline=""))
    assert header == HEADER
    assert first == [ROWS[0].prompt, "ä", "3.0", "-0.5", "0.0", "-3.0", "0.25", "true",
                     "template word"]  # fmt: skip
    assert [row[-2:] for row in others] == [["false", ""], ["", ""]]


def test_no_prompt_is_a_formula_to_a_spreadsheet(toy):
    text = toy.get(f"{CIRCUITS}/found/proofs/1/rows").text
    table = list(csv.reader(io.StringIO(text, newline="")))
    assert [row[:2] for row in table[2:]] == [
        ["'=HYPERLINK(\"http://a\")", "'@SUM(A1)"], ["'-1 +", "''quoted"],
    ]  # fmt: skip


def test_a_proof_without_rows_says_why_it_has_none(toy):
    answer = toy.get(f"{CIRCUITS}/found/proofs/2/rows")
    assert answer.status_code == 409
    assert answer.json()["detail"].startswith("Proof 2 of circuit found has no rows:")
    assert "Find the circuit anew" in answer.json()["hint"]


def test_a_proof_of_chosen_units_leads_to_those_that_have_rows(toy, empty_app):
    chosen = proof(rows=(), units=(UnitRef(site="mlp.0", index=1),))
    with open_session(empty_app.state.engine, commit=True) as session:
        keep_proof(session, model="toy", slug="found", proof=chosen)
    answer = toy.get(f"{CIRCUITS}/found/proofs/3/rows")
    assert answer.status_code == 409
    assert "chosen by hand" in answer.json()["detail"]
    assert "anew" not in answer.json()["hint"]
    assert "as it was found" in answer.json()["hint"]


@pytest.mark.parametrize(
    "path", ["found/proofs/3/rows", "other/proofs/1/rows", "none/proofs/1/rows"]
)
def test_a_proof_that_the_circuit_does_not_have_is_not_found(toy, path):
    assert toy.get(f"{CIRCUITS}/{path}").status_code == 404


@pytest.mark.parametrize("path", ["0/rows", "x/rows", f"{2**31}/rows", "1/rows?format=xml"])
def test_what_is_no_proof_and_no_form_is_refused(toy, path):
    assert toy.get(f"{CIRCUITS}/found/proofs/{path}").status_code == 422
