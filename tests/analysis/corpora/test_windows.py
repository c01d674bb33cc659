"""Windows as one record: views, batches, hash and file."""

import numpy as np
import pytest

from analysis.corpora.window_file import load_windows, save_windows
from analysis.corpora.windows import WindowCounts, Windows
from analysis.errors import CorpusError
from analysis.records import Window


def make(**changes):
    facts = {
        "tokens": np.array([1, 5, 6, 1, 7, 1, 8, 9], np.uint32),
        "offsets": np.array([0, 3, 5, 8], np.int64),
        "documents": np.array([4, 2, 4], np.int64),
        "starts": np.array([0, 0, 2], np.int64),
        "window_length": 3,
        "bos": 1,
        "counts": {
            "fit": WindowCounts(asked=None, found=2, taken=2, n_short=0),
            "calibration": WindowCounts(asked=None, found=0, taken=0, n_short=0),
            "test": WindowCounts(asked=1, found=9, taken=1, n_short=1),
        },
    }
    return Windows(**(facts | changes))


def test_a_window_is_a_record_with_its_tokens():
    windows = make()
    assert len(windows) == 3
    assert windows.window(1) == Window(number=1, document=2, split="fit", start=0, tokens=(1, 7))
    assert windows.window(2) == Window(
        number=2, document=4, split="test", start=2, tokens=(1, 8, 9)
    )


def test_a_batch_is_padded_on_the_right():
    tokens, lengths = make().batch([1, 2], pad=0)
    assert tokens.tolist() == [[1, 7, 0], [1, 8, 9]]
    assert lengths.tolist() == [2, 3]
    assert (tokens.dtype, lengths.dtype) == (np.int64, np.int64)


def test_a_batch_is_only_as_wide_as_its_longest_window():
    tokens, _ = make().batch([1])
    assert tokens.tolist() == [[1, 7]]
    tokens, lengths = make().batch(range(0))
    assert tokens.shape == (0, 0)
    assert len(lengths) == 0


@pytest.mark.parametrize("number", [-1, 3])
def test_a_number_that_is_not_there_is_an_index_error(number):
    windows = make()
    for ask in (windows.tokens_of, windows.split_of, lambda n: windows.batch([n])):
        with pytest.raises(IndexError):
            ask(number)


def test_tokens_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        make().tokens_of(0)[0] = 3


def test_the_hash_sees_every_change():
    counts = {
        "fit": WindowCounts(None, 3, 3, 0),
        "calibration": WindowCounts(None, 0, 0, 0),
        "test": WindowCounts(None, 0, 0, 0),
    }
    variants = [
        make(),
        make(tokens=np.array([1, 5, 6, 1, 7, 1, 8, 8], np.uint32)),
        make(starts=np.array([0, 0, 3], np.int64)),
        make(documents=np.array([4, 3, 4], np.int64)),
        make(bos=None),
        make(window_length=4),
        make(counts=counts),
    ]
    assert len({windows.sha256 for windows in variants}) == len(variants)
    assert make().sha256 == make().sha256


def test_windows_are_saved_and_loaded_with_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        save_windows(make(), tmp_path / f"{name}.npz")
    back = load_windows(tmp_path / "a.npz")
    assert back.sha256 == make().sha256
    assert back.counts == make().counts
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.npz", "b.npz"]


def test_a_file_of_windows_that_is_missing_or_damaged_is_said(tmp_path):
    file = tmp_path / "a.npz"
    with pytest.raises(CorpusError, match="cannot be read"):
        load_windows(file)
    save_windows(make(), file)
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(CorpusError, match="cannot be read"):
        load_windows(file)
