"""A folder of texts does not reach for files outside of it."""

from pathlib import Path

import pytest

from analysis.corpora.freezing import freeze_corpus
from analysis.corpora.readers.base import Replaced
from analysis.corpora.reading import read_documents
from analysis.errors import CorpusError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two texts of its own, one link between them, and links to a secret outside."""
    (tmp_path / "secret.txt").write_text("the secret of the house")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "secret.txt").write_text("the secret next door")
    folder = tmp_path / "texts"
    (folder / "tales").mkdir(parents=True)
    (folder / "a.txt").write_text("a tale of one city")
    (folder / "tales" / "b.txt").write_text("a tale of another city")
    (folder / "inside.txt").symlink_to("tales/b.txt")
    (folder / "outside.txt").symlink_to("../secret.txt")
    (folder / "absolute.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "chain.txt").symlink_to("outside.txt")
    (folder / "more").symlink_to("../elsewhere")
    (folder / "broken.txt").symlink_to("nowhere.txt")
    return folder


def test_links_that_lead_out_of_a_folder_are_left_out_and_counted(folder: Path) -> None:
    replaced = Replaced()
    origins = [d.origin for d in read_documents(str(folder), kind="txt", replaced=replaced)]
    assert origins == ["a.txt", "inside.txt", "tales/b.txt"]
    assert replaced.n_links == 3


def test_the_number_of_links_left_out_is_told_with_the_corpus(folder: Path, tmp_path: Path) -> None:
    replaced = Replaced()
    documents = read_documents(str(folder), kind="txt", replaced=replaced)
    frozen = freeze_corpus(documents, tmp_path / "frozen", replaced=replaced)
    assert frozen.reading.n_links_left_out == 3


@pytest.mark.parametrize(("kind", "suffix"), [("jsonl", ".jsonl"), ("parquet", ".parquet")])
def test_a_folder_of_nothing_but_links_out_says_so(tmp_path: Path, kind: str, suffix: str) -> None:
    (tmp_path / f"secret{suffix}").write_text('{"text": "secret"}')
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / f"a{suffix}").symlink_to(f"../secret{suffix}")
    with pytest.raises(CorpusError, match=r"1 link\(s\) out of it"):
        list(read_documents(str(tmp_path / "texts"), kind=kind))


def test_a_folder_that_is_itself_a_link_is_read(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "name").symlink_to(folder)
    assert len(list(read_documents(str(tmp_path / "name"), kind="txt"))) == 3


def test_a_file_that_somebody_names_is_read_wherever_it_is(folder: Path) -> None:
    (document,) = read_documents(str(folder / "outside.txt"))
    assert document.text == "the secret of the house"
