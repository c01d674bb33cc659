"""`patchclamp records`: neurons are explained and scored from records; faults in them are told."""

import gzip
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from analysis.explain.neuron_records import (
    NeuronId,
    NeuronRecord,
    NeuronSimulationResults,
    read_records,
    write_records,
)
from analysis.explain.tagged import dumps
from app.cli import build, explain
from tests.analysis.explain.neurons import CAUSE, neuron
from tests.cli.conftest import Run

runner = CliRunner()


def records(*arguments: object) -> Result:
    """In this process: a dozen starts of Python would take a dozen seconds."""
    done = runner.invoke(build(), ["records", *map(str, arguments)])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        assert explain(done.exception) is not None, done.exception
    return done


def told(done: Result) -> str:
    """Everything that went to standard error, or would have gone there."""
    message = explain(done.exception) if isinstance(done.exception, Exception) else None
    return done.stderr + (message[0] if message else "")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "17.json"
    write_records(path, (neuron(),))
    return path


def changed(path: Path, change: Any) -> Path:
    """The file with something changed in its JSON."""
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    return path


def test_a_neuron_is_explained_in_words_program_and_scores(run: Run, file: Path) -> None:
    done = run("records", "explain", str(file))
    assert (done.returncode, done.stderr) == (0, "")
    assert "Neuron 0:1 (17.json)" in done.stdout
    assert f"“{CAUSE}”" in done.stdout
    assert 'when token in {" king"} -> ' in done.stdout
    assert "fit 8 random + 10 strongest" in done.stdout
    for name in (
        "r, random records",
        "r, strongest and random 1:1",
        "R², uncentred",
        "R², centred",
        "absolute deviation explained",
    ):
        assert name in done.stdout
    assert "lookup" in done.stdout
    assert "mean" in done.stdout


def test_machines_get_one_object_per_neuron(tmp_path: Path) -> None:
    path = tmp_path / "all.jsonl"
    write_records(path, (neuron(), neuron(index=2), NeuronRecord(NeuronId(0, 3))))
    done = records("explain", path, "--json")
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one.get("neuron_index") for one in found] == [1, 2, None]
    assert found[0]["rules"]["program"].startswith('sum\nwhen token in {" king"}')
    metrics = found[0]["test"]["metrics"]
    assert metrics["corpus_r"]["value"] > 0.99
    assert metrics["corpus_r"]["low"] is None
    assert metrics["corpus_r"]["reason"] == "no interval: fewer than 6 documents"
    assert metrics["corpus_r"]["lookup_cut"] is not None
    assert metrics["r2_centred"]["lookup"] is not None
    assert "explaining needs at least" in found[2]["error"]
    assert done.exit_code == 1


def test_a_folder_is_explained_file_by_file_and_failures_are_counted(tmp_path: Path) -> None:
    (tmp_path / "0").mkdir()
    write_records(tmp_path / "0" / "1.json", (neuron(),))
    (tmp_path / "0" / "2.json").write_text("<html>")
    with gzip.open(tmp_path / "rest.jsonl.gz", "wt") as stream:
        stream.write(dumps(neuron(index=3)) + "\n")
    (tmp_path / "notes.txt").write_text("not ours")
    done = records("explain", tmp_path)
    assert "Neuron 0:1 (1.json)" in done.stdout
    assert "Neuron 0:3 (rest.jsonl.gz)" in done.stdout
    assert (
        "3 neurons: 2 with a program, mean r 1.000 over 2, r of 0 undefined; 0 without"
        in done.stdout
    )
    assert "1 could not be read or explained" in done.stdout
    assert "2.json: This is no JSON" in told(done)
    assert done.exit_code == 1


