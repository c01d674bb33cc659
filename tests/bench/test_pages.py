import json
import math
import tempfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.bench import pages
from app.cli import build

TINY = pages.Size(layers=2, neurons=60, heads=2, full=40, windows=48, vocabulary=0)
LARGER = pages.Size(layers=2, neurons=300, heads=2, full=40, windows=48, vocabulary=0)
FIGURES = [
    f"pages.{kind}.{measure}{percentile}_ms"
    for kind, percentiles in (
        ("neuron", ("p50", "p99")),
        ("units", ("p50", "p99")),
        ("units_scanned", ("p50",)),
        ("model", ("p50",)),
        ("api_unit", ("p50",)),
    )
    for percentile in percentiles
    for measure in ("", "cpu_")
]
GROWTH = [
    f"pages.{kind}.{cpu}growth"
    for kind in ("neuron", "units", "units_scanned")
    for cpu in ("", "cpu_")
]
NAMES = sorted([*FIGURES, *(f"{name}.1m" for name in FIGURES), *GROWTH])


@pytest.fixture(scope="module")
def temporary(tmp_path_factory: pytest.TempPathFactory):
    """Where temporary folders are made, instead of the system's place."""
    folder = tmp_path_factory.mktemp("temporary")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(folder))
        yield folder


@pytest.fixture(scope="module")
def measured(temporary: Path) -> list[pages.Measurement]:  # noqa: ARG001 - it is where
    return list(pages.measure(quick=True, sizes=(TINY, LARGER), requests=5))


def test_every_figure_is_measured_once_and_is_a_positive_number(
    measured: list[pages.Measurement],
):
    assert sorted(one.name for one in measured) == NAMES
    assert all(math.isfinite(one.value) and one.value > 0 for one in measured)


def test_a_small_store_in_the_place_of_a_million_neurons_is_called_so(
    measured: list[pages.Measurement],
):
    stand_ins = {one.name for one in measured if "standing in for a million" in one.what}
    assert stand_ins == {name for name in NAMES if name.endswith(".1m")}


def test_each_figure_says_whether_it_is_of_the_clock_or_of_cpu_time(
    measured: list[pages.Measurement],
):
    for one in measured:
        assert ("CPU time" if ".cpu_" in one.name else "server time") in one.what


def test_nothing_is_left_behind(measured: list[pages.Measurement], temporary: Path):
    assert measured
    assert list(temporary.iterdir()) == []


def test_the_command_prints_json_lines_and_nothing_else(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pages, "DEMO", TINY)
    monkeypatch.setattr(pages, "STAND_IN", LARGER)
    monkeypatch.setattr(pages, "QUICK_REQUESTS", 2)
    result = CliRunner().invoke(build(), ["bench", "pages", "--quick"])
    assert result.exit_code == 0, result.output
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert sorted(line["name"] for line in lines) == NAMES
    assert all(set(line) == {"name", "value", "unit", "what"} for line in lines)
    assert "filling a store" in result.stderr
