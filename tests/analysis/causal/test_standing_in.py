"""The right program takes its planted neuron's place; a wrong one does not."""

import numpy as np
import pytest

from analysis.causal.edits import run_edits
from analysis.causal.standing_in import Readings, edits_of, effects_of, stand_ins
from analysis.programs.parsing import parse_program
from analysis.score.badges import replaces
from analysis.score.causal import score_effects
from tests.analysis.causal import planted
from tests.analysis.causal.planted import SITE, SUFFIX, TOKEN

RIGHT = 'when word in {"cat", "dog"} -> 1\notherwise 0\n'
WRONG = 'when word in {"the", "moon"} -> 1\notherwise 0\n'
ENDS_IN_ING = 'when token ends "ing" -> 1\notherwise 0\n'


@pytest.fixture(scope="module")
def subject(tmp_path_factory):
    return planted.subject(planted.load(tmp_path_factory.mktemp("planted") / "model"))


def stood(subject, text, *, unit=TOKEN, foil=ENDS_IN_ING):
    reading = subject.reading()
    readings = Readings(reading, reading, planted.calibrated_on(subject))
    actual = subject.actual(unit)
    standing = stand_ins(
        unit,
        parse_program(text),
        foil=None if foil is None else parse_program(foil),
        mean=float(actual[:, 1:].mean()),
        calibration=actual,
        readings=readings,
    )
    return measured(subject, [standing])


def measured(subject, standing):
    edits = edits_of(standing)
    outcomes = run_edits(
        subject.model, subject.text, SITE, list(edits.values()), check=lambda: None
    )
    by_name = dict(zip(edits, outcomes.edits, strict=True))
    return score_effects(effects_of(subject.text, outcomes, by_name), subject.text.pool)


def standing_of(found):
    one = found.simulation
    return replaces((one.score.low, one.score.high), (one.difference.low, one.difference.high))


def test_the_right_program_changes_nothing_and_loses_nothing(subject):
    found = stood(subject, RIGHT)
    assert found.simulation.score.value == pytest.approx(1, abs=1e-6)
    assert found.replacement.score.value == pytest.approx(1, abs=1e-4)
    assert found.mean_loss.low > 0
    assert standing_of(found) == "earned"


def test_a_wrong_program_is_worse_than_the_mean(subject):
    found = stood(subject, WRONG)
    assert found.simulation.score.high < 0
    assert found.replacement.score.value < 0
    assert standing_of(found) == "refuted"


def test_another_units_program_through_its_line_is_no_better_than_the_mean(subject):
    found = stood(subject, RIGHT)
    assert abs(found.simulation.foil) < 0.2
    assert found.simulation.difference.low > 0.5


def test_without_a_foil_nothing_is_earned(subject):
    found = stood(subject, RIGHT, foil=None)
    assert found.simulation.foil is None
    assert standing_of(found) == "undecided"


def test_several_units_replaced_at_once_by_the_right_programs_leave_the_output_alone(subject):
    reading = subject.reading()
    readings = Readings(reading, reading, planted.calibrated_on(subject))
    pairs = [(TOKEN, RIGHT, ENDS_IN_ING), (SUFFIX, ENDS_IN_ING, RIGHT)]
    standing = [
        stand_ins(
            unit,
            parse_program(own),
            foil=parse_program(other),
            mean=float(subject.actual(unit)[:, 1:].mean()),
            calibration=subject.actual(unit),
            readings=readings,
        )
        for unit, own, other in pairs
    ]
    found = measured(subject, standing)
    assert found.simulation.score.value == pytest.approx(1, abs=1e-6)
    assert found.simulation.foil < 0.5


def test_a_unit_that_is_dead_has_no_score(subject):
    found = stood(subject, "otherwise 0\n", unit=5)
    assert found.simulation.score.value is None
    assert "rounding" in found.simulation.reason


def test_the_lookup_cut_stands_beside_it_where_it_is_given(subject):
    reading = subject.reading()
    actual = subject.actual(TOKEN)
    standing = stand_ins(
        TOKEN,
        parse_program(WRONG),
        foil=None,
        mean=float(actual[:, 1:].mean()),
        calibration=actual,
        readings=Readings(reading, reading, planted.calibrated_on(subject)),
        lookup_cut=actual.astype(np.float32),
    )
    assert measured(subject, [standing]).simulation.lookup_cut == pytest.approx(1, abs=1e-6)
