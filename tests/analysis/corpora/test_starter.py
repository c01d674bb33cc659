"""The starter corpus: its domains, sizes and origins, and that it makes enough windows."""

import gzip
import json
from collections import Counter

import pytest

from analysis.corpora.cutting import cut_windows
from analysis.corpora.freezing import freeze_corpus
from analysis.corpora.frozen import read_frozen
from analysis.corpora.readers.starter import FILE
from analysis.corpora.reading import HELD_OUT, read_documents
from analysis.corpora.starter.build import ORIGINS, build


@pytest.fixture(scope="module")
def documents():
    return list(read_documents("starter"))


@pytest.fixture(scope="module")
def frozen(tmp_path_factory):
    folder = tmp_path_factory.mktemp("starter")
    return freeze_corpus(read_documents("starter"), folder, held_out=HELD_OUT["starter"])


def test_it_has_three_domains_of_about_a_million_characters(documents):
    sizes = Counter()
    for document in documents:
        sizes[document.domain] += len(document.text)
    assert set(sizes) == {"novel", "speeches", "code"}
    assert all(900_000 < size < 1_400_000 for size in sizes.values())
    assert 3_000_000 < sizes.total() < 3_500_000
    assert FILE.stat().st_size < 1_300_000


def test_every_document_says_what_it_is_and_where_it_is_from(documents):
    assert len({document.title for document in documents}) == len(documents)
    for document in documents:
        work, *_, package = ORIGINS[document.domain].split("from ")
        assert document.origin.startswith(work.split("{", maxsplit=1)[0])
        assert document.origin.endswith(package)


def test_the_notices_lie_beside_it():
    notice = (FILE.parent / "NOTICE.md").read_text()
    assert "PSF-2.0" in notice
    assert "PYTHON SOFTWARE FOUNDATION LICENSE" in (FILE.parent / "LICENSE-python.txt").read_text()


def test_no_document_repeats_another_and_code_is_held_out(documents, frozen):
    assert frozen.reading.n_kept == len(documents)
    assert frozen.reading.n_duplicates == frozen.reading.n_empty == 0
    in_code = {d.number for d in read_frozen(frozen.folder) if d.domain == "code"}
    assert {d.number for d in frozen.documents() if d.split == "ood:code"} == in_code
    assert min(frozen.splits.values()) >= 10


def test_novel_and_speeches_are_in_every_split(frozen):
    found = {(d.domain, d.split) for d in frozen.documents()}
    assert {(d, s) for d in ("novel", "speeches") for s in ("fit", "calibration", "test")} <= found


def test_it_makes_enough_windows_for_the_demonstration(frozen):
    # Four characters per token is what tokenizers make of English, roughly.
    windows = cut_windows(
        read_frozen(frozen.folder), lambda text: [1] * (len(text) // 4), window_length=128, bos=0
    )
    found = {split: count.found for split, count in windows.counts.items()}
    assert found["fit"] > 2000
    assert found["calibration"] > 192
    assert found["test"] > 500
    assert found["ood:code"] > 500


def test_building_is_deterministic_and_takes_whole_texts(tmp_path):
    chapters = [{"id": f"chapter_{n}", "title": f"T{n}.", "text": f"Text {n}.\n"} for n in (2, 1)]
    parts = [{"id": name, "title": "", "text": name} for name in ("etymology", "extracts",
             "epilogue", "contents")]  # fmt: skip
    addresses = [
        {"id": f"{year}_x_y", "title": f"Jane Doe {year}", "text": "word " * (year - 1789)}
        for year in range(1790, 1850)
    ]
    for name, rows in (("novel", chapters + parts), ("speeches", addresses)):
        with gzip.open(tmp_path / f"{name}.gz", "wt") as stream:
            stream.write("\n".join(json.dumps(row) for row in rows))
    code = tmp_path / "lib"
    (code / "test").mkdir(parents=True)
    (code / "test" / "no.py").write_text("#" * 5000)
    (code / "small.py").write_text("#" * 50)
    (code / "good.py").write_text("# é\n" * 2000)
    (tmp_path / "LICENSE.txt").write_text("licence")
    for out in ("a", "b"):
        build(
            tmp_path / "novel.gz", tmp_path / "speeches.gz", code,
            tmp_path / "LICENSE.txt", tmp_path / out,
        )  # fmt: skip
    packed = (tmp_path / "a" / "documents.jsonl.gz").read_bytes()
    assert packed == (tmp_path / "b" / "documents.jsonl.gz").read_bytes()
    rows = [json.loads(line) for line in gzip.decompress(packed).splitlines()]
    assert [row["title"] for row in rows[:5]] == [
        "Moby-Dick, Etymology", "Moby-Dick, Extracts", "Moby-Dick, Chapter 1: T1",
        "Moby-Dick, Chapter 2: T2", "Moby-Dick, Epilogue",
    ]  # fmt: skip
    assert len(rows) == 5 + 30 + 1
    assert rows[-1]["title"] == "good.py"
    assert rows[-1]["text"] == "# é\n" * 2000
