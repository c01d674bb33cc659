"""Every table of the store; importing this package fills the metadata."""

from app.store.tables.account import (
    AccountTable,
    LinkTable,
    LoginTable,
    MembershipTable,
    TokenTable,
)
from app.store.tables.audit import AuditHeadTable, AuditTable
from app.store.tables.base import Base
from app.store.tables.bookmark import BookmarkTable
from app.store.tables.campaign import (
    AssignmentTable,
    CampaignItemTable,
    CampaignTable,
    GuidelineTable,
)
from app.store.tables.circuit import CircuitTable, CircuitUnitTable, ProofTable
from app.store.tables.comment import CommentTable
from app.store.tables.corpus import CorpusTable, DocumentTable, WindowSetTable, WindowTable
from app.store.tables.decision import DecisionTable
from app.store.tables.evidence import (
    CausalScoreTable,
    CausalSummaryTable,
    PredictionTable,
    SiteReplacementTable,
)
from app.store.tables.experiment import ExperimentTable
from app.store.tables.explanation import (
    ExplanationTable,
    ExplanationVectorTable,
    ImportedFileTable,
    ScoreSummaryTable,
    ScoreTable,
    TokenSpaceTable,
)
from app.store.tables.export import ExportTable
from app.store.tables.job import JobEventTable, JobTable, WorkerTable
from app.store.tables.judgement import JudgementTable
from app.store.tables.model import ModelTable, SiteTable, VocabularyTable
from app.store.tables.notice import NoticeTable
from app.store.tables.run import ArtifactTable, RunTable
from app.store.tables.task import TaskTable
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
from app.store.tables.unit_list import UnitListEntryTable, UnitListTable
from app.store.tables.vector import VectorTable
from app.store.tables.vote import VoteTable

__all__ = [
    "AccountTable",
    "ArtifactTable",
    "AssignmentTable",
    "AttentionPatternTable",
    "AuditHeadTable",
    "AuditTable",
    "Base",
    "BookmarkTable",
    "CampaignItemTable",
    "CampaignTable",
    "CausalScoreTable",
    "CausalSummaryTable",
    "CircuitTable",
    "CircuitUnitTable",
    "CommentTable",
    "CorpusTable",
    "DecisionTable",
    "DocumentTable",
    "ExemplarTable",
    "ExperimentTable",
    "ExplanationTable",
    "ExplanationVectorTable",
    "ExportTable",
    "GuidelineTable",
    "ImportedFileTable",
    "JobEventTable",
    "JobTable",
    "JudgementTable",
    "LinkTable",
    "LoginTable",
    "MembershipTable",
    "ModelTable",
    "NoticeTable",
    "OutputSideTable",
    "PredictionTable",
    "ProofTable",
    "RelatedUnitTable",
    "RunTable",
    "ScoreSummaryTable",
    "ScoreTable",
    "SiteReplacementTable",
    "SiteSummaryTable",
    "SiteTable",
    "TaskTable",
    "TokenSpaceTable",
    "TokenTable",
    "UnitHistogramTable",
    "UnitListEntryTable",
    "UnitListTable",
    "UnitStatisticsTable",
    "UnitTokensTable",
    "VectorTable",
    "VocabularyTable",
    "VoteTable",
    "WindowSetTable",
    "WindowTable",
    "WorkerTable",
]
