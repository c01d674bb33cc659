"""Every table of the store; importing this package fills the metadata."""

from app.store.tables.base import Base
from app.store.tables.corpus import CorpusTable, DocumentTable, WindowSetTable, WindowTable
from app.store.tables.explanation import (
    ExplanationTable,
    ExplanationVectorTable,
    ImportedFileTable,
    ScoreSummaryTable,
    ScoreTable,
    TokenSpaceTable,
)
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
    UnitTokensTable,
)

__all__ = [
    "ArtifactTable",
    "AttentionPatternTable",
    "Base",
    "CorpusTable",
    "DocumentTable",
    "ExemplarTable",
    "ExplanationTable",
    "ExplanationVectorTable",
    "ImportedFileTable",
    "JobEventTable",
    "JobTable",
    "ModelTable",
    "OutputSideTable",
    "RelatedUnitTable",
    "RunTable",
    "ScoreSummaryTable",
    "ScoreTable",
    "SiteSummaryTable",
    "SiteTable",
    "TokenSpaceTable",
    "UnitHistogramTable",
    "UnitStatisticsTable",
    "UnitTokensTable",
    "VocabularyTable",
    "WindowSetTable",
    "WindowTable",
    "WorkerTable",
]
