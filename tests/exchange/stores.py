"""A model with a few explanations of every kind, and what a store holds of them."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, func, select

from analysis.programs.length import bits_of, bits_of_text, n_listed, n_rules
from analysis.programs.parsing import parse_program
from app.store.engine import begin, open_session
from app.store.packing import pack_scores, pack_vocabulary
from app.store.queries.exporting import find_chosen, read_all
from app.store.tables import ModelTable, RunTable, SiteTable, VocabularyTable
from app.store.writing_explanations import ExplanationRow, ScoreRow, write_explanations
from tests.store import rows

N_VOCAB = 100
MOMENT = datetime(2026, 11, 21, 9, 30, 0, 125, tzinfo=UTC)
RULES = 'sum\nwhen token in {" cat", " dog"} -> 1.5\notherwise 0.25\n'
LOOKUP = 'sum\ntable token {" a": 0.5, " the": -0.25}\notherwise 0.1\n'
AWKWARD = (
    "=1+1", "@you", "+x", "-y", "'=quoted", "'tis", "\ttab", 'say "no", twice', "two\nlines",
    "return\r\nhere", "return\ronly", "naïve 猫 🐈", " blanks ", "0", "null",
)  # fmt: skip
"""Texts that a format could spoil."""


def score(split: str, r: float | None, judge: str = "program") -> ScoreRow:
    if r is None:
        values = pack_scores({"corpus_r": (), "auroc": ()})
        return ScoreRow(split, judge, "undefined", "constant", 4, 2, 60, 0, None, None, values)
    values = pack_scores({
        "corpus_r": (r, r - 0.125, None, 0.0, 0.25, -0.0625), "auroc": (0.75,), "r2_centred": (),
        "top_random_r": (0.5, 0.375), "deviation": (0.125,),
    })  # fmt: skip
    return ScoreRow(split, judge, "scored", None, 4, 2, 2**40, 3, r, 0.0625, values)


def program_row(unit: int, source: str, author: str, scores: Sequence[ScoreRow]) -> ExplanationRow:
    program = parse_program(source)
    return ExplanationRow(
        unit, author, "current", f"In words: {author}", source, bits_of(program, N_VOCAB),
        n_rules(program), n_listed(program), {"calibration": {"r": 0.5}}, scores,
    )  # fmt: skip


def text_row(
    unit: int, text: str, author: str = "a-model", scores: Sequence[ScoreRow] = ()
) -> ExplanationRow:
    bits = bits_of_text(text)
    return ExplanationRow(unit, author, "current", text, None, bits, None, None, {}, scores)


def add_model(engine: Engine, name: str = "toy", *, n_units: int = 8) -> int:
    """mlp.0, mlp.1 and attn.0; never swept. The model's id."""
    with open_session(engine, commit=True) as session:
        model = rows.model(name)
        session.add(model)
        session.flush()
        session.add_all([
            rows.site(model.id, "mlp.0", n_units), rows.site(model.id, "mlp.1", n_units),
            rows.site(model.id, "attn.0", 2), rows.run(model.id, "explain"),
        ])  # fmt: skip
        session.add(
            VocabularyTable(
                model_id=model.id, n_tokens=N_VOCAB, bos_token_id=None, tokens=pack_vocabulary([])
            )
        )
        return model.id


def add_run(engine: Engine) -> None:
    """What is explained from now on, a later run explained."""
    with open_session(engine, commit=True) as session:
        session.add(rows.run(session.scalars(select(ModelTable.id)).one(), "explain"))


def explain(engine: Engine, site: str, method: str, found: Sequence[ExplanationRow]) -> None:
    with open_session(engine) as session:
        run_id = session.scalars(select(func.max(RunTable.id))).one()
        place = session.scalars(select(SiteTable).filter_by(name=site)).one()
        model_id, site_id = place.model_id, place.id
    units = {row.unit_index for row in found}
    with begin(engine) as connection:
        write_explanations(
            connection, model_id=model_id, site_id=site_id, run_id=run_id, sweep_id=None,
            method=method, units=units, rows=found, at=MOMENT,
        )  # fmt: skip


def add_explained_model(engine: Engine) -> None:
    add_model(engine)
    tested = [score("test", 0.5), score("ood:code", 0.25), score("test", 0.125, "a-judge")]
    explain(engine, "mlp.0", "rules", [
        program_row(0, RULES, "rules 1", tested),
        program_row(3, RULES, "rules 1", [score("test", None)]),
    ])  # fmt: skip
    explain(engine, "mlp.0", "lookup", [program_row(0, LOOKUP, "lookup 1", [score("test", -0.5)])])
    explain(engine, "mlp.1", "language_model", [
        text_row(n % 8, text, f"model {n}") for n, text in enumerate(AWKWARD)
    ])  # fmt: skip
    explain(engine, "attn.0", "language_model", [text_row(1, "Looks back", scores=tested[2:])])
    failed = ExplanationRow(5, "a-model", "failed", "", None, None, None, None, {})
    explain(engine, "attn.0", "output", [failed._replace(unit_index=0)])


N_EXPLAINED = 3 + len(AWKWARD) + 1


def held(engine: Engine, model: str = "toy") -> list[dict[str, Any]]:
    """Everything of the current explanations that must survive a journey."""
    with open_session(engine) as session:
        chosen = find_chosen(session, model=model)
    found = []
    for record in read_all(engine, chosen):
        details = dict(record.details)
        imported = details.pop("imported", {})
        found.append({
            "place": (record.site, record.index), "text": record.text, "program": record.program,
            "author": record.author, "bits": record.bits, "n_rules": record.n_rules,
            "n_listed": record.n_listed, "created_at": record.created_at,
            "method": imported.get("method", record.method), "details": details,
            "scores": sorted(
                s._replace(judge=s.judge.removeprefix("import:")) for s in record.scores
            ),
        })  # fmt: skip
    return sorted(found, key=lambda one: json.dumps(one, sort_keys=True, default=repr))
