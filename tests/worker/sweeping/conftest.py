"""A planted model swept over made-up documents: every activation of it is known."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Engine, select, update

from analysis.worker.inline import run_inline
from analysis.worker.registering import add_corpus, add_model
from analysis.worker.sweeping.job import KIND
from app.settings import Settings
from app.store.engine import open_engine, open_session
from app.store.packing import unpack
from app.store.requests import Sampling, SweepRequest
from app.store.tables import ModelTable, RunTable, WindowTable
from tests.analysis.models.planted import Planted, make_planted, planted_documents
from tests.kept import copy_of, migrate

SAMPLING = {
    "default": Sampling(top=4, bottom=3, per_interval=1, random=2, pool=12),
    "ood": Sampling(top=2, bottom=2, per_interval=0, random=0, pool=3),
}
SWEEP = SweepRequest(
    model="planted",
    corpus="made",
    window_length=32,
    sampling=SAMPLING,
    histogram_every=1,
    windows_per_shard=40,
    batch_size=8,
    dtype="float32",
    device="cpu",
    follow_up=False,
)


@dataclass(frozen=True)
class Swept:
    engine: Engine
    settings: Settings
    planted: Planted
    run_id: int

    def windows(self, split: str) -> dict[int, list[int]]:
        """Window number to token ids."""
        query = select(WindowTable.number, WindowTable.tokens).where(WindowTable.split == split)
        with open_session(self.engine) as session:
            rows = session.execute(query).all()
        return {number: unpack(tokens, np.uint32).tolist() for number, tokens in rows}


def write_documents(folder: Path, n: int = 60) -> Path:
    """Text files: half of them in the domain `other`."""
    for domain, seed in (("plain", 0), ("other", 1)):
        (folder / domain).mkdir(parents=True)
        for number, text in enumerate(planted_documents(n // 2, seed=seed)):
            (folder / domain / f"{number}.txt").write_text(text)
    return folder


def add_planted(engine: Engine, settings: Settings, folder: Path, n: int = 60) -> Planted:
    planted = make_planted(folder / "model")
    add_model(engine, settings, source=str(planted.folder), name="planted")
    documents = write_documents(folder / "documents", n)
    add_corpus(engine, settings, source=str(documents), name="made", held_out=["other"])
    return planted


def copy_swept(
    folder: Path, sweep: SweepRequest = SWEEP, name: str = "swept", *, device: str = "auto"
) -> Swept:
    """The planted model, swept as asked for; in `folder`, with the data in `data`."""
    copy_of(name, partial(_sweep, sweep), folder)
    return reopen(folder, device=device)


def reopen(folder: Path, *, device: str = "auto") -> Swept:
    """A copy, whose model is the one that was copied with it."""
    settings = Settings(data=folder / "data", database_url=None, device=device)
    engine = open_engine(settings)
    planted = make_planted(folder / "model")
    with open_session(engine, commit=True) as session:
        session.execute(update(ModelTable).values(source=str(planted.folder)))
        run_id = session.scalars(select(RunTable.id).where(RunTable.kind == "sweep")).one()
    return Swept(engine, settings, planted, run_id)


def _sweep(sweep: SweepRequest, folder: Path) -> None:
    settings = Settings(data=folder / "data", database_url=None)
    engine = open_engine(settings)
    migrate(engine)
    add_planted(engine, settings, folder)
    run_inline(engine, settings, KIND, sweep)
    engine.dispose()


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Swept]:
    swept = copy_swept(tmp_path_factory.mktemp("swept"))
    yield swept
    swept.engine.dispose()
