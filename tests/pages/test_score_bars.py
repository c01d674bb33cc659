"""Scores are drawn: value, interval, baselines and held-out domains, on one axis."""

import re
from itertools import pairwise

import pytest

from app.rendering import score
from app.rendering.score import dropped, score_value
from app.rendering.score_bar import axis_start, number, score_bar, tall_bar
from app.store.views.explanation import ClaimLine
from app.store.views.score import BaselinesView, HeadlineView, ScoreStatus


def headline(
    split: str = "test",
    r: float | None = 0.62,
    low: float | None = 0.55,
    high: float | None = 0.7,
    *,
    status: ScoreStatus = "ok",
    reason: str | None = None,
    lookup: float | None = 0.5,
    shuffled: float | None = 0.02,
) -> HeadlineView:
    return HeadlineView(
        split=split,
        judge="program",
        status=status,
        reason=reason,
        r=r,
        low=low,
        high=high,
        baselines=BaselinesView(mean=None, lookup=lookup, shuffled=shuffled, lookup_cut=0.4),
        n_windows=96,
        n_documents=12,
    )


BOTH = [headline(), headline("ood:code", 0.2, 0.1, 0.3)]


def places(drawing: str) -> dict[str, float]:
    """x of every mark, by class."""
    circles = re.findall(r'<circle class="(\w+)" cx="([\d.]+)"', drawing)
    ticks = re.findall(r'<path class="(tick-\w+)" d="M([\d.]+) ', drawing)
    return {name: float(x) for name, x in (*circles, *ticks)}


def test_value_domain_and_baselines_lie_where_their_numbers_say() -> None:
    at = places(score_bar(BOTH, 0.0))
    assert sorted(at, key=at.__getitem__) == [
        "tick-shuffled",
        "elsewhere",
        "tick-cut",
        "tick-lookup",
        "here",
    ]
    # 6 pixels of margin at both ends of 168
    assert at["here"] == pytest.approx(6 + 156 * 0.62, abs=0.06)
    assert at["elsewhere"] == pytest.approx(6 + 156 * 0.2, abs=0.06)


def test_baselines_of_domains_hang_below_the_axis() -> None:
    tick = re.compile(r'class="tick-lookup( of-domain)?" d="M[\d.]+ ([\d.]+)V([\d.]+)"')
    ticks = tick.findall(score_bar(BOTH))
    assert ticks == [("", "2", "9.5"), (" of-domain", "9.5", "16")]
    assert tick.findall(score_bar(BOTH[:1])) == [("", "2", "16")]


def test_the_whisker_is_the_interval() -> None:
    left, right = re.findall(r'class="whisker" d="M([\d.]+) [\d.]+H([\d.]+)"', score_bar(BOTH, 0))[
        0
    ]
    assert float(left) == pytest.approx(6 + 156 * 0.55, abs=0.06)
    assert float(right) == pytest.approx(6 + 156 * 0.7, abs=0.06)


def test_the_text_alternative_has_every_number() -> None:
    words = re.search(r'aria-label="([^"]*)"', score_bar(BOTH, 0.0))
    assert words is not None
    assert words[1] == (
        "r 0.62 on test, 95 % interval 0.55 to 0.70; token lookup 0.50; lookup of its length 0.40;"
        " shuffled 0.02; 0.20 on held-out domain: code, a drop of 0.42 (there token lookup 0.50,"
        " lookup of its length 0.40, shuffled 0.02)"
    )


def test_one_axis_serves_a_whole_table_and_begins_at_minus_one_where_it_must() -> None:
    def line(shuffled: float) -> ClaimLine:
        shown = [headline(shuffled=shuffled)]
        return ClaimLine(id=1, index=1, method="rules", text="", headlines=shown)

    assert axis_start([line(0.1), line(-0.04)]) == 0
    assert axis_start([line(0.1), line(-0.4)]) == -1
    assert axis_start([]) == 0


def test_what_is_no_number_is_a_word_and_no_drawing() -> None:
    nothing = [headline(r=None, low=None, high=None, status="undefined", reason="constant")]
    assert score_bar(nothing, 0.0) == ""
    assert tall_bar([]) == ""
    said = [
        score_value(nothing[0]),
        score_value(headline(r=None, status="failed", reason="no answer")),
        score_value(None),
        score_value(headline(r=0.0, low=None)),
    ]
    assert len({re.sub(r">.*", "", one) for one in said}) == 4
    assert [re.sub("<[^>]*>", "", one) for one in said] == [
        "undefined: constant",
        "failed: no answer",
        "not run",
        "0.00",
    ]


def test_zero_has_no_sign() -> None:
    assert number(-0.001) == "0.00"
    assert number(-0.006) == "\N{MINUS SIGN}0.01"


def test_a_large_drop_is_loud_and_a_small_one_is_not() -> None:
    test = headline()
    assert 'class="drop loud"' in dropped(test, headline("ood:code", 0.2))
    assert 'class="drop"' in dropped(test, headline("ood:code", 0.6))
    assert dropped(test, headline("ood:code", None)) == ""


def test_what_is_said_of_tests_counts_those_that_were_lost() -> None:
    assert "survived 2 of 2 tests" in score.tested(BOTH)
    lost = score.tested([headline(), headline("ood:code", 0.05, -0.1, 0.2)])
    assert "survived 1 of 2 tests, not code" in lost
    assert "refuted" in lost
    assert "not tested" in score.tested([])
    undecided = score.tested([headline(low=None, high=None), headline("ood:code")])
    assert "survived 1 of 2 tests; test undecided" in undecided
    assert "earned" not in undecided


def test_splits_that_something_was_fitted_on_are_no_tests() -> None:
    assert "survived 1 of 1 tests" in score.tested(
        [headline(), headline("calibration", 0.9, 0.8, 1.0)]
    )


def test_a_tall_bar_names_what_it_draws() -> None:
    drawing = tall_bar(BOTH)
    for words in ("test 0.62", "shuffled 0.02", "token lookup 0.50", "code 0.20"):
        assert words in drawing, words


def test_labels_of_the_tall_drawing_cover_no_other() -> None:
    near = headline("test", 0.31, lookup=0.3, shuffled=0.04)
    drawn = tall_bar([near, headline("ood:code", 0.2), headline("ood:speech", 0.25)])
    labels = re.findall(r'<text class="label (\w+)" x="([\d.]+)" y="(\d+)">([^<]*)<', drawn)
    named = {label.rpartition(" ")[0] for *_, label in labels}
    assert named >= {"test", "token lookup", "lookup of its length", "shuffled", "code"}
    rows: dict[str, list[tuple[float, float]]] = {}
    for anchor, x, y, label in labels:
        width = 6.02 * len(label)  # ten pixels of a monospaced face
        left = float(x) - {"start": 0, "middle": width / 2, "end": width}[anchor]
        assert left >= -1
        assert left + width <= 461
        rows.setdefault(y, []).append((left, left + width))
    for row in rows.values():
        ordered = sorted(row)
        for (_, right), (left, _) in pairwise(ordered):
            assert right < left
