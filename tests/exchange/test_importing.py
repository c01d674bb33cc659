"""Imports go on where they were cut, double nothing, and say which line is wrong."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select

from app.errors import BadRequestError, NotFoundError
from app.exchange import importing
from app.exchange.faults import DamagedFileError, WrongModelError
from app.exchange.importing import ImportReport, import_path
from app.store.audit.verifying import verify
from app.store.claiming import withdraw_explanation
from app.store.engine import open_session
from app.store.tables import ExplanationTable, ImportedFileTable
from tests.exchange.stores import RULES
from tests.store import audit_log


def line(n: int, **more: object) -> dict[str, Any]:
    common = {"model": "toy", "site": "mlp.0", "author": "somebody"}
    return {**common, "index": n % 8, "text": f"text {n}", **more}


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    content = "".join(json.dumps(row) + "\n" for row in rows).encode()
    path.write_bytes(gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)
    return path


def texts(engine: Engine) -> list[str]:
    with open_session(engine) as session:
        return sorted(session.scalars(select(ExplanationTable.text)))


def counts(report: ImportReport) -> tuple[int, int, int]:
    return tuple(report.total(n) for n in ("n_imported", "n_duplicates", "begun_at"))  # type: ignore[return-value]


def told(report: ImportReport) -> str:
    (problem,) = report.problems
    return f"{problem.detail} | {problem.hint}"


@pytest.fixture
def batches_of_three(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "AT_ONCE", 3)


@pytest.mark.usefixtures("batches_of_three")
def test_an_import_that_was_killed_goes_on_and_doubles_nothing(
    receiving: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It dies after rows were written and before their transaction ends."""
    path = write(tmp_path / "a.jsonl", [line(n) for n in range(10)])
    keep, calls = importing.keep_position, [0]

    def die_at_third(*given: Any, **named: Any) -> None:
        keep(*given, **named)
        calls[0] += 1
        if calls[0] == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(importing, "keep_position", die_at_third)
    with pytest.raises(KeyboardInterrupt):
        import_path(receiving, path, model="toy")
    assert texts(receiving) == [f"text {n}" for n in range(6)]
    monkeypatch.setattr(importing, "keep_position", keep)
    assert counts(import_path(receiving, path, model="toy")) == (4, 0, 6)
    assert texts(receiving) == [f"text {n}" for n in range(10)]
    assert counts(import_path(receiving, path, model="toy")) == (0, 0, 10)


def test_of_a_truncated_gzip_all_before_the_damage_is_kept(
    receiving: Engine, tmp_path: Path
) -> None:
    rows = [line(n, text=f"{n:05d} " + "x" * (n * 7 % 90)) for n in range(5000)]
    path = write(tmp_path / "a.jsonl.gz", rows)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    report = import_path(receiving, path, model="toy")
    n_kept = len(texts(receiving))
    assert 500 < n_kept < 4500
    assert n_kept % 500, "what is left of a batch is kept too"
    assert f"a.jsonl.gz, line {n_kept + 1:,}: the compressed file ends early" in told(report)
    assert "goes on from here" in told(report)
    assert isinstance(report.problems[0], DamagedFileError)
    path.write_bytes(whole)
    assert counts(import_path(receiving, path, model="toy")) == (5000 - n_kept, 0, n_kept)
    assert texts(receiving) == sorted(row["text"] for row in rows)


