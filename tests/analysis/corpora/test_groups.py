"""Parts of one book, or texts of one speaker, are never in two splits."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analysis.corpora.freezing import freeze_corpus
from analysis.corpora.frozen import read_frozen
from analysis.corpora.readers.base import ReadOptions
from analysis.corpora.reading import HELD_OUT, read_documents
from analysis.errors import CorpusError
from analysis.records import Document


def _chapter(number: int, book: str) -> Document:
    text = f"chapter {number} of {book or 'no book'}: " + " ".join(
        str((number + 1) * step) for step in range(30)
    )
    return Document(f"{book} {number}", "novel", "made up", text, book)


def _splits(tmp_path, documents, **options):
    frozen = freeze_corpus(documents, tmp_path, near_duplicate=None, **options)
    found: dict[str, set[str]] = {}
    for each in read_frozen(frozen.folder):
        found.setdefault(each.group, set()).add(each.split)
    return found


def test_every_group_is_in_one_split_and_groups_are_in_all(tmp_path):
    found = _splits(tmp_path, [_chapter(n, f"book {n % 40}") for n in range(400)])
    assert all(len(splits) == 1 for splits in found.values())
    assert set.union(*found.values()) == {"fit", "calibration", "test"}


def test_without_a_group_each_document_is_assigned_by_itself(tmp_path):
    assert len(_splits(tmp_path, [_chapter(n, "") for n in range(200)])[""]) == 3


def test_spelling_does_not_tear_a_group_apart_and_the_seed_moves_it(tmp_path):
    found = _splits(
        tmp_path / "a", [_chapter(n, book) for n, book in enumerate(["Ahab  W", "ahab w"] * 9)]
    )
    assert len(set.union(*found.values())) == 1
    moved = {
        split
        for seed in range(20)
        for split in _splits(tmp_path / str(seed), [_chapter(0, "book")], seed=seed)["book"]
    }
    assert len(moved) > 1


def test_a_held_out_domain_is_held_out_whatever_the_group(tmp_path):
    found = _splits(tmp_path, [_chapter(n, "book") for n in range(5)], held_out=["novel"])
    assert found == {"book": {"ood:novel"}}


def _write_rows(folder, kind):
    """What to read: a file of that kind, or for the hub the folder with one of its data sets."""
    rows = [{"text": "One.", "group": "book", "by": "me"}, {"text": "Two.", "group": "", "by": "7"}]
    if kind == "parquet":
        texts = {name: [row[name] for row in rows] for name in rows[0]}
        pq.write_table(pa.table(texts), folder / "train.parquet")
        return folder / "train.parquet"
    (folder / "train.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    return folder if kind == "hub" else folder / "train.jsonl"


@pytest.mark.parametrize("kind", ["jsonl", "parquet", "hub"])
def test_the_group_is_read_from_a_field(tmp_path, kind):
    source = str(_write_rows(tmp_path, kind))
    assert [d.group for d in read_documents(source, kind=kind)] == ["book", ""]
    by = ReadOptions(group_field="by")
    assert [d.group for d in read_documents(source, kind=kind, options=by)] == ["me", "7"]


@pytest.mark.parametrize("kind", ["jsonl", "parquet", "hub"])
def test_a_named_field_of_groups_that_no_row_has_is_refused(tmp_path, kind):
    source = str(_write_rows(tmp_path, kind))
    with pytest.raises(CorpusError, match=r"no field 'speaker'\. Fields: by, group, text") as said:
        list(read_documents(source, kind=kind, options=ReadOptions(group_field="speaker")))
    assert "--group-field" in (said.value.hint or "")


@pytest.mark.parametrize("kind", ["jsonl", "parquet", "hub"])
def test_a_limit_does_not_hide_that_a_named_field_of_groups_is_missing(tmp_path, kind):
    source = str(_write_rows(tmp_path, kind))
    documents = read_documents(source, kind=kind, options=ReadOptions(group_field="speaker"))
    with pytest.raises(CorpusError, match="no field 'speaker'"):
        freeze_corpus(documents, tmp_path / "frozen", max_documents=1)


def test_a_row_that_lacks_the_named_field_of_groups_is_refused_and_null_is_no_group(tmp_path):
    file = tmp_path / "rows.jsonl"
    rows = [{"text": "One.", "by": "me"}, {"text": "Two.", "by": None}, {"text": "Three."}]
    file.write_text("\n".join(json.dumps(row) for row in rows))
    documents = read_documents(str(file), options=ReadOptions(group_field="by"))
    assert [next(documents).group, next(documents).group] == ["me", ""]
    with pytest.raises(CorpusError, match=r"line 3: there is no field 'by'\. Fields: text") as said:
        next(documents)
    assert "null" in (said.value.hint or "")
    assert [d.group for d in read_documents(str(file))] == ["", "", ""]


@pytest.mark.parametrize(
    ("kind", "option", "named"),
    [
        ("txt", {"group_field": "by"}, "--group-field"),
        ("txt", {"text_field": "body", "config": "en"}, "--text-field and --config"),
        ("starter", {"group_field": "by"}, "--group-field"),
        ("jsonl", {"split": "test"}, "--split"),
    ],
)
def test_an_option_that_a_kind_of_source_does_not_have_is_refused(tmp_path, kind, option, named):
    (tmp_path / "a.txt").write_text("A text.")
    with pytest.raises(CorpusError, match=f"^{named} cannot be used .* of the kind {kind}") as said:
        read_documents(str(tmp_path), kind=kind, options=ReadOptions(**option))
    assert "Leave it out" in (said.value.hint or "")


def test_a_folder_within_a_domain_is_a_group_of_txt_files(tmp_path):
    for name in ("top.txt", "novels/alone.txt", "novels/whale/1.txt", "novels/whale/2.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"text of {name}")
    found = {d.origin: (d.domain, d.group) for d in read_documents(str(tmp_path))}
    assert found == {
        "novels/alone.txt": ("novels", ""),
        "novels/whale/1.txt": ("novels", "novels/whale"),
        "novels/whale/2.txt": ("novels", "novels/whale"),
        "top.txt": ("text", ""),
    }


def test_no_president_of_the_starter_corpus_speaks_in_two_splits(tmp_path):
    frozen = freeze_corpus(read_documents("starter"), tmp_path, held_out=HELD_OUT["starter"])
    splits: dict[str, list[str]] = {}
    for each in frozen.documents():
        assert bool(each.group) == (each.domain == "speeches")
        splits.setdefault(each.group, []).append(each.split)
    speakers = [found for group, found in splits.items() if group]
    assert sum(len(found) > 1 for found in speakers) == 5
    assert all(len(set(found)) == 1 for found in speakers)
