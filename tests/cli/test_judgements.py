"""`judgements export` and `judgements import`: what users see."""

import json
from pathlib import Path

import pytest

from app.settings import Settings
from app.store.engine import open_engine, open_session
from app.store.judging import Rating, judge
from tests.cli.conftest import Run
from tests.exchange.stores import add_explained_model


@pytest.fixture
def judged(store: Settings) -> Settings:
    engine = open_engine(store)
    add_explained_model(engine)
    with open_session(engine, commit=True) as session:
        for actor, verdict in (("ada", "accept"), ("bo", "reject")):
            judge(session, explanation_id=1, actor=actor, rating=Rating(verdict))  # type: ignore[arg-type]
    engine.dispose()
    return store


@pytest.mark.usefixtures("judged")
def test_an_export_writes_the_table_and_what_it_is(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = run("judgements", "export", "toy", "--to", str(out), "--format", "csv")
    assert (done.returncode, done.stdout) == (0, f"2 judgements: {out}\n"), done.stderr
    assert len((out / "judgements-raw.csv").read_text().splitlines()) == 3
    assert json.loads((out / "manifest.json").read_text())["n_people"] == 2
    agreed = run("judgements", "export", "toy", "--to", str(out), "--kind", "consensus")
    assert agreed.stdout == f"1 explanation: {out}\n"
    wrong = run("judgements", "export", "toy", "--to", str(out), "--format", "xml")
    assert (wrong.returncode, "There are jsonl, csv, parquet." in wrong.stderr) == (1, True)


@pytest.mark.usefixtures("judged")
def test_an_import_says_what_it_took_and_fails_where_a_row_is_wrong(
    run: Run, tmp_path: Path
) -> None:
    file = tmp_path / "j.csv"
    file.write_text("annotator,verdict,explanation\nJo,accept,1\nMo,edit,1\n")
    arguments = ("judgements", "import", str(file), "--model", "toy", "--origin", "their-lab")
    dry = run(*arguments, "--dry-run")
    assert dry.stdout == (
        "Would bring in 2 judgements of 2 people of 1 explanation; 0 were here.\n"
    ), dry.stderr
    assert run(*arguments).stdout.startswith("Brought in 2 judgements of 2 people")
    assert "Brought in 0 judgements" in run(*arguments).stdout
    file.write_text("annotator,verdict,explanation\nJo,maybe,1\n")
    wrong = run(*arguments)
    assert wrong.returncode == 1
    assert "j.csv, line 2: 'maybe' is no verdict" in wrong.stderr
    assert "nothing was brought in" in wrong.stderr


@pytest.mark.usefixtures("judged")
def test_of_a_sealed_store_nothing_is_taken_out_by_command(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = run("judgements", "export", "toy", "--to", str(out), PATCHCLAMP_SEALED="1")
    assert (done.returncode, out.exists()) == (1, False)
    assert "sealed" in done.stderr
