"""A kept window's peak: its value exactly, its position among what float16 tells apart."""

import numpy as np

from analysis.sweep.results import exemplars
from tests.analysis.sweep.states import counted

EQUAL_IN_HALF = (1.0001, 1.0002)


def test_a_peak_is_exact_and_the_first_of_what_float16_cannot_tell_apart() -> None:
    earlier, highest = (np.float32(value) for value in EQUAL_IN_HALF)
    assert np.float16(earlier) == np.float16(highest)
    activations = np.array([[[9], [0], [earlier], [0], [highest], [0]]], np.float32)
    for sign, kind in ((1, "top"), (-1, "bottom")):
        state = counted(np.float32(sign) * activations, {0: [0]})
        (found,) = [each for each in exemplars(state) if each.kind == kind]
        assert found.peaks[0, 0] == sign * highest
        assert found.peak_positions[0, 0] == 2


def test_what_is_called_the_peak_falls_short_by_less_than_a_thousandth() -> None:
    random = np.random.default_rng(0)
    activations = random.lognormal(0, 0.02, size=(1, 256, 512)).astype(np.float32)
    state = counted(activations, {0: [0]})
    (found,) = [each for each in exemplars(state) if each.kind == "top"]
    there = activations[0, found.peak_positions[:, 0], np.arange(512)]
    assert (there < found.peaks[:, 0]).any()
    assert (there >= found.peaks[:, 0] * (1 - 2**-10)).all()
