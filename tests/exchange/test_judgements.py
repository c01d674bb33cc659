"""Judgements leave a store and come into another: the same, marked by where they were made."""

import csv
import io
import json
from datetime import timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from sqlalchemy import Engine, select

from app.errors import BadRequestError
from app.exchange.faults import DamagedFileError, FileFaultError
from app.exchange.input import InputFile
from app.exchange.judgements.encoding import ENCODINGS
from app.exchange.judgements.exporting import Taken, take_out
from app.exchange.judgements.importing import keep_judgements, read_judgements
from app.exchange.judgements.naming import actor_of, annotator_of
from app.store.deciding import Ruling, decide
from app.store.engine import open_session
from app.store.judging import Rating, judge
from app.store.queries.asked_judgements import Asked, asked_of
from app.store.queries.explanation import get_explanation
from app.store.queries.judgement import judgements_of
from app.store.tables import JudgementTable
from tests.store import rows
from tests.store.asking import TEXTS, write
from tests.store.audit_log import rows as audited
from tests.store.campaigns import QUESTIONS, answer, campaign, skip
from tests.store.claims import rules
from tests.store.rows import MOMENT

EVIL = '=HYPERLINK("x")'
FORMS = ("jsonl", "csv", "parquet")


def fill(engine: Engine, *, before: int = 0) -> Engine:
    """Six explained units of a model `toy`; ids begin behind so many others."""
    with open_session(engine, commit=True) as session:
        model = rows.model()
        session.add(model)
        session.flush()
        session.add_all([rows.site(model.id), rows.site(model.id, "mlp.1")])
        sweep = rows.run(model.id)
        session.add(sweep)
        session.flush()
        model.current_run_id = sweep.id
        session.add(rows.run(model.id, "explain"))
    if before:
        write(engine, [rules(7, f"Other {n}.", r=None) for n in range(before)], method="output")
    write(engine, [rules(unit, text, r=r) for unit, (text, r) in enumerate(TEXTS)])
    return engine


@pytest.fixture
def judged(engine: Engine) -> Engine:
    """A campaign of three, and one explanation that was judged outside of it."""
    fill(engine)
    number = campaign(engine, expected={2: "reject"})
    answer(engine, number, "ada", 1, "accept", specificity=4, tags=["a,b", "c"], note=EVIL)
    answer(engine, number, "bo", 1, "reject", minute=1, several_meanings=True, note="naïve\n“q”")
    answer(engine, number, "ada", 2, "reject", seconds=2.5, minute=2)
    answer(engine, number, "bo", 2, "reject", minute=3)
    answer(engine, number, "cy", 2, "edit", minute=4, sensitivity=1)
    with open_session(engine, commit=True) as session:
        judge(session, explanation_id=4, actor="ada", rating=Rating("unsure"))
    return engine


def take(engine: Engine, slug: str | None = None, **how) -> Taken:
    with open_session(engine) as session:
        return take_out(session, asked_of(session, model="toy", campaign=slug), **how)


def written(engine: Engine, folder: Path, form: str, **how) -> Path:
    taken = take(engine, **how)
    path = folder / f"judgements.{form}"
    path.write_bytes(b"".join(ENCODINGS[form].encode(taken.columns, taken.rows)))
    return path


def bring(engine: Engine, path: Path, *, origin: str = "their-lab", **how):
    found = read_judgements(InputFile(path, path.name))
    with open_session(engine, commit=True) as session:
        return keep_judgements(session, found, model="toy", origin=origin, actor="rho", **how)


def stored(engine: Engine) -> list[JudgementTable]:
    with open_session(engine) as session:
        return list(session.scalars(select(JudgementTable).order_by(JudgementTable.id)))


def lines(folder: Path, *entries: object, name: str = "j.jsonl") -> Path:
    path = folder / name
    text = (one if isinstance(one, str) else json.dumps(one) for one in entries)
    path.write_text("".join(f"{line}\n" for line in text))
    return path


