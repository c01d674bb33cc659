"""Freezing: what is kept, counted and left out, and that the same input gives the same bytes."""

import resource

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.corpora.freezing import freeze_corpus
from analysis.corpora.frozen import FILE_NAME, read_frozen
from analysis.corpora.normalising import normalise
from analysis.corpora.readers.base import Replaced
from analysis.corpora.reading import read_documents
from analysis.corpora.splitting import Shares
from analysis.errors import CorpusError
from analysis.records import Document


def document(text, domain="text"):
    return Document(title=f"About {len(text)}", domain=domain, origin="here", text=text)


def distinct(n, domain="text"):
    return [document(f"{domain} number {k} says {k * k} and {k**3}.", domain) for k in range(n)]


def failing(documents, folder, **options):
    with pytest.raises(CorpusError) as caught:
        freeze_corpus(documents, folder, **options)
    assert caught.value.hint
    assert not (folder / FILE_NAME).exists()
    return caught.value.detail


def test_documents_come_back_numbered_and_unchanged(tmp_path):
    documents = [*distinct(5), document("Größe\n\n  魚 😀\ttail \x00")]
    frozen = freeze_corpus(documents, tmp_path)
    back = list(read_frozen(tmp_path))
    assert [d.number for d in back] == list(range(6))
    assert [(d.title, d.domain, d.origin, d.text) for d in back] == [
        (d.title, d.domain, d.origin, d.text) for d in documents
    ]
    assert frozen.reading.n_characters == sum(len(d.text) for d in documents)


def test_facts_are_read_without_the_text(tmp_path):
    frozen = freeze_corpus(distinct(3), tmp_path)
    facts = list(frozen.documents())
    whole = list(read_frozen(tmp_path))
    bare = list(read_frozen(tmp_path, with_text=False))
    assert [(f.number, f.split, f.sha256) for f in facts] == [
        (d.number, d.split, d.sha256) for d in whole
    ]
    assert [f.n_characters for f in facts] == [len(d.text) for d in whole]
    assert [d.text for d in bare] == ["", "", ""]


def test_the_same_input_gives_the_same_bytes(tmp_path):
    one = freeze_corpus(distinct(40), tmp_path / "a", seed=5)
    two = freeze_corpus(distinct(40), tmp_path / "b", seed=5)
    assert one.documents_sha256 == two.documents_sha256
    assert (tmp_path / "a" / FILE_NAME).read_bytes() == (tmp_path / "b" / FILE_NAME).read_bytes()


def test_the_hash_of_the_documents_sees_every_change(tmp_path):
    def digest(documents, **options):
        return freeze_corpus(documents, tmp_path, **options).documents_sha256

    documents = distinct(3)
    changed = [*documents[:2], document(documents[2].text.upper())]
    others = [digest(changed), digest(documents[::-1]), digest(documents, shares=Shares(0, 0, 1))]
    assert len({digest(documents), *others}) == 4


def test_duplicates_and_empty_documents_are_counted_and_left_out(tmp_path):
    long = " ".join(f"word{k}" for k in range(300))
    documents = [
        document("Once."), document("ONCE."), document(" \n\t"), document(""),
        document(long), document(long + " and a tail"), document("Twice."),
    ]  # fmt: skip
    replaced = Replaced(n_bytes=7)
    frozen = freeze_corpus(documents, tmp_path, replaced=replaced)
    reading = frozen.reading
    assert (reading.n_read, reading.n_kept, reading.n_empty) == (7, 3, 2)
    assert (reading.n_duplicates, frozen.n_near_duplicates) == (2, 1)
    assert reading.n_replaced_bytes == 7
    assert [d.text for d in read_frozen(tmp_path)] == ["Once.", long, "Twice."]


def test_nearly_equal_documents_are_never_in_different_splits(tmp_path):
    originals = [[f"d{k}w{i}" for i in range(200)] for k in range(20)]
    documents = [document(" ".join(words), "novel") for words in originals]
    for copy in range(3):
        for k, words in enumerate(originals):
            changed = [*words[: 40 * copy], f"changed{copy}", *words[40 * copy + 1 :]]
            documents.append(document(" ".join(changed), "code" if k % 2 else "novel"))
    frozen = freeze_corpus(documents, tmp_path, held_out=["code"])
    assert frozen.n_near_duplicates == 60
    kept = [d.text.split()[199][:4] for d in read_frozen(tmp_path)]
    assert len(kept) == len(set(kept)) == 20


def test_documents_are_counted_per_split_even_where_there_is_none(tmp_path):
    documents = [*distinct(4), *distinct(3, "Source code")]
    frozen = freeze_corpus(
        documents, tmp_path, shares=Shares(0, 0, 1), held_out=["source code"], seed=9
    )
    assert frozen.splits == {"fit": 0, "calibration": 0, "test": 4, "ood:source-code": 3}
    assert frozen.division.held_out == ("source-code",)
    assert frozen.division.seed == 9


