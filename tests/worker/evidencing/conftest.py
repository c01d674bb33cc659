"""A planted model, swept, with output sides, and explained: to be held to account."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from sqlalchemy import select

from analysis.worker import output
from analysis.worker.evidencing import job
from analysis.worker.explaining import job as explaining
from analysis.worker.inline import run_inline
from analysis.worker.sweeping.job import KIND
from app.settings import Settings
from app.store.engine import open_engine, open_session
from app.store.migrating import upgrade
from app.store.requests import EvidenceRequest, ExplainRequest, OutputRequest
from app.store.tables import CausalScoreTable, ExplanationTable, SiteTable
from tests.worker.explaining.conftest import POOLED
from tests.worker.sweeping.conftest import Swept, add_planted

ASKED = {"units_per_site": 10, "windows": 10, "control_windows": 8, "positions": 24, "k": 2.0}


@dataclass(frozen=True)
class Explained:
    swept: Swept
    explain_run: int

    @property
    def engine(self):
        return self.swept.engine

    def request(self, **changes: object) -> EvidenceRequest:
        return EvidenceRequest(model="planted", run_id=self.swept.run_id, **{**ASKED, **changes})

    def run(self, **changes: object) -> dict:
        return run_inline(self.engine, self.swept.settings, job.KIND, self.request(**changes))

    def scores(self, **columns: object) -> list[CausalScoreTable]:
        with open_session(self.engine) as session:
            query = select(CausalScoreTable).filter_by(**columns).order_by(CausalScoreTable.id)
            return list(session.scalars(query))

    def explanations(self, *, site: str, method: str = "rules") -> dict[int, ExplanationTable]:
        table = ExplanationTable
        query = (
            select(table)
            .join(SiteTable, SiteTable.id == table.site_id)
            .where(SiteTable.name == site, table.method == method, table.run_id == self.explain_run)
        )
        with open_session(self.engine) as session:
            return {row.unit_index: row for row in session.scalars(query)}


@pytest.fixture(scope="module")
def explained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Explained]:
    folder = tmp_path_factory.mktemp("evidence")
    settings = Settings(data=folder / "data", database_url=None, device="cpu")
    engine = open_engine(settings)
    upgrade(engine)
    planted = add_planted(engine, settings, folder)
    sweep = run_inline(engine, settings, KIND, POOLED)["run_id"]
    run_inline(engine, settings, output.KIND, OutputRequest(model="planted", run_id=sweep))
    asked = ExplainRequest(model="planted", run_id=sweep)
    found = run_inline(engine, settings, explaining.KIND, asked)
    yield Explained(Swept(engine, settings, planted, sweep), found["run_id"])
    engine.dispose()
