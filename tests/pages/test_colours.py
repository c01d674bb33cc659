"""The colours of activations: the law, their contrast, and the committed style sheet."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.assets import asset
from app.rendering import colours

LEVELS = [step for k in range(1, 21) for step in (k, -k)]


@pytest.mark.parametrize("theme", colours.THEMES)
@pytest.mark.parametrize("step", LEVELS)
def test_text_on_every_colour_reads_at_four_and_a_half_to_one(theme: str, step: int) -> None:
    ratio = colours.contrast(colours.foreground(theme, step), colours.background(theme, step))
    assert ratio >= 4.5


def test_the_opacity_law_is_the_documented_one() -> None:
    assert colours.opacity(0.0, 8.0) == pytest.approx(0.05)
    assert colours.opacity(8.0, 8.0) == pytest.approx(1.0)
    assert colours.opacity(-2.0, 8.0) == pytest.approx(0.05 + 0.95 * 0.511883361)
    assert colours.opacity(99.0, 8.0) == pytest.approx(1.0)


def test_levels_have_the_sign_of_the_value_and_zero_has_none() -> None:
    assert colours.level(8.0, 8.0) == 20
    assert colours.level(-8.0, 8.0) == -20
    assert colours.level(0.0, 8.0) == 0
    assert colours.level(1e-9, 8.0) == 1


@given(st.floats(0, 100), st.floats(0, 100))
def test_more_activation_is_never_paler(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert colours.level(low, 100) <= colours.level(high, 100)


def test_contrast_of_black_on_white_is_twenty_one() -> None:
    assert colours.contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)


def test_the_committed_style_sheet_is_what_the_code_makes() -> None:
    assert asset("static/css/activation.css").read_text() == colours.style_sheet()


def test_the_style_sheet_has_forty_classes_with_readable_text_in_both_themes() -> None:
    sheet = asset("static/css/activation.css").read_text()
    rules = re.findall(r"\.(t-[pn]\d+)\{background-color:([^;]+);color:([^}]+)\}", sheet)
    assert len(rules) == 40
    for name, back, text in rules:
        for under, over in zip(hexes(back), hexes(text), strict=True):
            assert colours.contrast(under, over) >= 4.5, name


def hexes(value: str) -> list[colours.Colour]:
    found = re.findall(r"#(..)(..)(..)", value)
    both = [(int(r, 16), int(g, 16), int(b, 16)) for r, g, b in found]
    return both if len(both) == 2 else both * 2


def test_shares_of_the_map_rise_on_a_log_scale() -> None:
    assert colours.share_step(1.0) == 12
    assert colours.share_step(0.0001) == 1
    assert colours.share_step(0.01) < colours.share_step(0.1) < colours.share_step(0.9)
