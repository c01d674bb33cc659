"""Someone brings in pairs of prompts of their own for a model that was added."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from analysis.errors import TaskError
from analysis.tasks.task import Task
from analysis.worker import cli
from analysis.worker.registering import add_model
from app.errors import ConflictError, NotFoundError
from app.settings import get_settings
from app.store.engine import open_engine, open_session
from app.store.queries.model import get_model
from app.store.queries.task import get_task, list_tasks
from tests.analysis.models.tiny import make_tiny
from tests.kept import migrate

PAIRS = [
    {"clean": "a b c", "counterfactual": "a d c", "answer": "e", "wrong": "f"},
    {"clean": "b b c", "counterfactual": "b d c", "answer": "e", "wrong": "f"},
]
Import = Callable[..., Result]


@pytest.fixture
def import_(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Import]:
    """The command, on a store with one plain model."""
    monkeypatch.setenv("PATCHCLAMP_DATA", str(tmp_path / "data"))
    get_settings.cache_clear()
    engine = open_engine(get_settings())
    migrate(engine)
    add_model(engine, get_settings(), source=str(make_tiny("plain", tmp_path / "toy")))
    app = typer.Typer()
    cli.register(app)

    def import_pairs(*rows: object, options: tuple[str, ...] = (), model: str = "toy") -> Result:
        file = tmp_path / "pairs.jsonl"
        file.write_text("\n".join(json.dumps(row) for row in rows))
        arguments = ["tasks", "import", str(file), "--model", model, *options]
        return CliRunner().invoke(app, arguments, catch_exceptions=False)

    yield import_pairs
    get_settings.cache_clear()


def stored(slug: str) -> Task:
    with open_session(open_engine(get_settings())) as session:
        return Task.model_validate_json(get_task(session, model="toy", slug=slug).task)


def test_pairs_are_read_by_the_models_tokenizer_and_kept(import_: Import) -> None:
    done = import_(*PAIRS)
    assert "Task pairs of 2 pairs." in done.stdout
    assert "patchclamp circuit toy pairs --wait" in done.stdout
    task = stored("pairs")
    assert task.pairs[0].clean.tokens == (0, 1, 2, 3)  # BOS a b c
    assert [token.id for token in task.pairs[0].right] == [5]
    with open_session(open_engine(get_settings())) as session:
        assert task.tokenizer_sha256 == get_model(session, name="toy").tokenizer_sha256
        import_(*PAIRS)
        assert len(list_tasks(session, model="toy").items) == 1


def test_name_metric_and_slug_are_those_that_were_given(import_: Import) -> None:
    options = ("--metric", "own_tokens", "--raised", "e", "--lowered", "f", "--name", "Mine",
               "--slug", "my-own")  # fmt: skip
    import_(*PAIRS, options=options)
    task = stored("my-own")
    assert (task.name, task.metric.kind) == ("Mine", "own_tokens")
    assert [token.id for token in (*task.metric.raised, *task.metric.lowered)] == [5, 6]
    with pytest.raises(ConflictError, match="'my-own' already"):
        import_(*PAIRS, options=("--slug", "my-own"))


def test_a_row_that_is_no_pair_ends_it_with_its_line(import_: Import) -> None:
    longer = {**PAIRS[1], "counterfactual": "b d c a"}
    with pytest.raises(TaskError, match=r"pairs\.jsonl, line 2: .* 4 tokens and .* 5"):
        import_(PAIRS[0], longer)


def test_a_model_or_file_that_is_not_there_is_told(import_: Import, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no model named 'nobody'"):
        import_(*PAIRS, model="nobody")
    with pytest.raises(TaskError, match="cannot be read"):
        CliRunner().invoke(
            _app(), ["tasks", "import", str(tmp_path), "--model", "toy"], catch_exceptions=False
        )
    refused = import_(*PAIRS, options=("--metric", "luck"))
    assert (refused.exit_code, "use logit_difference" in refused.output) == (2, True)


def _app() -> typer.Typer:
    app = typer.Typer()
    cli.register(app)
    return app
