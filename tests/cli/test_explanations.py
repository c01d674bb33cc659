"""`explanations export` and `explanations import`: what users see."""

from pathlib import Path

import pytest
from sqlalchemy import select

from app.settings import Settings
from app.store.engine import open_engine, open_session
from app.store.synthetic import fill_synthetic
from app.store.tables import ExplanationTable, ScoreTable
from tests.cli.conftest import Run
from tests.exchange.stores import N_EXPLAINED, add_explained_model


@pytest.fixture
def explained(store: Settings) -> Settings:
    engine = open_engine(store)
    add_explained_model(engine)
    engine.dispose()
    return store


@pytest.mark.usefixtures("explained")
def test_an_export_says_what_it_wrote_and_what_was_there(run: Run, tmp_path: Path) -> None:
    arguments = ("explanations", "export", "toy", "--format", "csv", "--to", str(tmp_path / "out"))
    first = run(*arguments)
    assert first.returncode == 0, first.stderr
    assert first.stdout == f"{N_EXPLAINED} explanations in 1 file: {tmp_path / 'out'}\n"
    assert "1 of which were there" in run(*arguments).stdout
    refused = run(*arguments[:4], "jsonl", *arguments[5:])
    assert refused.returncode == 1
    assert "holds an export of something else: csv, toy" in refused.stderr
    assert "--overwrite" in refused.stderr


@pytest.mark.usefixtures("explained")
def test_an_import_says_what_it_took_and_fails_where_a_file_is_wrong(
    run: Run, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    run("explanations", "export", "toy", "--format", "jsonl", "--to", str(out))
    same = run("explanations", "import", str(out), "--model", "toy", "--dry-run")
    assert same.stdout.splitlines() == [
        f"Would import 0 explanations from 1 file; {N_EXPLAINED} were there already."
    ]
    mine = tmp_path / "mine.csv"
    good = 'toy,mlp.0,1,me,Dogs,"when token in {"" dog""} -> 1"\n'
    mine.write_text(f"model,site,index,author,text,program\n{good}toy,mlp.0,\x1b[1m,me,Cats,\n")
    told = run("explanations", "import", str(mine), "--model", "toy")
    assert told.returncode == 1
    assert told.stdout.splitlines() == [
        "Imported 1 explanation from 1 file; 0 were there already.",
        "1 imported program without a score of this store; score with "
        "`patchclamp explanations score toy`.",
    ]
    assert told.stderr.splitlines() == [
        r"mine.csv, line 3, field index: expected a number, found '\x1b[1m'",
        "  Mend the line and import again: what came before it is not doubled.",
    ]


@pytest.mark.usefixtures("explained")
def test_a_wrong_model_is_one_sentence_that_says_what_to_do(run: Run, tmp_path: Path) -> None:
    mine = tmp_path / "mine.csv"
    mine.write_text("model,site,index,author,text\ngpt2,mlp.0,1,me,Dogs\n")
    told = run("explanations", "import", str(mine), "--model", "toy")
    assert told.returncode == 1
    assert told.stderr.startswith(
        "patchclamp: mine.csv, line 2, field model: it is about model 'gpt2', not toy\n"
        "Import it with --model gpt2; or,"
    )


def test_imported_programs_are_scored_on_text_of_this_store(
    run: Run, store: Settings, tmp_path: Path
) -> None:
    engine = open_engine(store)
    fill_synthetic(
        engine, data=store.data, layers=1, neurons=8, heads=2, windows=48, window_length=16
    )
    rows = [
        'synthetic,mlp.0,5,me,the,"when token in {"" the""} -> 1",theirs,0.99',
        'synthetic,mlp.0,6,me,any,"when always -> 1",theirs,0.99',
    ]
    header = "model,site,index,author,text,program,test_judge,test_corpus_r"
    (tmp_path / "mine.csv").write_text("\n".join([header, *rows]) + "\n")
    assert run("explanations", "import", str(tmp_path / "mine.csv"), "--model", "synthetic").stdout
    told = run("explanations", "score", "synthetic")
    assert (told.returncode, told.stdout) == (0, "Scored 2 imported programs.\n"), told.stderr
    assert run("explanations", "score", "synthetic").stdout == "Scored 0 imported programs.\n"
    with open_session(engine) as session:
        found = session.execute(
            select(ScoreTable.judge, ScoreTable.split)
            .join(ExplanationTable, ExplanationTable.id == ScoreTable.explanation_id)
            .where(ExplanationTable.method == "import", ExplanationTable.unit_index == 5)
        ).all()
    engine.dispose()
    assert sorted(tuple(row) for row in found) == [
        ("import:theirs", "test"), ("program", "ood:code"), ("program", "test"),
    ]  # fmt: skip


@pytest.mark.usefixtures("explained")
def test_without_pools_nothing_can_be_scored(run: Run, tmp_path: Path) -> None:
    mine = tmp_path / "mine.csv"
    mine.write_text("model,site,index,author,text,program\ntoy,mlp.0,1,me,a,when always -> 1\n")
    run("explanations", "import", str(mine), "--model", "toy")
    told = run("explanations", "score", "toy")
    assert told.returncode == 1
    assert "has not been swept yet" in told.stderr
