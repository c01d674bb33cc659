"""Scores are drawn: value, interval, baselines and held-out domains, on one axis."""

import re
from itertools import pairwise

import pytest

from app.rendering import score
from app.rendering.numbers import MINUS
from app.rendering.score import dropped, score_value
from app.rendering.score_bar import Bar, Elsewhere, axis_start, number, score_bar, small, tall_bar
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
    p: float | None = 0.001,
) -> HeadlineView:
    return HeadlineView(
        split=split,
        judge="program",
        status=status,
        reason=reason,
        r=r,
        low=low,
        high=high,
        p=p,
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
        return ClaimLine(id=1, index=1, method="rules", text="", headlines=shown, badges=[])

    assert axis_start([line(0.1), line(-0.04)]) == 0
    assert axis_start([line(0.1), line(-0.4)]) == -1
    assert axis_start([]) == 0


def r2(
    value: float, low: float = -0.9, shuffled: float = 0.0, elsewhere: float | None = None
) -> str:
    nothing = BaselinesView(mean=None, lookup=None, shuffled=None, lookup_cut=None)
    beside = nothing.model_copy(update={"shuffled": shuffled})
    domains = [] if elsewhere is None else [Elsewhere("ood:code", elsewhere, nothing)]
    return small(Bar("R²", "test", value, low, 0.9, beside, domains), -1.0)


def below(drawing: str) -> list[str]:
    """What is drawn as an arrow."""
    return re.findall(r'<path class="([\w-]+) below"', drawing)


def test_what_lies_below_the_axis_is_an_arrow_and_not_a_dot_at_its_edge() -> None:
    assert "here" in places(r2(-1.0))
    assert below(r2(-1.0)) == []
    far = r2(-4.0, elsewhere=-7.0, shuffled=-5.0)
    assert places(far) == {}
    assert below(far) == ["tick-shuffled", "elsewhere", "here"]
    assert r2(-4.0).partition(">")[2] != r2(-1.0).partition(">")[2]
    assert below(r2(-0.5, elsewhere=-7.0)) == ["elsewhere"]


def test_an_interval_that_goes_on_below_the_axis_has_an_arrow_head() -> None:
    whisker = re.compile(r'class="whisker" d="M[\d.]+ [\d.]+H[\d.]+(.*?)"')
    assert whisker.findall(r2(-0.5, low=-0.9)) == [""]
    assert whisker.findall(r2(-0.5, low=-3.0)) == ["M8 3.0L1.5 6.0L8 9.0"]


def test_who_listens_hears_what_has_no_place_on_the_axis() -> None:
    words = re.search(r'aria-label="([^"]*)"', r2(-4.0, shuffled=-5.0))
    assert words is not None
    assert words[1].replace(MINUS, "-") == (
        "R² -4.00 on test, 95 % interval -0.90 to 0.90; shuffled -5.00;"
        " below -1, where the axis begins, and drawn as an arrow: -4.00, -5.00"
    )
    assert "arrow" not in r2(-1.0)


def test_a_baseline_of_nearly_0_is_no_arrow_on_an_axis_that_begins_at_0() -> None:
    assert below(score_bar([headline(shuffled=-0.04)], 0.0)) == []
    assert below(score_bar([headline(shuffled=-0.4)], 0.0)) == ["tick-shuffled"]


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
    assert "survived 1 of 2 tests, not that on code" in lost
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


@pytest.mark.parametrize(
    ("low", "shuffled", "p"), [(-0.05, -0.12, None), (0.1, 0.2, 0.01), (0.3, 0.1, 0.06)]
)
def test_a_test_is_not_survived_by_chance(low: float, shuffled: float, p: float | None) -> None:
    """Nor where a foil happens to be worse than nothing, and 0 is in the interval."""
    one = headline(low=low, shuffled=shuffled, p=p)
    assert "survived 0 of 1 tests, not that on test" in score.tested([one])


def test_a_table_of_tokens_that_does_better_is_named_with_the_tests() -> None:
    """Better than another unit's explanation is little, where looking tokens up is better."""
    assert "does better" not in score.tested(BOTH)
    assert "earned" in score.tested(BOTH)
    better = score.tested([headline(lookup=0.66)])
    assert "survived 1 of 1 tests; the token lookup does better" in better
    assert "earned" not in better
    assert "; a lookup of its length does better" in score.tested([headline(r=0.39, low=0.3)])


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
