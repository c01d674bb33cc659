"""Documents from files and data sets: round trips, and what is said about bad sources."""

import gzip
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analysis.corpora.readers.base import ReadOptions, Replaced
from analysis.corpora.reading import read_documents, tell_kind
from analysis.errors import CorpusError
from analysis.records import Document

ROWS = [
    {"text": "One fish.", "title": "First", "domain": "sea", "origin": "a book"},
    {"text": "Zwei Fische, 魚.", "title": "Second", "domain": "land", "origin": "a film"},
]
DOCUMENTS = [Document(**row) for row in ROWS]


def write_jsonl(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def read_failing(source, **options):
    with pytest.raises(CorpusError) as caught:
        list(read_documents(source, options=ReadOptions(**options)))
    assert caught.value.hint
    return caught.value.detail


def test_a_jsonl_file_gives_its_documents(tmp_path):
    assert list(read_documents(write_jsonl(tmp_path / "a.jsonl", ROWS))) == DOCUMENTS


def test_a_gzipped_jsonl_file_gives_its_documents(tmp_path):
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress("\n".join(json.dumps(row) for row in ROWS).encode()))
    assert list(read_documents(str(path))) == DOCUMENTS


def test_fields_can_have_other_names(tmp_path):
    path = write_jsonl(tmp_path / "a.jsonl", [{"body": "Hello.", "source": "web", "title": 7}])
    options = ReadOptions(text_field="body", domain_field="source")
    (document,) = read_documents(path, options=options)
    assert document == Document(title="7", domain="web", origin="a.jsonl, line 1", text="Hello.")


def test_a_given_domain_wins_over_the_field(tmp_path):
    path = write_jsonl(tmp_path / "a.jsonl", ROWS)
    options = ReadOptions(domain="all")
    assert {d.domain for d in read_documents(path, options=options)} == {"all"}


def test_a_null_text_is_an_empty_document(tmp_path):
    (document,) = read_documents(write_jsonl(tmp_path / "a.jsonl", [{"text": None}]))
    assert document.text == ""


def test_a_line_that_is_no_json_is_named_by_its_number(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "good"}\n\n{"text": bad}\n')
    assert "a.jsonl, line 3: this is no JSON" in read_failing(str(path))