def test_each_judgement_leaves_with_all_that_is_known_of_it(judged: Engine):
    first = take(judged, "first").rows[0]
    assert {name: first[name] for name in ("model", "site", "index", "version", "text")} == {
        "model": "toy", "site": "mlp.0", "index": 0, "version": 1, "text": TEXTS[0][0],
    }  # fmt: skip
    assert (first["annotator"], first["verdict"], first["specificity"]) == ("ada", "accept", 4)
    assert (first["seconds"], first["campaign"], first["guideline"]) == (10.0, "first", 1)
    assert (first["tags"], first["origin"], first["created_at"]) == (["a,b", "c"], None, MOMENT)
    assert [row["expected"] for row in take(judged, "first").rows] == [None, None] + ["reject"] * 3


def test_of_a_model_all_that_people_stand_by_leaves(judged: Engine):
    assert len(take(judged).rows) == 6
    assert len(take(judged, "first").rows) == 5


def test_what_counts_is_what_was_decided_else_what_most_say(judged: Engine):
    tie, most = take(judged, "first", table="consensus").rows
    assert (tie["verdict"], tie["settled_by"], tie["tied"]) == (None, "tie", ["accept", "reject"])
    assert (most["verdict"], most["settled_by"], most["n"], most["n_edit"]) == (
        "reject", "plurality", 3, 1,
    )  # fmt: skip
    with open_session(judged, commit=True) as session:
        asked = asked_of(session, model="toy", campaign="first")
        decide(session, asked, explanation_id=2, actor="rho", ruling=Ruling("edit", "Both."))
    decided = take(judged, "first", table="consensus").rows[1]
    assert (decided["verdict"], decided["settled_by"], decided["plurality"]) == (
        "edit", "decision", "reject",
    )  # fmt: skip
    assert (decided["decided_by"], decided["reason"]) == ("rho", "Both.")


def test_the_manifest_says_what_it_is_and_how_far_people_agree(judged: Engine):
    told = take(judged, "first").manifest
    assert (told["n_rows"], told["n_people"], told["n_explanations"]) == (5, 3, 2)
    assert told["n_gold_judgements"] == 3
    assert told["guidelines"] == [{"version": 1, "markdown": "Judge."}]
    alpha = next(one for one in told["alpha"] if one["question"] == "verdict")
    assert alpha["n_judgements"] == 2  # without those of the gold item
    json.dumps(told)


def test_the_manifest_has_the_design_of_the_campaign(judged: Engine):
    plan = take(judged, "first").manifest["plan"]
    assert (plan["n_items"], plan["n_per_item"], plan["n_gold"], plan["n_unjudged"]) == (3, 3, 1, 1)
    assert (plan["status"], plan["n_candidates"]) == ("open", 3)
    assert plan["questions"] == QUESTIONS
    assert take(judged).manifest["plan"] is None


def test_the_order_of_each_person_leaves_without_times(judged: Engine):
    rows = take(judged, "first", annotators="numbers").rows
    assert [row["sequence"] for row in rows] == [1, 1, 2, 2, 1]  # ada, bo; ada, bo, cy
    assert {row["created_at"] for row in rows} == {None}


def test_what_was_skipped_leaves_with_its_reason(judged: Engine):
    with open_session(judged, commit=True) as session:
        asked = asked_of(session, model="toy", campaign="first")
        skip(session, asked.campaign_id, "bo", 3, "Not my language.", minute=2)
    taken = take(judged, "first", table="skips")
    (row,) = taken.rows
    assert (row["explanation"], row["annotator"], row["reason"], row["after"]) == (
        3, "bo", "Not my language.", 1,
    )  # fmt: skip
    assert set(row) == set(taken.columns)
    assert taken.manifest["plan"]["n_skipped"] == 1
    (hidden,) = take(judged, "first", table="skips", annotators="numbers").rows
    assert (hidden["skipped_at"], hidden["annotator"].split()[0]) == (None, "annotator")
    assert take(judged, table="skips").rows == []


