from typing import get_args

from analysis.score import badges, causal, records, rulewise, tails
from analysis.score import reasons as analysis_reasons
from app.store import packing, reasons
from app.store.queries import causal as causal_queries
from app.store.views import causal as causal_views
from app.store.views import program, score


def test_analysis_and_store_name_the_same_metrics_in_the_same_order():
    assert records.METRICS == packing.METRICS
    assert records.COLUMNS == packing.COLUMNS


def test_analysis_and_store_know_the_same_reasons_in_the_same_order():
    assert analysis_reasons.REASONS == reasons.REASONS
    assert len({*reasons.REASONS}) == len(reasons.REASONS)


def test_analysis_and_store_know_the_same_verdicts_and_tails():
    assert get_args(rulewise.Verdict) == get_args(program.Verdict)
    assert get_args(tails.Tail) == get_args(score.Tail) == packing.TAILS


def test_analysis_and_store_know_the_same_badges_standings_and_causal_scores():
    assert get_args(badges.Badge) == get_args(causal_views.Badge) == causal_views.BADGES
    assert get_args(badges.Standing) == get_args(causal_views.Standing)
    assert get_args(causal.Name) == get_args(causal_views.CausalName) == causal.CAUSAL_SCORES
    assert causal_queries.ORDER == causal.CAUSAL_SCORES
