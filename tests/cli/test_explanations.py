"""`explanations export` and `explanations import`: what users see."""

from pathlib import Path

import pytest

from app.settings import Settings
from app.store.engine import open_engine
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
    assert first.stdout == f"{N_EXPLAINED} explanations in 1 files: {tmp_path / 'out'}\n"
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
        f"Would import 0 explanations from 1 files; {N_EXPLAINED} were there already."
    ]
    mine = tmp_path / "mine.csv"
    good = 'toy,mlp.0,1,me,Dogs,"when token in {"" dog""} -> 1"\n'
    mine.write_text(f"model,site,index,author,text,program\n{good}toy,mlp.0,\x1b[1m,me,Cats,\n")
    told = run("explanations", "import", str(mine), "--model", "toy")
    assert told.returncode == 1
    assert told.stdout.splitlines() == [
        "Imported 1 explanations from 1 files; 0 were there already.",
        "1 imported programs are not scored here yet.",
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
