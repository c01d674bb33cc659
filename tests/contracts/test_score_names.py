from analysis.score import reasons as analysis_reasons
from analysis.score import records
from app.store import packing, reasons


def test_analysis_and_store_name_the_same_metrics_in_the_same_order():
    assert records.METRICS == packing.METRICS
    assert records.COLUMNS == packing.COLUMNS


def test_analysis_and_store_know_the_same_reasons_in_the_same_order():
    assert analysis_reasons.REASONS == reasons.REASONS
    assert len({*reasons.REASONS}) == len(reasons.REASONS)