def test_limits_bound_what_is_kept_and_are_noted(tmp_path):
    frozen = freeze_corpus(distinct(9), tmp_path, max_documents=4)
    assert (frozen.reading.n_kept, frozen.reading.n_read) == (4, 4)
    frozen = freeze_corpus(
        [document("a" * 60), document("b" * 30), document("c" * 30)], tmp_path, max_characters=100
    )
    assert (frozen.reading.n_kept, frozen.reading.n_read) == (2, 2)
    assert frozen.reading.limits == {"max_documents": None, "max_characters": 100}


def test_reading_stops_at_the_limit(tmp_path):
    def endless():
        k = 0
        while True:
            yield document(f"number {k}")
            k += 1

    assert freeze_corpus(endless(), tmp_path, max_documents=3).reading.n_kept == 3


def test_an_empty_corpus_is_refused(tmp_path):
    assert failing([], tmp_path) == "The corpus is empty: there is no document in it."
    message = failing([document(" "), document("")], tmp_path)
    assert message == "The corpus is empty: all 2 documents read have no text."


def test_a_limit_below_the_first_document_is_refused(tmp_path):
    message = failing([document("too long")], tmp_path, max_characters=5)
    assert message == "The first document is longer than the 5 characters allowed."


def test_a_held_out_domain_that_no_document_has_is_refused(tmp_path):
    message = failing(distinct(3), tmp_path, held_out=["code"])
    assert "domain code" in message


def test_a_failure_on_the_way_leaves_the_old_corpus_and_no_other_file(tmp_path):
    def broken():
        yield from distinct(3)
        raise CorpusError("line 4 is bad", hint="mend it")

    freeze_corpus(distinct(2), tmp_path)
    with pytest.raises(CorpusError, match="line 4"):
        freeze_corpus(broken(), tmp_path)
    assert len(list(read_frozen(tmp_path))) == 2
    assert [file.name for file in tmp_path.iterdir()] == [FILE_NAME]


def test_a_folder_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(CorpusError, match="cannot be written"):
        freeze_corpus(distinct(1), tmp_path / "file")


def test_a_full_disk_is_said_and_leaves_the_old_corpus(tmp_path):
    freeze_corpus(distinct(2), tmp_path)
    noise = [document(np.random.default_rng(k).bytes(100_000).hex()) for k in range(30)]
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))
    try:
        with pytest.raises(CorpusError, match="cannot be written") as caught:
            freeze_corpus(noise, tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "room" in caught.value.hint
    assert len(list(read_frozen(tmp_path))) == 2
    assert [file.name for file in tmp_path.iterdir()] == [FILE_NAME]


def test_a_frozen_corpus_that_is_not_there_or_damaged_is_said(tmp_path):
    with pytest.raises(CorpusError, match="is not there"):
        list(read_frozen(tmp_path))
    (tmp_path / FILE_NAME).write_bytes(b"PAR1 and no more")
    with pytest.raises(CorpusError, match="cannot be read"):
        list(read_frozen(tmp_path))


def test_progress_hears_of_every_document_and_may_stop_it(tmp_path):
    heard = []
    freeze_corpus(distinct(3), tmp_path, progress=lambda done, total: heard.append((done, total)))
    assert heard == [(1, None), (2, None), (3, None)]

    def stop(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        freeze_corpus(distinct(3), tmp_path / "other", progress=stop)
    assert list((tmp_path / "other").iterdir()) == []


def test_a_document_of_ten_megabytes_is_kept_whole(tmp_path):
    text = " ".join(f"line {k} of a very long document" for k in range(330_000))
    (tmp_path / "long.txt").write_text(text)
    assert len(text) > 10_000_000
    freeze_corpus(read_documents(str(tmp_path / "long.txt")), tmp_path / "frozen")
    (kept,) = read_frozen(tmp_path / "frozen")
    assert kept.text == text


texts = st.lists(
    st.text("abc XYZ\n魚", min_size=1, max_size=12).filter(str.strip),
    min_size=1,
    max_size=12,
    unique_by=normalise,
)


@settings(max_examples=40, deadline=None)
@given(texts=texts, data=st.data(), seed=st.integers(0, 3))
def test_splits_depend_neither_on_order_nor_on_other_documents(tmp_path_factory, texts, data, seed):
    folder = tmp_path_factory.mktemp("frozen")

    def splits(chosen):
        freeze_corpus(map(document, chosen), folder, seed=seed, near_duplicate=None)
        return {d.text: d.split for d in read_frozen(folder)}

    together = splits(texts)
    assert splits(data.draw(st.permutations(texts))) == together
    alone = data.draw(st.sampled_from(texts))
    assert splits([alone]) == {alone: together[alone]}


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.text("aB \n", min_size=1, max_size=5), st.sampled_from(["novel", "code"])),
        min_size=1,
        max_size=20,
    ).filter(lambda pairs: any(text.strip() and domain == "code" for text, domain in pairs))
)
def test_no_text_is_in_two_splits(tmp_path_factory, pairs):
    folder = tmp_path_factory.mktemp("frozen")
    freeze_corpus([document(*pair) for pair in pairs], folder, held_out=["code"])
    kept = [normalise(d.text) for d in read_frozen(folder)]
    assert len(kept) == len(set(kept))
    assert set(kept) == {normalise(text) for text, _ in pairs} - {""}
