"""A planted model, swept, with pools to explain from; also by a language model."""

from collections.abc import Iterator

import pytest

from analysis.assistants.patience import Patience
from analysis.worker.explaining import assisting
from app.store.requests import Sampling
from tests.worker.sweeping.conftest import SWEEP, Swept, copy_swept

POOLED = SWEEP.model_copy(
    update={"sampling": {"default": Sampling(top=4, bottom=3, per_interval=1, random=2, pool=16)}}
)


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Swept]:
    swept = copy_swept(tmp_path_factory.mktemp("explained"), POOLED, "pooled")
    yield swept
    swept.engine.dispose()


@pytest.fixture
def fresh(swept: Swept, monkeypatch: pytest.MonkeyPatch) -> Iterator[Swept]:
    """Nothing was answered before, and nobody waits long for an endpoint."""
    haste = Patience(tries=2, first_wait=0.01, longest_wait=0.05)
    monkeypatch.setattr(assisting, "PATIENCE", haste)
    (swept.settings.data / assisting.CACHE).unlink(missing_ok=True)
    yield swept
    (swept.settings.data / assisting.CACHE).unlink(missing_ok=True)
