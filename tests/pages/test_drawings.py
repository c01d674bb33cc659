"""The small drawings: where values are placed, and what they say to those who do not see them."""

import re
from xml.etree import ElementTree

import pytest

from app.rendering.addresses import ModelPages
from app.rendering.glossary import GLOSSARY
from app.rendering.histogram import histogram
from app.rendering.marks import bin_place, distribution, percentile, place, rank
from app.rendering.network import network
from app.store.views.model import SummaryView
from app.store.views.unit import HistogramView, StatisticsView


def summary(layer: int = 0, counts: tuple[int, ...] = (0, 4, 8, 1), **more: object) -> SummaryView:
    fields: dict[str, object] = {
        "site": f"mlp.{layer}", "kind": "mlp", "layer": layer, "statistic": "density",
        "split": "fit", "n_units": 13, "n_undefined": 0, "n_dead": 0, "n_flagged": 0,
        "edges": [0.0, 0.25, 0.5, 0.75, 1.0], "counts": list(counts),
        "quantiles": [k / 100 for k in range(101)],
    }  # fmt: skip
    return SummaryView.model_validate(fields | more)


def numbers(split: str = "fit", counts: tuple[int, ...] = (0, 100, 10, 1)) -> StatisticsView:
    return StatisticsView(
        model="m", site="mlp.0", index=1, split=split, run_id=1, n_positions=111, n_nonfinite=0,
        mean=0.0, variance=1.0, skewness=0.0, kurtosis=3.0, minimum=-1.0, maximum=5.0,
        density=0.5, above=0.1, dead=False, flagged=False, n_windows=4, threshold=1.0,
        histogram=HistogramView(
            edges=[-10.0, -1.0, 0.0, 1.0, 10.0], counts=list(counts), fraction=0.125
        ),
    )  # fmt: skip


def parse(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)  # noqa: S314 - our own markup


def test_a_value_is_placed_within_its_bin() -> None:
    edges = [0.0, 1.0, 3.0]
    assert bin_place(edges, 0.5) == pytest.approx(0.5)
    assert bin_place(edges, 2.0) == pytest.approx(1.5)
    assert bin_place(edges, -9) == 0
    assert bin_place(edges, 99) == 2


def test_percentiles_take_the_middle_of_ties() -> None:
    quantiles = [0.0] * 50 + [1.0] * 51
    assert percentile(quantiles, -1.0) <= 0
    assert percentile(quantiles, 0.0) == 24
    assert percentile(quantiles, 0.5) == 49
    assert rank(summary(), 0.9) == 90
    assert rank(summary(), None) is None
    assert rank(None, 0.9) is None


def test_percentiles_between_quantiles_are_rounded_down_and_only_the_maximum_is_100() -> None:
    quantiles = [float(k) for k in range(101)]
    assert [percentile(quantiles, k + 0.5) for k in range(100)] == list(range(100))
    assert [percentile(quantiles, float(k)) for k in range(101)] == list(range(101))
    assert rank(summary(), 0.999) == 99
    assert [rank(summary(), value) for value in (-1.0, 1.0, 2.0)] == [0, 100, 100]


def test_the_glossary_says_that_related_units_may_be_opposites() -> None:
    assert "largest magnitude" in GLOSSARY["related by output"]
    assert "heads" in GLOSSARY["related by activity"]
    assert "magnitude" in GLOSSARY["related by activity"]


def test_the_tick_of_a_distribution_moves_with_the_value() -> None:
    def tick(value: float) -> float:
        found = re.search(r'class="tick" d="M([\d.]+)', distribution(summary(), value))
        assert found is not None
        return float(found[1])

    assert tick(0.3) < tick(0.5) < tick(0.7)
    assert "tick" not in distribution(summary(), None)
    assert "no distribution" in distribution(None, 1.0)


def test_a_place_lies_at_its_percentile() -> None:
    assert 'd="M38.8 1V8"' in place(rank(summary(), 0.9))
    assert place(None) == ""


def test_a_histogram_says_in_words_what_it_draws() -> None:
    svg = parse(histogram([numbers(), numbers("test", (1, 50, 9, 0))], "fit"))
    assert svg.attrib["role"] == "img"
    assert "111 positions, 12.5" in svg.attrib["aria-label"]
    assert "most often between −1.00 and 0" in svg.attrib["aria-label"]
    classes = [child.attrib.get("class") for child in svg.iter()]
    assert "outline split-test" in classes
    assert "threshold" in classes


def test_a_histogram_of_nothing_says_so() -> None:
    assert "No activation was binned" in histogram([numbers(counts=(0, 0, 0, 0))], "fit")
    assert "No activation was binned" in histogram([], "fit")


def test_every_full_cell_of_the_map_is_a_link_with_words() -> None:
    svg = network([summary(0), summary(1, (3, 0, 0, 0))], ModelPages("m"), "neurons")
    words = re.findall(r'aria-label="(mlp[^"]+)" data-cell>', svg)
    assert len(words) == 4
    assert words[0] == "mlp.1: 3 neurons (100\u202f%) with density 0 to 0.250"


def test_the_map_has_the_first_layer_at_the_bottom() -> None:
    svg = network([summary(0), summary(1)], ModelPages("m"), "neurons")
    assert svg.index("Site mlp.1") < svg.index("Site mlp.0")


def test_a_cell_links_to_its_bin_and_quotes_the_model() -> None:
    svg = network([summary(0)], ModelPages("a&b/c"), "neurons")
    assert "/m/a%26b%2Fc/mlp.0" in svg
    assert "density_min=0.25&amp;density_max=0.5" in svg
    assert "8 neurons (61.5" in svg


def test_the_outer_cells_of_the_map_are_open_because_they_hold_what_lies_beyond() -> None:
    fields = {"statistic": "kurtosis", "edges": [1.0, 2.0, 3.0, 4.0, 5.0]}
    svg = network([summary(0, (1, 2, 3, 4), **fields)], ModelPages("m"), "neurons")
    cells = re.findall(r'mlp.0([^"]*)" tabindex="-1" aria-label="[^"]*with ([^"]*)" data-cell', svg)
    assert cells == [
        ("?kurtosis_max=2", "kurtosis below 2.00"),
        ("?kurtosis_min=2&amp;kurtosis_max=3", "kurtosis 2.00 to 3.00"),
        ("?kurtosis_min=3&amp;kurtosis_max=4", "kurtosis 3.00 to 4.00"),
        ("?kurtosis_min=4", "kurtosis 4.00 or more"),
    ]


def test_an_empty_map_says_so() -> None:
    assert "Nothing to map yet" in network([], ModelPages("m"))
    assert "Nothing to map yet" in network([summary(0, (0, 0, 0, 0))], ModelPages("m"))
