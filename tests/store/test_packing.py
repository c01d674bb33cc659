import numpy as np
import pytest

from analysis.score.reasons import NONE_FIRES
from app.store.packing import (
    COLUMN_BYTES,
    COLUMNS,
    METRICS,
    NOT_ASKED,
    NOTES_LENGTHS,
    TAILS_BYTES,
    ScoreNote,
    histogram_edges,
    pack,
    pack_histogram,
    pack_scores,
    pack_vocabulary,
    unpack,
    unpack_histogram,
    unpack_notes,
    unpack_scores,
    unpack_vocabulary,
)

DEFAULT = {"bins": 128, "smallest_exponent": -8, "octaves": 16, "steps": 4, "fraction": 0.125}


def test_arrays_are_little_endian_without_a_header():
    assert pack(np.array([1, 256], dtype=">u4"), np.uint32) == b"\1\0\0\0\0\1\0\0"
    assert unpack(b"\1\0\0\0\0\1\0\0", np.uint32).tolist() == [1, 256]


def test_a_shape_may_leave_one_axis_open():
    packed = pack(np.arange(6, dtype=np.float16), np.float16)
    assert unpack(packed, np.float16, 2, -1).tolist() == [[0, 1, 2], [3, 4, 5]]


def test_histograms_come_back_as_they_were():
    counts = np.arange(128, dtype=np.uint32) * 1000
    assert (unpack_histogram(pack_histogram(counts)) == counts).all()


def test_vocabularies_keep_every_character():
    tokens = ["\n", "\t", "<script>", "🦉", "⟨E2⟩", ""]
    assert unpack_vocabulary(pack_vocabulary(tokens)) == tokens


def test_edges_rise_from_minus_256_to_256_and_meet_at_0():
    edges = histogram_edges(DEFAULT)
    assert len(edges) == 129
    assert edges == sorted(set(edges))
    assert (edges[0], edges[64], edges[128]) == (-256, 0, 256)
    assert edges[65:69] == [2**-8 * factor for factor in (1.25, 1.5, 1.75, 2)]
    assert edges[127] == 224
    assert [-edge for edge in reversed(edges)] == edges


def test_parameters_that_do_not_fit_together_are_refused():
    with pytest.raises(ValueError, match="100 bins"):
        histogram_edges({**DEFAULT, "bins": 100})


def test_scores_come_back_with_what_stands_beside_them():
    notes = {"auroc": ScoreNote(NONE_FIRES, 0, 4_000), "detection": ScoreNote(None, 3, 20, "lower")}
    data = pack_scores({"corpus_r": (0.5, 0.25, 0.75), "auroc": (None,)}, notes)
    values, found = unpack_scores(data), dict(zip(METRICS, unpack_notes(data), strict=True))
    assert values[0, :3].tolist() == [0.5, 0.25, 0.75]
    assert np.isnan(values[0, 3:]).all()
    assert np.isnan(values[METRICS.index("auroc"), 0])
    assert values[METRICS.index("fuzzing"), 0] == NOT_ASKED
    assert found["auroc"] == ScoreNote(NONE_FIRES, 0, 4_000)
    assert found["detection_recall"] == found["detection"] == ScoreNote(None, 3, 20, "lower")
    assert found["corpus_r"] == ScoreNote()


def test_rows_from_before_tails_were_told_keep_what_they_tell():
    notes = {"detection": ScoreNote(NONE_FIRES, 3, 20, "lower")}
    data = pack_scores({"corpus_r": (0.5,)}, notes)
    before = dict(zip(METRICS, unpack_notes(data[:-TAILS_BYTES]), strict=True))
    assert before["detection"] == ScoreNote(NONE_FIRES, 3, 20)
    assert unpack_scores(data[:-TAILS_BYTES]).tolist()[0][0] == 0.5


def test_precision_in_the_pool_is_kept_where_windows_were_chosen():
    chosen = ScoreNote(None, 6, 12, "lower", 0.0625, 0.25)
    data = pack_scores({"corpus_r": (0.5,)}, {"detection_precision": chosen, "detection": chosen})
    found = dict(zip(METRICS, unpack_notes(data), strict=True))
    assert found["detection_precision"] == chosen
    assert found["detection"] == ScoreNote(None, 6, 12, "lower")
    assert unpack_scores(data)[0, 0] == 0.5
    never_yes = ScoreNote(None, 6, 12, "lower", 0.0625, None)
    again = pack_scores({}, {"detection_precision": never_yes, "detection": never_yes})
    assert unpack_notes(again)[METRICS.index("detection_precision")] == never_yes


def test_the_length_of_a_row_tells_its_columns_whatever_follows_them():
    assert len({length % COLUMN_BYTES for length in NOTES_LENGTHS}) == len(NOTES_LENGTHS)


def test_rows_from_before_the_cut_lookup_have_no_number_for_it():
    before = np.arange(60, dtype=np.float32).reshape(len(METRICS), 6)
    values = unpack_scores(pack(before, np.float32))
    assert (values[:, :6] == before).all()
    assert np.isnan(values[:, COLUMNS.index("lookup_cut")]).all()
    assert unpack_notes(pack(before, np.float32)) == [ScoreNote()] * len(METRICS)


def test_a_reason_that_is_not_ours_is_not_stored():
    assert unpack_notes(pack_scores({}, {"auroc": ScoreNote("a whim")}))[-1] == ScoreNote()