def test_simulations_are_written_as_published_with_the_rest_beside(
    file: Path, tmp_path: Path
) -> None:
    done = records("explain", file, "--to", tmp_path / "out")
    assert done.exit_code == 0
    (results,) = read_records(tmp_path / "out" / "0" / "1.jsonl", NeuronSimulationResults)
    assert results.neuron_id == NeuronId(0, 1)
    sidecar = json.loads((tmp_path / "out" / "0" / "1.patchclamp.json").read_text())
    assert sidecar["rules"]["program"].startswith("sum\n")
    assert sidecar["seed"] == 0
    again = records("score", tmp_path / "out")
    assert again.exit_code == 0
    assert "Simulations of 9 excerpts, 360 tokens" in again.stdout
    assert "differs" not in again.stdout


def test_a_neuron_that_comes_twice_is_written_once(tmp_path: Path) -> None:
    path = tmp_path / "all.jsonl"
    write_records(path, (neuron(), neuron()))
    done = records("explain", path, "--to", tmp_path / "out")
    assert done.exit_code == 1
    assert "Neuron 0:1 came before" in told(done)


def test_a_folder_that_cannot_be_written_is_told(file: Path, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    done = records("explain", file, "--to", tmp_path / "out")
    assert done.exit_code == 1
    assert "cannot be written: Not a directory" in told(done)


def test_a_claim_that_does_not_follow_is_marked(file: Path, tmp_path: Path) -> None:
    records("explain", file, "--to", tmp_path / "out")
    path = tmp_path / "out" / "0" / "1.jsonl"
    (results,) = read_records(path, NeuronSimulationResults)
    (one,) = results.scored_explanations
    better = replace(one.scored_simulation, ev_correlation_score=0.5)
    write_records(
        path,
        (replace(results, scored_explanations=(replace(one, scored_simulation=better),)),),
    )
    done = records("score", path)
    row = next(line for line in done.stdout.splitlines() if line.strip().startswith("r "))
    assert "0.500  differs" in row
    found = json.loads(records("score", path, "--json").stdout)["explanations"][0]["metrics"]
    assert found["corpus_r"]["claimed"] == 0.5
    assert found["corpus_r"]["differs"] is True
    assert found["deviation"]["differs"] is False


def test_a_program_is_scored_on_records(file: Path, tmp_path: Path) -> None:
    (tmp_path / "king.txt").write_text('when token in {" king"} -> 3.75\notherwise 0.25\n')
    done = records("score", file, "--program", tmp_path / "king.txt")
    assert done.exit_code == 0
    assert "On test records, 4 random (160 tokens) and 5 strongest:" in done.stdout
    assert "1.000" in done.stdout
    everywhere = records("score", file, "--explanation", 'when word in {"king"} -> 1', "--all")
    assert "On all records, 15 random" in everywhere.stdout
    assert "lookup" not in everywhere.stdout


def test_a_program_with_a_mistake_is_told_where(file: Path) -> None:
    done = records("score", file, "--explanation", "when token inn -> 1")
    assert done.exit_code == 1
    assert "line 1" in told(done)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--all",), "--all and --to are for programs"),
        (("--program", "a.txt", "--explanation", "when always -> 1"), "not both"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    file: Path, options: tuple[str, ...], message: str
) -> None:
    done = records("score", file, *options)
    assert done.exit_code == 2
    assert message in " ".join(done.stderr.replace("│", " ").split())


def test_a_program_file_that_is_not_there_is_told(file: Path) -> None:
    done = records("score", file, "--program", "nowhere.txt")
    assert done.exit_code == 1
    assert "nowhere.txt cannot be read" in told(done)


def test_records_for_simulations_and_the_other_way_round_are_told(
    file: Path, tmp_path: Path
) -> None:
    records("explain", file, "--to", tmp_path / "out")
    assert "--program" in told(records("score", file))
    assert "patchclamp records score FILE" in told(records("explain", tmp_path / "out"))


def shorten(content: dict[str, Any]) -> None:
    content["random_sample"][1]["activations"].pop()


def put_text(content: dict[str, Any]) -> None:
    content["random_sample"][0]["activations"][2] = "high"


def put_null(content: dict[str, Any]) -> None:
    content["random_sample"][0]["activations"][2] = None


def forget_tokens(content: dict[str, Any]) -> None:
    del content["random_sample"][0]["tokens"]


def add_field(content: dict[str, Any]) -> None:
    content["colour"] = "blue"


def empty(content: dict[str, Any]) -> None:
    content["random_sample"] = content["most_positive_activation_records"] = []


def keep_one(content: dict[str, Any]) -> None:
    empty(content)
    content["random_sample"] = [{"tokens": ["a", "b"], "activations": [0.0, 1.0]}]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (shorten, "tokens and activations are of unequal lengths, 40 and 39"),
        (put_text, "random_sample[0].activations[2] must be a number, not 'high'"),
        (put_null, "random_sample[0].activations[2] must be a number, not None"),
        (forget_tokens, "random_sample[0] lacks tokens"),
        (add_field, "unknown fields: colour"),
        (empty, "0 are to be fitted to and 0 random ones are to be tested on"),
        (keep_one, "explaining needs at least 4 and 1"),
    ],
)
def test_a_record_that_is_wrong_is_refused_with_its_place(
    file: Path, change: Any, message: str
) -> None:
    done = records("explain", changed(file, change))
    assert (done.exit_code, done.stdout) == (1, "")
    assert "17.json: " in told(done)
    assert message in told(done)
    assert "Traceback" not in told(done)


