"""Every table of the store; importing this package fills the metadata."""

from app.store.tables.base import Base
from app.store.tables.corpus import CorpusTable, DocumentTable, WindowSetTable, WindowTable
from app.store.tables.job import JobEventTable, JobTable, WorkerTable
from app.store.tables.model import ModelTable, SiteTable, VocabularyTable
from app.store.tables.run import ArtifactTable, RunTable
from app.store.tables.unit import (
    AttentionPatternTable,
    ExemplarTable,
    OutputSideTable,
    RelatedUnitTable,
    SiteSummaryTable,
    UnitHistogramTable,
    UnitStatisticsTable,
)

__all__ = [
    "ArtifactTable",
    "AttentionPatternTable",
    "Base",
    "CorpusTable",
    "DocumentTable",
    "ExemplarTable",
    "JobEventTable",
    "JobTable",
    "ModelTable",
    "OutputSideTable",
    "RelatedUnitTable",
    "RunTable",
    "SiteSummaryTable",
    "SiteTable",
    "UnitHistogramTable",
    "UnitStatisticsTable",
    "VocabularyTable",
    "WindowSetTable",
    "WindowTable",
    "WorkerTable",
]
