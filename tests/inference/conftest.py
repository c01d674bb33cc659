from collections.abc import Iterator
from pathlib import Path

import pytest

from analysis.protocol.model import ModelSpec
from tests.inference.operating import Bench
from tests.inference.serving import Running, options_of, served, tiny


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> ModelSpec:
    return tiny(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service with all that it can compute, for tests that leave it as it was."""
    with served(options_of(tmp_path_factory.mktemp("cache"))) as found:
        yield found


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.gate.set()


@pytest.fixture
def working(bench: Bench, tmp_path: Path) -> Iterator[Running]:
    """A service that computes what the bench says."""
    with served(options_of(tmp_path), bench.operations()) as found:
        yield found
        bench.gate.set()
