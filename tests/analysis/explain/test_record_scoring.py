"""A program of anybody's is run on records and scored beside what the records alone tell."""

import pytest

from analysis.errors import RecordsError
from analysis.explain.record_explaining import explain_record, only
from analysis.explain.record_scoring import score_program
from analysis.programs.errors import ProgramError
from analysis.programs.parsing import parse_program
from analysis.programs.writing import write_program
from tests.analysis.explain.neurons import neuron

KING = parse_program('when token in {" king"} -> 3.75\notherwise 0.25')


def test_the_true_program_is_perfect() -> None:
    scored = score_program(neuron(), KING)
    assert all(one.score.value == pytest.approx(1) for one in only(scored.scores))
    assert (scored.n_random, scored.n_top, scored.unknown) == (4, 5, ())


def test_a_found_program_scores_as_it_did_when_it_was_found() -> None:
    record = neuron(lambda word: float(len(word)))
    found = explain_record(record, seed=3)
    again = score_program(record, parse_program(write_program(found.shown)), seed=3)
    assert found.scores is not None
    for before, after in zip(only(found.scores), only(again.scores), strict=True):
        assert after.score.value == pytest.approx(before.score.value, abs=1e-6)
        assert after.lookup == pytest.approx(before.lookup, abs=1e-6)
        assert after.mean == pytest.approx(before.mean, abs=1e-6)


def test_on_all_records_there_are_no_baselines() -> None:
    scored = score_program(neuron(), KING, everything=True)
    assert (scored.n_random, scored.n_top) == (15, 20)
    assert scored.scores.r == pytest.approx(1)
    assert all(one.lookup is None and one.mean is None for one in scored.scores.metrics)


def test_tokens_that_no_record_has_are_named() -> None:
    assert score_program(neuron(), parse_program('when token in {"zebra"} -> 1')).unknown == (
        "zebra",
    )


def test_a_program_that_needs_the_model_is_refused() -> None:
    with pytest.raises(ProgramError, match="near"):
        score_program(neuron(), parse_program('when token near {" king"} first 8 -> 1'))


def test_without_random_records_there_is_nothing_to_test_on() -> None:
    with pytest.raises(RecordsError, match="no random record"):
        score_program(neuron(n_random=0), KING)