def test_a_question_that_was_not_asked_is_not_answered_with_no(engine: Engine, tmp_path: Path):
    fill(engine)
    number = campaign(engine, questions=["specificity"])
    for actor in ("ada", "bo"):
        answer(engine, number, actor, 1, "accept")
    (row, _) = take(engine, "first").rows
    assert row["several_meanings"] is None
    agreed = take(engine, "first", table="consensus").rows[0]
    assert (agreed["n_several_meanings"], agreed["n_asked_several_meanings"]) == (None, 0)
    alphas = take(engine, "first").manifest["alpha"]
    told = next(one for one in alphas if one["question"] == "several_meanings")
    assert (told["n_judgements"], told["n_explanations"]) == (0, 0)
    path = written(engine, tmp_path, "csv")
    with open_session(engine, commit=True) as session:
        session.query(JudgementTable).delete()
    bring(engine, path)
    assert take(engine).rows[0]["several_meanings"] is None  # nor is it, come back


def test_what_one_person_says_is_no_consensus(engine: Engine):
    fill(engine)
    number = campaign(engine)
    for item, said in ((1, "a"), (2, "aare"), (3, "aar")):
        for person, verdict in enumerate(said):
            full = {"a": "accept", "r": "reject", "e": "edit"}[verdict]
            answer(engine, number, f"p{person}", item, full)
    rows = take(engine, "first", table="consensus").rows
    assert [(row["settled_by"], row["verdict"], row["complete"]) for row in rows] == [
        ("single", "accept", False), ("plurality", "accept", True), ("plurality", "accept", True),
    ]  # fmt: skip
    assert {row["n_wanted"] for row in rows} == {3}


def test_what_one_campaign_decided_is_not_decided_in_another(judged: Engine):
    other = campaign(judged, "second", items=(1,))
    for actor, verdict in (("ada", "accept"), ("bo", "reject")):
        answer(judged, other, f"{actor} 2", 1, verdict)
    for slug, verdict in (("first", "accept"), ("second", "reject")):
        with open_session(judged, commit=True) as session:
            asked = asked_of(session, model="toy", campaign=slug)
            decide(session, asked, explanation_id=1, actor="rho", ruling=Ruling(verdict, "So."))
        if slug == "first":
            open_still = take(judged, "second", table="consensus").rows[0]
            assert (open_still["settled_by"], open_still["verdict"]) == ("tie", None)
    for slug, verdict in (("first", "accept"), ("second", "reject")):
        row = take(judged, slug, table="consensus").rows[0]
        assert (row["verdict"], row["settled_by"], row["decided_in"]) == (verdict, "decision", slug)
    everywhere = take(judged, table="consensus").rows[0]
    assert (everywhere["verdict"], everywhere["decided_in"]) == ("reject", "second")


def test_with_numbers_nobody_is_named(judged: Engine):
    taken = take(judged, "first", annotators="numbers")
    said = json.dumps([dict(row) for row in taken.rows])
    assert not [name for name in ("ada", '"bo"', '"cy"') if name in said]
    assert {row["annotator"] for row in taken.rows} == {f"annotator {n}" for n in (1, 2, 3)}
    assert {(row["id"], row["created_at"]) for row in taken.rows} == {(None, None)}
    by_person = {row["annotator"] for row in taken.rows[:1] + taken.rows[2:3]}
    assert len(by_person) == 1  # ada's two are one person's
    with open_session(judged, commit=True) as session:
        asked = Asked(1, "toy")
        decide(session, asked, explanation_id=1, actor="rho", ruling=Ruling("edit", "Both."))
    agreed = take(judged, table="consensus", annotators="numbers").rows[0]
    assert (agreed["decided_by"], agreed["reason"]) == (None, "Both.")


def test_cells_are_no_formulas(judged: Engine, tmp_path: Path):
    path = written(judged, tmp_path, "csv")
    cells = [cell for row in csv.reader(io.StringIO(path.read_text())) for cell in row]
    assert f"'{EVIL}" in cells
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]


