"""Someone adds texts of their own, and reads what became of them."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from analysis.worker import cli
from app.settings import get_settings

Add = Callable[..., Result]


@pytest.fixture
def add(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Add]:
    monkeypatch.setenv("PATCHCLAMP_DATA", str(tmp_path / "data"))
    get_settings.cache_clear()
    app = typer.Typer()
    cli.register(app)

    def add_corpus(*arguments: str) -> Result:
        return CliRunner().invoke(app, ["corpora", "add", *arguments], catch_exceptions=False)

    yield add_corpus
    get_settings.cache_clear()


def story(number: int) -> str:
    return f"Story {number}: " + " ".join(f"word{number}x{m}" for m in range(30))


def test_documents_and_characters_of_each_split_are_said(add: Add, tmp_path: Path) -> None:
    file = tmp_path / "tales.jsonl"
    file.write_text("\n".join(json.dumps({"text": story(n)}) for n in range(60)))
    done = add(str(file))
    assert done.stdout.startswith("Added corpus tales: 60 documents, ")
    lines = [line.split() for line in done.stdout.splitlines() if line.startswith("  ")]
    assert [line[0] for line in lines] == ["fit", "calibration", "test"]
    assert sum(int(line[1]) for line in lines) == 60
    assert done.stderr.strip() == ""

    again = add(str(file))
    assert "there already" in again.stdout
    assert [line.split() for line in again.stdout.splitlines()[1:]] == lines


def test_what_follows_from_a_single_txt_file_is_said_with_what_to_do(
    add: Add, tmp_path: Path
) -> None:
    file = tmp_path / "novel.txt"
    file.write_text("\n\n".join(story(n) for n in range(60)))
    whole = add(str(file))
    assert whole.exit_code == 0
    assert "novel: 1 document," in whole.stdout
    assert len([line for line in whole.stderr.splitlines() if line.startswith("No doc")]) == 2
    assert "--by-paragraph" in whole.stderr

    cut = add(str(file), "--by-paragraph", "--name", "paragraphs")
    assert "paragraphs: 60 documents," in cut.stdout
    assert cut.stderr.strip() == ""