@pytest.mark.parametrize("damage", ["middle", "header", "checksum"])
def test_damaged_compression_is_no_reason_to_crash(
    one_store: Engine, tmp_path: Path, damage: str
) -> None:
    path = write(tmp_path / "a.jsonl.gz", [line(n) for n in range(50)])
    content = bytearray(path.read_bytes())
    at = {"middle": len(content) // 2, "header": 2, "checksum": len(content) - 6}[damage]
    content[at] ^= 0xFF
    path.write_bytes(content)
    report = import_path(one_store, path, model="toy")
    assert "line" in told(report)
    assert len(texts(one_store)) == report.total("n_imported")


@pytest.mark.usefixtures("batches_of_three")
def test_a_wrong_line_ends_the_file_and_is_gone_on_with_once_it_is_mended(
    receiving: Engine, tmp_path: Path
) -> None:
    rows = [line(n) for n in range(8)]
    path = write(tmp_path / "a.jsonl", [*rows[:5], line(5, index="five"), *rows[6:]])
    report = import_path(receiving, path, model="toy")
    assert counts(report) == (5, 0, 0)
    assert told(report).startswith(
        "a.jsonl, line 6, field index: expected a whole number from 0 to 2147483647, found 'five'"
    )
    write(path, rows)
    assert counts(import_path(receiving, path, model="toy")) == (3, 0, 5)


def test_another_file_under_the_same_name_is_read_from_its_beginning(
    one_store: Engine, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.jsonl", [line(n) for n in range(4)])
    import_path(one_store, path, model="toy")
    write(path, [line(n) for n in (3, 7, 2, 9, 10)])
    assert counts(import_path(one_store, path, model="toy")) == (3, 2, 0)


def test_a_file_that_grew_is_gone_on_with(one_store: Engine, tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", [line(n) for n in range(4)])
    import_path(one_store, path, model="toy")
    write(path, [line(n) for n in range(6)])
    assert counts(import_path(one_store, path, model="toy")) == (2, 0, 4)
    assert counts(import_path(one_store, path, model="toy", again=True)) == (0, 6, 0)


def test_duplicates_are_counted_and_skipped(receiving: Engine, tmp_path: Path) -> None:
    rows = [line(0), line(0), line(1), line(0, author="another"), line(0, program=RULES)]
    report = import_path(receiving, write(tmp_path / "a.jsonl", rows), model="toy")
    assert counts(report) == (4, 1, 0)
    report = import_path(receiving, write(tmp_path / "b.jsonl", rows), model="toy")
    assert counts(report) == (0, 5, 0)


def test_what_a_person_withdrew_does_not_come_back(one_store: Engine, tmp_path: Path) -> None:
    import_path(one_store, write(tmp_path / "a.jsonl", [line(0)]), model="toy")
    with open_session(one_store, commit=True) as session:
        number = session.scalars(select(ExplanationTable.id)).one()
        withdraw_explanation(session, explanation_id=number, actor="somebody")
    report = import_path(one_store, write(tmp_path / "b.jsonl", [line(0)]), model="toy")
    assert counts(report) == (0, 1, 0)


WRONG_MODELS = {
    "name": (line(1, model="another"), "about model 'another', not toy", "--their-name another"),
    "site": (line(1, site="mlp.77"), "toy has no site 'mlp.77'", "mlp.0, attn.0, mlp.1"),
    "unit": (line(1, index=8), "mlp.0 of toy has no unit 8: its units are 0 to 7", "another model"),
}


@pytest.mark.parametrize("wrong", WRONG_MODELS)
def test_explanations_of_another_model_are_refused(
    receiving: Engine, tmp_path: Path, wrong: str
) -> None:
    bad, said, todo = WRONG_MODELS[wrong]
    with pytest.raises(WrongModelError) as refused:
        import_path(receiving, write(tmp_path / "a.jsonl", [line(0), bad]), model="toy")
    assert said in refused.value.detail
    assert "a.jsonl, line 2" in refused.value.detail
    assert todo in str(refused.value.hint)
    assert texts(receiving) == []


def test_what_came_before_a_file_of_another_model_is_said_to_be_kept(
    one_store: Engine, tmp_path: Path
) -> None:
    write(tmp_path / "a.jsonl", [line(0), line(1)])
    write(tmp_path / "b.jsonl", [line(2), line(3, model="another")])
    with pytest.raises(WrongModelError) as refused:
        import_path(one_store, tmp_path, model="toy")
    assert "2 explanations from before it are kept." in str(refused.value.hint)
    assert texts(one_store) == ["text 0", "text 1"]


def test_the_same_network_under_another_name_is_taken_when_it_is_said(
    one_store: Engine, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.jsonl", [line(0, model="their-toy")])
    assert counts(import_path(one_store, path, model="toy", their_name="their-toy")) == (1, 0, 0)


def test_a_dry_run_counts_the_same_and_writes_nothing(receiving: Engine, tmp_path: Path) -> None:
    rows = [line(n % 700) for n in range(1200)]
    path = write(tmp_path / "a.jsonl", rows)
    dry = import_path(receiving, path, model="toy", dry_run=True)
    assert texts(receiving) == []
    with open_session(receiving) as session:
        assert session.scalars(select(ImportedFileTable)).all() == []
    assert counts(import_path(receiving, path, model="toy")) == counts(dry) == (700, 500, 0)


def test_a_folder_is_imported_file_by_file_past_one_that_is_wrong(
    one_store: Engine, tmp_path: Path
) -> None:
    (tmp_path / "deep").mkdir()
    write(tmp_path / "a.jsonl", [line(0), {"model": "toy"}])
    write(tmp_path / "deep" / "b.jsonl.gz", [line(1)])
    (tmp_path / "notes.txt").write_text("nothing")
    report = import_path(one_store, tmp_path, model="toy")
    assert [file.name for file in report.files] == ["a.jsonl", "deep/b.jsonl.gz"]
    assert texts(one_store) == ["text 0", "text 1"]
    assert "a.jsonl, line 2, field site: expected a text, found nothing" in told(report)


def test_who_made_it_when_and_where_it_is_from_are_kept(one_store: Engine, tmp_path: Path) -> None:
    rows = [line(0), line(1, method="rules", created_at="2024-02-03T04:05:06+02:00")]
    import_path(one_store, write(tmp_path / "a.jsonl", rows), model="toy")
    with open_session(one_store) as session:
        found = session.scalars(select(ExplanationTable).filter_by(unit_index=1)).one()
    assert found.author == "somebody"
    assert found.details == {"imported": {"file": "a.jsonl", "line": 2, "method": "rules"}}
    assert found.created_at.isoformat() == "2024-02-03T02:05:06+00:00"


def test_what_is_not_there_or_not_known_is_said(one_store: Engine, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no file or folder"):
        import_path(one_store, tmp_path / "gone.jsonl", model="toy")
    with pytest.raises(NotFoundError, match="no model"):
        import_path(one_store, tmp_path, model="nobody")
    with pytest.raises(BadRequestError, match="no format 'xml'"):
        import_path(one_store, tmp_path, model="toy", form="xml")
    (tmp_path / "odd.jsonl").write_text("[1, 2]\n")
    with pytest.raises(BadRequestError, match=r"odd\.jsonl is in none of the formats"):
        import_path(one_store, tmp_path / "odd.jsonl", model="toy")


@pytest.mark.usefixtures("batches_of_three")
def test_each_batch_leaves_a_row_of_the_audit_log_and_what_is_there_already_none(
    receiving: Engine, tmp_path: Path
) -> None:
    path = write(tmp_path / "five.jsonl", [line(n) for n in range(5)])
    import_path(receiving, path, model="toy")
    import_path(receiving, path, model="toy", again=True)
    found = audit_log.rows(receiving)
    assert [json.loads(str(row["after"]))["explanations"] for row in found] == [3, 2]
    assert {(row["action"], row["actor"], row["subject"]) for row in found} == {
        ("explanations.imported", "local owner", "file five.jsonl")
    }
    assert verify(receiving).fault is None
