"""What a group of units responded to, for a language model to be asked about."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import Engine

from analysis.explain.language_model.evidence import UnitEvidence
from analysis.explain.texts import Texts
from analysis.score.division import FIT
from analysis.worker.explaining.sources import read_tops, read_units
from app.store.engine import open_session

if TYPE_CHECKING:
    from analysis.worker.explaining.work import Asked, Sources


def read_evidence(
    engine: Engine,
    asked: "Asked",
    site: str,
    group: Sequence[int],
    texts: Texts,
    sources: "Sources",
) -> list[UnitEvidence]:
    activations = texts.divided(read_units(sources.pools[site], group))
    with open_session(engine) as session:
        tops = read_tops(
            session,
            run_id=asked.sweep_id,
            site_id=asked.site_ids[site],
            units=group,
            splits=[FIT, *texts.tested],
            windows=sources.windows,
            first_of_group=sources.first_of_group,
        )
    return [
        UnitEvidence(
            texts,
            {split: there[at] for split, there in activations.items()},
            {split: there[at] for split, there in tops.items()},
            seed=(asked.seed, asked.site_ids[site], unit),
        )
        for at, unit in enumerate(group)
    ]
