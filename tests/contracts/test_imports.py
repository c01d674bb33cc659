"""Who may import whom (the contracts in pyproject.toml), and what is not loaded needlessly."""

import subprocess
import sys
import tomllib

import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

from tests.contracts.tree import CODE, ROOT, files, shown

HEAVY = {"torch", "transformers", "datasets", "numba"}
LOADED = (
    "import sys; {}; print(' '.join(sorted({{name.partition('.')[0] for name in sys.modules}})))"
)


def modules_after(statement: str) -> set[str]:
    """The top-level modules that a fresh interpreter has loaded after the statement."""
    command = [sys.executable, "-c", LOADED.format(statement)]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    return set(ran.stdout.splitlines()[-1].split())


def test_every_import_contract_is_kept() -> None:
    config = str(ROOT / "pyproject.toml")
    assert lint_imports(config_filename=config, no_cache=True) == EXIT_STATUS_SUCCESS


@pytest.mark.parametrize(
    ("package", "side"), {"analysis": "the analysis", "app": "the web side"}.items()
)
def test_every_room_of_a_side_is_in_its_layers(package: str, side: str) -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    layers = next(c["layers"] for c in config["contracts"] if c["name"] == f"Layers of {side}")
    named = {name.strip() for layer in layers for name in layer.split("|")}
    there = {
        f"{package}.{path.stem}"
        for path in (ROOT / package).iterdir()
        if (path.suffix == ".py" and not path.stem.startswith("__"))
        or (path / "__init__.py").exists()
    }
    assert named == there


def test_help_is_shown_without_loading_torch() -> None:
    ask = "from app.cli import build; build()(['--help'], standalone_mode=False)"
    assert not modules_after(ask) & HEAVY


@pytest.mark.parametrize("module", ["app.main", "app.store.migrating"])
def test_the_web_side_starts_without_torch(module: str) -> None:
    assert not modules_after(f"import {module}") & HEAVY


def test_the_store_is_opened_without_the_analysis() -> None:
    """The web side runs programs, scores and sentence embeddings; the store knows none of them."""
    names = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in sorted((ROOT / "app" / "store").rglob("*.py"))
        if path.stem != "__init__"
    ]
    assert "app.store.scored" in names
    assert "analysis" not in modules_after(f"import {', '.join(names)}")


def test_no_module_turns_annotations_into_strings() -> None:
    wrong = [
        shown(path)
        for path in files(*CODE, "tests", "migrations", suffix=".py")
        if "\nfrom __future__ import " in path.read_text()
    ]
    assert wrong == []
