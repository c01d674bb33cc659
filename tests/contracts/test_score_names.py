from analysis.score import records
from app.store import packing


def test_analysis_and_store_name_the_same_metrics_in_the_same_order():
    assert records.METRICS == packing.METRICS
    assert records.COLUMNS == packing.COLUMNS