def test_a_constant_neuron_is_told_without_a_program(tmp_path: Path) -> None:
    path = tmp_path / "0.json"
    write_records(path, (neuron(lambda _: 0.5),))
    done = records("explain", path)
    assert done.exit_code == 0
    assert "No program: The activation does not vary" in done.stdout
    assert "undefined" in done.stdout
    found = json.loads(records("explain", path, "--json").stdout)
    assert found["rules"] is None
    assert found["lookup_test"]["status"] == "undefined"


def test_files_that_are_none_of_ours_are_refused(tmp_path: Path) -> None:
    (tmp_path / "page.json").write_text("<!doctype html>")
    assert "This is no JSON" in told(records("explain", tmp_path / "page.json"))
    assert "cannot be read: No such file" in told(records("explain", tmp_path / "nothing.json"))
    (tmp_path / "empty.jsonl").write_text("\n\n")
    assert "no neuron records in it" in told(records("explain", tmp_path / "empty.jsonl"))
    (tmp_path / "folder").mkdir()
    assert "no neuron records in it" in told(records("explain", tmp_path / "folder"))


def test_a_truncated_gzip_is_refused(tmp_path: Path) -> None:
    whole = gzip.compress(dumps(neuron()).encode())
    (tmp_path / "1.json.gz").write_bytes(whole[: len(whole) // 2])
    done = records("explain", tmp_path / "1.json.gz")
    assert done.exit_code == 1
    assert "1.json.gz cannot be unpacked: it is cut off" in told(done)
    (tmp_path / "2.json.gz").write_bytes(b"no gzip at all")
    assert "damaged, or no gzip" in told(records("explain", tmp_path / "2.json.gz"))


def test_text_from_records_cannot_steer_the_terminal(tmp_path: Path) -> None:
    hostile = neuron(lambda word: 4.0 if word == "\x1b[31m" else 0.0)

    def swap(one: Any) -> Any:
        tokens = tuple("\x1b[31m" if token == CAUSE else token for token in one.tokens)
        return replace(one, tokens=tokens, activations=tuple(4.0 * (t[0] != " ") for t in tokens))

    hostile = replace(
        hostile,
        random_sample=tuple(map(swap, hostile.random_sample)),
        most_positive_activation_records=tuple(map(swap, hostile.most_positive_activation_records)),
    )
    write_records(tmp_path / "1.json", (hostile,))
    done = records("explain", tmp_path / "1.json")
    assert "\x1b" not in done.stdout
    assert "[31m" in done.stdout