def test_parquet_has_typed_columns(judged: Engine, tmp_path: Path):
    table = pq.read_table(written(judged, tmp_path, "parquet"))
    kinds = {name: str(table.schema.field(name).type) for name in ("index", "tags", "created_at")}
    assert kinds["index"] == "int64"
    assert kinds["tags"].startswith("list<")
    assert kinds["created_at"] == "timestamp[us, tz=UTC]"


@pytest.mark.parametrize("form", FORMS)
def test_what_comes_back_is_what_left_but_for_where_it_was_made(
    judged: Engine, tmp_path: Path, form: str
):
    path = written(judged, tmp_path, form)
    before = take(judged).rows
    with open_session(judged, commit=True) as session:
        session.query(JudgementTable).delete()
    report = bring(judged, path)
    assert (report.n_new, report.n_known, report.n_faults) == (6, 0, 0)
    after = take(judged).rows

    def plain(row, **other):
        return {name: row[name] for name in row if name not in ("id",)} | other

    assert [plain(row) for row in after] == [plain(row, origin="their-lab") for row in before]


@pytest.mark.parametrize("form", FORMS)
def test_the_same_file_twice_adds_nothing(judged: Engine, tmp_path: Path, form: str):
    path = written(judged, tmp_path, form)
    with open_session(judged, commit=True) as session:
        session.query(JudgementTable).delete()
    bring(judged, path)
    again = bring(judged, path)
    assert (again.n_new, again.n_known) == (0, 6)
    assert len(stored(judged)) == 6


def test_what_was_given_here_and_comes_back_is_not_doubled(judged: Engine, tmp_path: Path):
    report = bring(judged, written(judged, tmp_path, "jsonl"))
    assert (report.n_new, report.n_known) == (0, 6)


def test_in_another_store_unit_and_text_name_the_explanation(engine: Engine, tmp_path: Path):
    fill(engine, before=3)
    row = {
        "explanation": 1, "site": "mlp.0", "index": 2, "text": TEXTS[2][0], "annotator": "cy",
        "verdict": "accept",
    }  # fmt: skip
    assert bring(engine, lines(tmp_path, row)).n_new == 1
    (one,) = stored(engine)
    with open_session(engine) as session:
        assert get_explanation(session, explanation_id=one.explanation_id).text == TEXTS[2][0]


def test_as_little_as_who_said_what_of_which_unit_is_enough(judged: Engine, tmp_path: Path):
    path = tmp_path / "j.csv"
    path.write_text("annotator,verdict,unit\nJo Doe,accept,mlp.0/4\n'-x,reject,mlp.0/5\n")
    report = bring(judged, path)
    assert (report.n_new, report.people) == (2, ["-x (their-lab)", "Jo Doe (their-lab)"])
    assert [row.origin for row in stored(judged)[-2:]] == ["their-lab"] * 2


def test_whoever_judged_elsewhere_is_never_taken_for_an_account(judged: Engine, tmp_path: Path):
    bring(judged, lines(tmp_path, {"annotator": "ada", "verdict": "reject", "explanation": 4}))
    with open_session(judged) as session:
        told = judgements_of(
            session, get_explanation(session, explanation_id=4), actor="ada", may_judge=True
        )
    assert told.own is not None
    assert told.own.verdict == "unsure"
    assert [(one.actor, one.verdict) for one in told.others] == [("ada (their-lab)", "reject")]


def test_names_come_apart_again():
    for name in ("ada", "Jo (x)", "a (b) (c)"):
        assert annotator_of(actor_of(name, "their-lab"), "their-lab") == name
    assert annotator_of("ada", None) == "ada"


def test_the_later_of_two_by_one_person_counts_in_whatever_order_they_come(
    judged: Engine, tmp_path: Path
):
    def row(verdict: str, minute: int) -> dict[str, object]:
        at = (MOMENT + timedelta(minutes=minute)).isoformat()
        return {"annotator": "di", "verdict": verdict, "explanation": 4, "created_at": at}

    bring(judged, lines(tmp_path, row("accept", 5), row("edit", 1)))
    bring(judged, lines(tmp_path, row("reject", 9)))
    bring(judged, lines(tmp_path, row("unsure", 7)))
    told = {r.verdict: r.replaced_at is None for r in stored(judged) if r.actor.startswith("di ")}
    assert told == {"accept": False, "edit": False, "reject": True, "unsure": False}


