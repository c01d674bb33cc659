"""A planted model, swept, with output sides, and explained: to be held to account."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select

from analysis.worker import output
from analysis.worker.evidencing import job
from analysis.worker.explaining import job as explaining
from analysis.worker.inline import run_inline
from app.store.engine import open_session
from app.store.requests import EvidenceRequest, ExplainRequest, OutputRequest
from app.store.tables import CausalScoreTable, ExplanationTable, RunTable, SiteTable
from tests.kept import copy_of
from tests.worker.explaining.conftest import POOLED
from tests.worker.sweeping.conftest import Swept, copy_swept, reopen

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
    copy_of("explained", _explain, folder)
    swept = reopen(folder, device="cpu")
    with open_session(swept.engine) as session:
        run_id = session.scalars(select(RunTable.id).where(RunTable.kind == "explain")).one()
    yield Explained(swept, run_id)
    swept.engine.dispose()


def _explain(folder: Path) -> None:
    swept = copy_swept(folder, POOLED, "pooled", device="cpu")
    for kind, asked in ((output.KIND, OutputRequest), (explaining.KIND, ExplainRequest)):
        request = asked(model="planted", run_id=swept.run_id)
        run_inline(swept.engine, swept.settings, kind, request)
    swept.engine.dispose()