def test_a_line_that_is_no_object_is_refused(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('["text"]\n')
    assert "line 1: this is a JSON list, not an object" in read_failing(str(path))


def test_absurdly_nested_json_is_refused(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text("[" * 200_000 + "\n")
    assert "line 1: this is no JSON" in read_failing(str(path))


def test_a_missing_text_field_is_named_with_those_that_are_there(tmp_path):
    path = write_jsonl(tmp_path / "a.jsonl", [{"content": "x", "id": 1}])
    assert "line 1: there is no field 'text'. Fields: content, id." in read_failing(path)


def test_a_text_that_is_a_number_is_refused(tmp_path):
    path = write_jsonl(tmp_path / "a.jsonl", [{"text": 3}])
    assert "the field 'text' is int, not text" in read_failing(path)


def test_a_truncated_gzip_file_is_refused(tmp_path):
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(json.dumps({"text": "x" * 5000}).encode())[:-20])
    assert "a.jsonl.gz ends in the middle or is damaged" in read_failing(str(path))


def test_a_file_that_is_no_gzip_is_refused(tmp_path):
    path = tmp_path / "a.jsonl.gz"
    path.write_text('{"text": "plain"}\n')
    assert "a.jsonl.gz cannot be read" in read_failing(str(path))


def test_half_a_surrogate_pair_becomes_a_replacement_character(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "a\\ud83d b\\ud83d\\ude00"}\n')
    replaced = Replaced()
    (document,) = read_documents(str(path), replaced=replaced)
    assert (document.text, replaced.n_bytes) == ("a\ufffd b😀", 1)


def test_a_parquet_file_gives_its_documents_whatever_its_text_type(tmp_path):
    table = pa.Table.from_pylist(ROWS)
    dictionary = table.set_column(0, "text", table["text"].dictionary_encode())
    for number, variant in enumerate([table, dictionary]):
        path = tmp_path / f"{number}.parquet"
        pq.write_table(variant, path, row_group_size=1)
        assert list(read_documents(str(path))) == DOCUMENTS


def test_bytes_in_parquet_that_are_no_utf8_are_replaced_and_counted(tmp_path):
    bad = pa.array([b"a\xff\xfeb"], pa.binary()).view(pa.string())
    pq.write_table(pa.table({"text": bad}), tmp_path / "a.parquet")
    replaced = Replaced()
    (document,) = read_documents(str(tmp_path / "a.parquet"), replaced=replaced)
    assert (document.text, replaced.n_bytes) == ("a\ufffd\ufffdb", 2)


def test_a_parquet_file_without_the_text_column_is_refused(tmp_path):
    pq.write_table(pa.table({"content": ["x"]}), tmp_path / "a.parquet")
    message = read_failing(str(tmp_path / "a.parquet"))
    assert message == "a.parquet: there is no field 'text'. Fields: content."


def test_a_file_that_is_no_parquet_is_refused(tmp_path):
    (tmp_path / "a.parquet").write_text("plain")
    assert "a.parquet is no Parquet file or is damaged" in read_failing(str(tmp_path / "a.parquet"))


def test_a_folder_of_txt_files_gives_one_document_each_in_order_of_names(tmp_path):
    (tmp_path / "sea").mkdir()
    (tmp_path / "sea" / "b.txt").write_text("fish\n\nwhale")
    (tmp_path / "a.txt").write_text("first")
    (tmp_path / ".hidden.txt").write_text("not me")
    assert list(read_documents(str(tmp_path))) == [
        Document(title="a", domain="text", origin="a.txt", text="first"),
        Document(title="b", domain="sea", origin="sea/b.txt", text="fish\n\nwhale"),
    ]


def test_paragraphs_of_txt_files_are_documents_where_that_is_asked_for(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"\n\nOne\nline on.\r\n \r\n\r\nTwo.\n\n\n")
    documents = list(read_documents(str(tmp_path), options=ReadOptions(by_paragraph=True)))
    assert documents == [
        Document("a, paragraph 1", "text", "a.txt, paragraph 1", "One\nline on."),
        Document("a, paragraph 2", "text", "a.txt, paragraph 2", "Two."),
    ]
    assert "--by-paragraph" in read_failing(
        write_jsonl(tmp_path / "b.jsonl", ROWS), by_paragraph=True
    )


def test_line_ends_of_txt_files_become_newlines_and_a_byte_order_mark_goes(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbfa\r\nb\rc\n")
    (document,) = read_documents(str(tmp_path / "a.txt"))
    assert document.text == "a\nb\nc\n"


@pytest.mark.parametrize(
    ("data", "text", "n_bytes"),
    [
        (b"caf\xe9 au lait", "caf\ufffd au lait", 1),
        (b"\xe2\x82 x \xff\xfe", "\ufffd\ufffd x \ufffd\ufffd", 4),
        ("already \ufffd there".encode(), "already \ufffd there", 0),
        (b"\xe2\x82\xef\xbf\xbd", "\ufffd\ufffd\ufffd", 2),
        ("fine: é 魚 😀".encode(), "fine: é 魚 😀", 0),
    ],
)
def test_each_byte_that_is_no_utf8_is_replaced_and_counted(tmp_path, data, text, n_bytes):
    (tmp_path / "a.txt").write_bytes(data)
    replaced = Replaced()
    (document,) = read_documents(str(tmp_path / "a.txt"), replaced=replaced)
    assert (document.text, replaced.n_bytes) == (text, n_bytes)


def test_a_hub_data_set_is_streamed_with_the_fields_asked_for(tmp_path):
    write_jsonl(tmp_path / "train.jsonl", [row | {"more": 1} for row in ROWS])
    assert list(read_documents(str(tmp_path), kind="hub")) == DOCUMENTS


def test_a_hub_data_set_without_the_text_field_is_refused(tmp_path):
    write_jsonl(tmp_path / "train.jsonl", [{"content": "x"}])
    with pytest.raises(CorpusError, match=r"no field 'text'\. Fields: content"):
        list(read_documents(str(tmp_path), kind="hub"))


def test_a_split_that_a_hub_data_set_does_not_have_is_said(tmp_path):
    write_jsonl(tmp_path / "train.jsonl", ROWS)
    with pytest.raises(CorpusError, match="validation cannot be read"):
        list(read_documents(str(tmp_path), kind="hub", options=ReadOptions(split="validation")))


def test_a_hub_that_cannot_be_reached_is_said(monkeypatch):
    import datasets

    def fail(*_, **__):
        raise ConnectionError("no route")

    monkeypatch.setattr(datasets, "load_dataset", fail)
    message = read_failing("someone/texts")
    assert message == "The data set someone/texts, train cannot be read: no route"


def test_kinds_are_told_from_names(tmp_path):
    (tmp_path / "a.txt").write_text("x")
    told = [tell_kind(s) for s in ("starter", "a.JSONL", "b.ndjson.gz", "c.parquet", "d.txt")]
    assert told == ["starter", "jsonl", "jsonl", "parquet", "txt"]
    assert tell_kind(str(tmp_path)) == "txt"
    assert tell_kind("roneneldan/TinyStories") == "hub"


@pytest.mark.parametrize("source", ["missing.txt", "missing.jsonl", "missing.parquet", "no/such/x"])
def test_a_source_that_is_not_there_is_said(source):
    assert read_failing(source) == f"There is no file or folder {source}."


@pytest.mark.parametrize("source", ["x" * 5000, "a\0b", "~nobody-of-this-name/x", "../" * 3000])
def test_a_path_that_no_system_takes_is_said(source):
    assert read_failing(source).startswith("There is no file or folder ")


def test_a_file_of_unknown_kind_is_refused(tmp_path):
    (tmp_path / "a.docx").write_text("x")
    assert "cannot be told from its name" in read_failing(str(tmp_path / "a.docx"))


def test_a_folder_without_texts_or_with_several_kinds_is_refused(tmp_path):
    assert "neither txt nor jsonl nor parquet" in read_failing(str(tmp_path))
    (tmp_path / "a.txt").write_text("x")
    write_jsonl(tmp_path / "b.jsonl", ROWS)
    assert "jsonl and txt" in read_failing(str(tmp_path))


def test_an_unknown_kind_is_refused():
    with pytest.raises(CorpusError, match="no kind of corpus called 'pdf'"):
        read_documents("a.pdf", kind="pdf")


def test_documents_are_read_lazily(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "good"}\nbad\n')
    documents = read_documents(str(path))
    assert next(documents).text == "good"