def test_without_times_the_later_line_counts_and_twice_is_still_once(
    judged: Engine, tmp_path: Path
):
    named = {"annotator": "di", "explanation": 4}
    path = lines(tmp_path, named | {"verdict": "accept"}, named | {"verdict": "reject"})
    assert bring(judged, path).n_new == 2
    assert bring(judged, path).n_new == 0
    told = {r.verdict: r.replaced_at is None for r in stored(judged) if r.actor.startswith("di ")}
    assert told == {"accept": False, "reject": True}


def test_a_dry_run_says_what_would_happen_and_does_nothing(judged: Engine, tmp_path: Path):
    path = lines(tmp_path, {"annotator": "di", "verdict": "accept", "explanation": 4})
    n_before, n_audited = len(stored(judged)), len(audited(judged))
    report = bring(judged, path, dry_run=True)
    assert (report.n_new, report.people, report.dry_run) == (1, ["di (their-lab)"], True)
    assert (len(stored(judged)), len(audited(judged))) == (n_before, n_audited)


def test_every_wrong_line_is_told_and_then_nothing_is_brought_in(judged: Engine, tmp_path: Path):
    ok = {"annotator": "di", "verdict": "accept", "explanation": 4}
    path = lines(
        tmp_path, ok, "{no json", ok | {"verdict": "maybe"}, "", ok | {"explanation": 999},
        ok | {"specificity": 6}, ok | {"annotator": ""}, {"annotator": "di", "verdict": "accept"},
        {"annotator": "di", "verdict": "accept", "unit": "mlp.0"}, ok | {"origin": "Not One"},
        ok | {"tags": "a"}, ok | {"model": "other"}, ok | {"text": "Another text."},
        {"annotator": "di", "verdict": "accept", "unit": "mlp.1/3"},
    )  # fmt: skip
    n_before = len(stored(judged))
    report = bring(judged, path)
    assert [fault.where.line for fault in report.faults] == [2, 3, *range(5, 15)]
    assert report.n_faults == 12
    assert "j.jsonl, line 3: 'maybe' is no verdict" in report.faults[1].detail
    assert "mlp.1/3 of toy has no current explanation" in report.faults[-1].detail
    assert len(stored(judged)) == n_before


def test_a_unit_with_several_explanations_must_say_which(judged: Engine, tmp_path: Path):
    write(judged, [rules(3, "Something else.", r=None)], method="language_model")
    path = lines(tmp_path, {"annotator": "di", "verdict": "accept", "unit": "mlp.0/3"})
    (fault,) = bring(judged, path).faults
    assert "has 2 explanations: 4, 7" in fault.detail


def test_a_file_that_is_no_table_is_refused(judged: Engine, tmp_path: Path):
    with pytest.raises(BadRequestError, match="no table of judgements"):
        bring(judged, lines(tmp_path, {}, name="j.txt"))
    with pytest.raises(FileFaultError, match="the header lacks"):
        bring(judged, lines(tmp_path, "a,b", name="j.csv"))
    with pytest.raises(DamagedFileError):
        bring(judged, lines(tmp_path, "PAR1 not", name="j.parquet"))
    with pytest.raises(BadRequestError, match="cannot name an origin"):
        bring(judged, lines(tmp_path, {}), origin="A B")


def test_what_was_brought_in_is_noted(judged: Engine, tmp_path: Path):
    bring(judged, lines(tmp_path, {"annotator": "di", "verdict": "accept", "explanation": 4}))
    row = audited(judged)[-1]
    assert (row["action"], row["actor"], row["subject"]) == (
        "judgements.imported", "rho", "file j.jsonl",
    )  # fmt: skip
