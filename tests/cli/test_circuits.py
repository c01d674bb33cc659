"""A circuit is asked for, and tasks are listed and exported, from a shell."""

import shlex
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from analysis.tasks.exporting import export_task
from app.commands import circuits
from app.settings import Settings
from app.store.circuit_request import CircuitRequest
from app.store.engine import open_engine, open_session
from app.store.queries.job import list_jobs
from app.store.writing_tasks import keep_task
from tests.cli.conftest import Run
from tests.store import rows
from tests.store.circuits import generated, imported


@pytest.fixture
def toy(store: Settings) -> Settings:
    with open_session(open_engine(store), commit=True) as session:
        model = rows.model()
        model.tokenizer_sha256 = "0" * 64
        session.add(model)
        session.flush()
        keep_task(session, model="toy", task=imported("Who \x1b[31m?"), actor="me", slug="thanks")
        competence = {"verdict": "can do"}
        keep_task(session, model="toy", task=generated(), actor="me", competence=competence)
    return store


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("circuit m pronouns", CircuitRequest(model="m", task="pronouns")),
        (
            "circuit m mine --n-pairs 9 --method both_ends --ablation mean --n-nodes 7 --slug a-b "
            "--title 'He; she' --seed 8",
            CircuitRequest(
                model="m", task="mine", n_pairs=9, method="both_ends", ablation="mean", n_nodes=7,
                slug="a-b", title="He; she", seed=8,
            ),
        ),
        ("circuit m --prompt 'a b'", CircuitRequest(model="m", prompt="a b")),
    ],
)  # fmt: skip
def test_every_field_of_a_circuit_goes_through_the_command_line(line, meant, monkeypatch):
    asked: list[CircuitRequest] = []
    monkeypatch.setattr(circuits, "ask", lambda request, wait: asked.append(request))  # noqa: ARG005
    app = typer.Typer()
    circuits.register(app)
    app.callback()(lambda: None)  # a lone command would have no name
    done = CliRunner().invoke(app, shlex.split(line), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert asked == [meant]
    assert len(asked[0].model_dump()) == 11  # another field belongs into the command, and here


def test_a_circuit_is_queued_on_a_task_that_is_there(run: Run, toy: Settings):
    done = run("circuit", "toy", "thanks", "--slug", "mine")
    assert (done.returncode, done.stderr) == (0, "")
    assert "waits for a worker" in done.stdout
    assert "It is next." in done.stdout
    with open_session(open_engine(toy)) as session:
        (job,) = list_jobs(session).items
    assert (job.kind, job.model) == ("circuit", "toy")
    assert "1 job goes before it." in run("circuit", "toy", "pronouns").stdout


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("toy", "nothing"), 1, "has no task 'nothing'"),
        (("toy", "agrement"), 1, "docstrings, agreement, induction"),
        (("toy", "agrement"), 1, "or one of its own: pronouns-2, thanks."),
        (("nobody", "pronouns"), 1, "no model 'nobody'"),
        (("toy", "pronouns", "--method", "guess"), 2, "--method cannot be 'guess'"),
        (("toy", "pronouns", "--slug", "a/b"), 2, "--slug cannot be 'a/b'"),
        (("toy", "pronouns", "--n-pairs", "1"), 2, "--n-pairs"),
        (("toy",), 2, "name a TASK or a --prompt"),
        (("toy", "pronouns", "--prompt", "a b"), 2, "name a TASK or a --prompt"),
    ],
)
@pytest.mark.usefixtures("toy")
def test_what_cannot_be_asked_is_told_in_a_sentence(run: Run, arguments, code, said):
    done = run("circuit", *arguments)
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.usefixtures("toy")
def test_tasks_are_listed_with_what_the_model_makes_of_them(run: Run):
    lines = run("tasks", "list", "toy").stdout.splitlines()
    assert lines[1].split() == [
        "pronouns-2", "pronouns", "logit_difference", "2", "pronouns", "can", "do",
    ]  # fmt: skip
    assert r"Who \x1b[31m?" in lines[2]
    assert "not measured" in lines[2]
    assert "no model 'nobody'" in run("tasks", "list", "nobody").stderr


def test_a_model_without_tasks_says_how_to_get_one(run: Run, store: Settings):
    with open_session(open_engine(store), commit=True) as session:
        session.add(rows.model())
    assert "patchclamp tasks import FILE --model MODEL" in run("tasks", "list", "toy").stdout


@pytest.mark.usefixtures("toy")
def test_a_task_is_exported_to_a_file_that_is_not_there_yet(run: Run, tmp_path: Path):
    file = tmp_path / "pairs.jsonl"
    assert "2 pairs" in run("tasks", "export", "toy", "pronouns-2", "--to", str(file)).stdout
    assert file.read_bytes() == export_task(generated())
    again = run("tasks", "export", "toy", "pronouns-2", "--to", str(file))
    assert (again.returncode, "is there already" in again.stderr) == (1, True)
    assert run("tasks", "export", "toy", "pronouns-2").stdout == file.read_text()
    made = tmp_path / "new" / "pairs.jsonl"
    assert run("tasks", "export", "toy", "pronouns-2", "--to", str(made)).returncode == 0
    assert made.read_bytes() == file.read_bytes()
    assert "no task 'x'" in run("tasks", "export", "toy", "x").stderr
