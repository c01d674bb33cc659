"""What leaves one store and enters another is the same, as far as the format carries it."""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select

from app.exchange.exporting import export
from app.exchange.formats import FORMATS
from app.exchange.importing import import_path
from app.exchange.record_json import metrics_of
from app.store.engine import open_session
from app.store.queries.search import search_explanations
from app.store.tables import ExplanationTable, ScoreTable
from tests.exchange.stores import N_EXPLAINED, RULES, held


def carried(engine: Engine, *left_out: str) -> list[dict[str, Any]]:
    kept = [{k: v for k, v in one.items() if k not in left_out} for one in held(engine)]
    return sorted(kept, key=lambda one: json.dumps(one, sort_keys=True, default=repr))


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_jsonl_and_parquet_lose_nothing(
    explained: Engine, receiving: Engine, tmp_path: Path, form: str
) -> None:
    assert export(explained, model="toy", form=form, to=tmp_path).n_explanations == N_EXPLAINED
    assert import_path(receiving, tmp_path, model="toy").total("n_imported") == N_EXPLAINED
    assert held(receiving) == held(explained)


def test_csv_carries_all_but_details_and_other_splits(
    explained: Engine, receiving: Engine, tmp_path: Path
) -> None:
    export(explained, model="toy", form="csv", to=tmp_path)
    assert import_path(receiving, tmp_path, model="toy").total("n_imported") == N_EXPLAINED
    left_out = ("details", "scores")
    assert carried(receiving, *left_out) == carried(explained, *left_out)
    scores = {(one["place"], one["author"]): one["scores"] for one in held(receiving)}
    theirs = {(one["place"], one["author"]): one["scores"] for one in held(explained)}
    key = ("mlp.0", 0), "rules 1"
    before = next(s for s in theirs[key] if (s.split, s.judge) == ("test", "program"))
    (only,) = scores[key]
    assert metrics_of(only)["corpus_r"] == metrics_of(before)["corpus_r"]
    assert only._replace(values=b"", p=None) == before._replace(values=b"", p=None)
    (undefined,) = scores[("mlp.0", 3), "rules 1"]
    assert (undefined.status, undefined.r) == ("undefined", None)


@pytest.mark.parametrize("form", ["neuronpedia", "saedashboard"])
def test_neuronpedia_and_saedashboard_carry_texts_authors_and_values(
    explained: Engine, receiving: Engine, tmp_path: Path, form: str
) -> None:
    export(explained, model="toy", form=form, to=tmp_path)
    assert import_path(receiving, tmp_path, model="toy").total("n_imported") == N_EXPLAINED
    kept = [(one["place"], one["text"], one["author"]) for one in held(receiving)]
    assert sorted(kept) == sorted((o["place"], o["text"], o["author"]) for o in held(explained))
    tested = [
        (score.split, score.judge, score.r)
        for one in held(receiving)
        if one["author"] == "rules 1" and one["place"] == ("mlp.0", 0)
        for score in one["scores"]
    ]
    assert tested == [
        ("ood:code", "program", 0.25), ("test", "a-judge", 0.125), ("test", "program", 0.5),
    ]  # fmt: skip


def test_openai_records_carry_texts_and_three_scores_of_neurons(
    explained: Engine, receiving: Engine, tmp_path: Path
) -> None:
    report = export(explained, model="toy", form="openai", to=tmp_path)
    assert report.n_explanations == N_EXPLAINED - 1  # that of a head
    import_path(receiving, tmp_path, model="toy")
    kept = [(one["place"], one["text"].strip()) for one in held(receiving)]
    neurons = [one for one in held(explained) if one["place"][0] != "attn.0"]
    assert sorted(kept) == sorted((one["place"], one["text"].strip()) for one in neurons)
    assert {one["author"] for one in held(receiving)} == {"OpenAI neuron records"}


@pytest.mark.parametrize("form", FORMATS)
def test_what_was_imported_is_nobody_elses_truth(
    explained: Engine, receiving: Engine, tmp_path: Path, form: str
) -> None:
    """It says where it is from, its scores say who gave them, and search does not rank by them."""
    export(explained, model="toy", form=form, to=tmp_path)
    import_path(receiving, tmp_path, model="toy")
    with open_session(receiving) as session:
        found = session.scalars(select(ExplanationTable)).all()
        judges = set(session.scalars(select(ScoreTable.judge)))
        runs = set(session.scalars(select(ScoreTable.run_id)))
    assert {row.method for row in found} == {"import"}
    assert all((tmp_path / row.details["imported"]["file"]).is_file() for row in found)
    assert judges
    assert all(judge.startswith("import:") for judge in judges)
    assert runs == {None}
    assert all(row.search_key >> 32 >= 500 for row in found), "ranked as if it had been tested"


def test_what_was_imported_is_found_by_search(
    explained: Engine, receiving: Engine, tmp_path: Path
) -> None:
    export(explained, model="toy", form="jsonl", to=tmp_path)
    import_path(receiving, tmp_path, model="toy")
    with open_session(receiving) as session:
        found, _ = search_explanations(session, query="naïve")
    assert [line.text for line in found] == ["naïve 猫 🐈"]


def test_a_second_journey_adds_no_second_mark(
    explained: Engine, receiving: Engine, one_store: Engine, tmp_path: Path
) -> None:
    export(explained, model="toy", form="jsonl", to=tmp_path / "first")
    import_path(receiving, tmp_path / "first", model="toy")
    export(receiving, model="toy", form="jsonl", to=tmp_path / "second")
    import_path(one_store, tmp_path / "second", model="toy")
    with open_session(one_store) as session:
        judges = set(session.scalars(select(ScoreTable.judge)))
    assert judges == {"import:program", "import:a-judge"}


def test_lengths_are_computed_and_not_believed(one_store: Engine, tmp_path: Path) -> None:
    line = {
        "model": "toy", "site": "mlp.0", "index": 0, "text": "t", "program": RULES,
        "author": "somebody", "bits": 1, "n_rules": 0, "n_listed": 0,
    }  # fmt: skip
    (tmp_path / "one.jsonl").write_text(json.dumps(line))
    import_path(one_store, tmp_path / "one.jsonl", model="toy")
    (only,) = held(one_store)
    assert only["bits"] > 10
    assert (only["n_rules"], only["n_listed"]) == (1, 2)
