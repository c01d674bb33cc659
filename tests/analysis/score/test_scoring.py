import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.score.auroc import auroc, score_auroc
from analysis.score.baselines import Baselines
from analysis.score.pools import PoolText, prepare_pool
from analysis.score.reasons import BOUNDARY, FEW_OF_A_KIND, REASONS
from analysis.score.records import COLUMNS, METRICS, Cases, Measured
from analysis.score.scoring import Failure, fit_decisions, score_block, score_explanation
from analysis.score.tails import Firing, find_firing
from analysis.score.units import Prediction, take_target
from tests.analysis.score.pools import pool_of

NO_BASELINES = Baselines(mean=None)
FIRING = Firing(2.0)


def _noisy(n_windows=24, n_pos=16, seed=0):
    rng = np.random.default_rng(seed)
    actual = rng.exponential(size=(n_windows, n_pos))
    return actual, actual + rng.normal(size=actual.shape)


def _scored(actual, predicted, *, pool=None, baselines=NO_BASELINES, firing=FIRING):
    pool = pool or pool_of(*actual.shape, counted_from=1, replicates=200)
    decisions = fit_decisions(actual, predicted, pool=pool, firing=firing)
    prediction = Prediction(predicted, decisions)
    return score_explanation(actual, prediction, baselines=baselines, pool=pool, firing=firing)


def test_a_good_prediction_is_scored_in_full_but_for_the_top_windows():
    actual, predicted = _noisy()
    scores = _scored(actual, predicted, firing=Firing(3.0))
    assert (scores.status, scores.reason) == ("scored", None)
    assert (scores.n_windows, scores.n_documents, scores.n_positions) == (24, 24, 24 * 15)
    true = np.corrcoef(actual[:, 1:].ravel(), predicted[:, 1:].ravel())[0, 1]
    assert scores.r == pytest.approx(true)
    for metric in scores.metrics:
        if metric.name == "top_random_r":
            assert metric.score.value is None
            continue
        if metric.reason == BOUNDARY:
            assert metric.score.value == 1
            continue
        assert metric.score.low <= metric.score.value <= metric.score.high
        assert metric.reason is None


def test_the_numbers_stand_in_the_order_of_metrics_and_columns():
    actual, predicted = _noisy()
    other = Prediction(np.random.default_rng(1).normal(size=actual.shape))
    scores = _scored(actual, predicted, baselines=Baselines(1.0, other, other))
    values = scores.values()
    assert values.dtype == np.float32
    assert values.shape == (len(METRICS), len(COLUMNS))
    assert tuple(metric.name for metric in scores.metrics) == METRICS
    r, top, auroc = (METRICS.index(name) for name in ("corpus_r", "top_random_r", "auroc"))
    assert values[r, 0] == np.float32(scores.r)
    assert np.isnan(values[top]).all()
    assert values[auroc, 3] == 0.5
    assert values[r, 4] == values[r, 5] != values[r, 0]


def test_position_0_and_what_lies_behind_a_window_are_not_looked_at():
    actual, predicted = _noisy()
    pool = pool_of(24, 16, lengths=[16] * 20 + [9] * 4, counted_from=1, replicates=50)
    scores = _scored(actual, predicted, pool=pool)
    changed, guess = actual.copy(), predicted.copy()
    changed[:, 0], guess[:, 0] = 1e4, np.nan
    changed[20:, 9:], guess[20:, 9:] = np.nan, np.inf
    assert _scored(changed, guess, pool=pool) == scores
    assert scores.n_left_out == 0


def test_nan_activations_are_left_out_and_counted():
    actual, predicted = _noisy()
    broken = actual.copy()
    broken[3, 4:8] = [np.nan, np.inf, -np.inf, np.nan]
    scores = _scored(broken, predicted)
    finite = np.isfinite(broken[:, 1:])
    true = np.corrcoef(actual[:, 1:][finite], predicted[:, 1:][finite])[0, 1]
    assert scores.r == pytest.approx(true)
    assert scores.n_left_out == 4
    assert scores.n_positions == 24 * 15 - 4


def test_the_baselines_mean_and_shuffled():
    actual, predicted = _noisy()
    shuffled = Prediction(np.random.default_rng(5).permutation(predicted.ravel()).reshape(24, 16))
    mean = actual[:, 1:].mean()
    scores = _scored(actual, predicted, baselines=Baselines(float(mean), None, shuffled))
    assert scores.of("corpus_r").mean is None
    assert scores.of("r2_centred").mean == pytest.approx(0, abs=1e-9)
    expected = 1 - np.abs(actual[:, 1:] - mean).mean() / actual[:, 1:].mean()
    assert scores.of("deviation").mean == pytest.approx(expected)
    assert [scores.of(name).mean for name in ("detection", "fuzzing", "auroc")] == [0.5] * 3
    assert scores.of("detection_recall").mean == 0
    assert scores.of("detection_precision").mean is None
    assert abs(scores.of("corpus_r").shuffled) < 0.2
    assert scores.of("corpus_r").lookup is None
    assert scores.p is None, "one other explanation tells no chance"


def test_a_unit_that_never_fires_is_undefined_not_0():
    scores = _scored(np.zeros((24, 16)), _noisy()[1], firing=Firing(0.0))
    assert scores.status == "undefined"
    assert scores.reason == "every activation is the same"
    assert all(metric.score.value is None for metric in scores.metrics)
    assert all(metric.reason for metric in scores.metrics)
    assert scores.p is None


def test_a_constant_unit_keeps_what_is_defined():
    scores = _scored(np.full((24, 16), 0.1), _noisy()[1], firing=Firing(0.1))
    assert scores.status == "undefined"
    assert scores.of("r2_uncentred").score.value is not None
    assert scores.of("r2_centred").score.value is None


def test_a_unit_that_fires_everywhere_has_an_r_but_no_judgements():
    actual, predicted = _noisy()
    scores = _scored(actual, predicted, firing=Firing(-1.0))
    assert scores.status == "scored"
    assert scores.of("auroc").reason == "every token fires"
    for name in ("detection", "fuzzing", "auroc"):
        assert scores.of(name).score.value is None


def test_a_program_that_never_varies_is_undefined_not_0():
    actual, _ = _noisy()
    scores = _scored(actual, np.full((24, 16), 0.7))
    assert (scores.status, scores.r) == ("undefined", None)
    assert scores.reason == "every prediction is the same"
    assert scores.of("auroc").score.value == 0.5


def test_unknown_firing_leaves_the_judgements_undefined():
    actual, predicted = _noisy()
    scores = _scored(actual, predicted, firing=None)
    assert scores.status == "scored"
    assert scores.of("auroc").score.value is None
    assert scores.of("detection").score.value is None


@pytest.mark.parametrize("n_documents", [1, 2, 5])
def test_few_documents_give_values_without_intervals(n_documents):
    actual, predicted = _noisy()
    pool = pool_of(24, 16, documents=np.arange(24) % n_documents, counted_from=1)
    shuffled = Prediction(predicted[::-1])
    scores = _scored(actual, predicted, pool=pool, baselines=Baselines(None, None, shuffled))
    metric = scores.of("corpus_r")
    assert scores.status == "scored"
    assert (metric.score.low, metric.score.high) == (None, None)
    assert metric.reason == "no interval: fewer than 6 documents"


def test_an_interval_that_hangs_on_one_document_is_not_given():
    actual = np.zeros((12, 8))
    actual[3, 4] = 5
    predicted = np.random.default_rng(0).normal(size=actual.shape)
    scores = _scored(actual, predicted, firing=Firing(1.0))
    metric = scores.of("auroc")
    assert metric.score.value is not None
    assert metric.score.low is None
    assert "of the resamples" in metric.reason


@pytest.mark.parametrize("shape", [(0, 16), (3, 0), (3, 1)])
def test_an_empty_pool_is_undefined(shape):
    nothing = np.zeros(shape)
    scores = _scored(nothing, nothing)
    assert (scores.status, scores.n_positions) == ("undefined", 0)
    assert scores.reason == "the pool has no counted token"
    assert np.isnan(scores.values()).all()


def test_a_failure_is_counted_as_one():
    actual, _ = _noisy()
    pool = pool_of(24, 16)
    failure = Failure("the program does not parse")
    scores = score_explanation(
        actual, failure, baselines=NO_BASELINES, pool=pool, firing=Firing(2.0)
    )
    assert (scores.status, scores.reason) == ("failed", "the program does not parse")
    assert np.isnan(scores.values()).all()


def test_a_prediction_that_is_no_number_is_a_failure():
    actual, predicted = _noisy()
    predicted[2, 5] = np.nan
    scores = _scored(actual, predicted)
    assert scores.status == "failed"
    assert scores.reason == "the prediction is not a finite number at 1 tokens"


def test_a_prediction_for_another_pool_is_refused():
    actual, predicted = _noisy()
    with pytest.raises(ValueError, match="predict for this pool"):
        score_explanation(
            actual, Prediction(predicted[:5]), baselines=NO_BASELINES, pool=pool_of(24, 16),
            firing=Firing(1.0),
        )  # fmt: skip


def test_a_block_gives_what_each_unit_gives_alone():
    cases = [_noisy(seed=seed) for seed in range(3)]
    pool = pool_of(24, 16, counted_from=1, replicates=50)
    actual = np.stack([a for a, _ in cases])
    firing = find_firing(actual, pool.within)
    beside = [Baselines(1.0, None, Prediction(cases[unit - 1][1])) for unit in range(3)]
    predictions = [Prediction(p) for _, p in cases]
    block = score_block(actual, predictions, baselines=beside, pool=pool, firing=firing)
    for unit, scores in enumerate(block):
        alone = score_explanation(
            actual[unit], predictions[unit], baselines=beside[unit], pool=pool,
            firing=firing[unit],
        )  # fmt: skip
        assert scores == alone


@given(st.permutations(range(12)), st.integers(0, 3))
def test_the_order_of_windows_and_documents_changes_nothing(order, seed):
    order = np.array(order)
    actual, predicted = _noisy(12, 10)
    documents = np.array([5, 5, 3, 8, 8, 8, 1, 2, 9, 9, 4, 6])

    def scored(rows):
        text = PoolText(np.full(12, 10), documents[rows], rows + 40)
        pool = prepare_pool(text, n_pos=10, seed=seed, replicates=40)
        return _scored(actual[rows], predicted[rows], pool=pool).values()

    np.testing.assert_allclose(scored(order), scored(np.arange(12)), rtol=1e-5, atol=1e-6)


def test_the_intervals_of_r_and_auroc_hold_the_truth_nearly_as_often_as_they_say():
    rng = np.random.default_rng(0)

    def invented(n_windows, n_documents):
        documents = np.arange(n_windows) % n_documents
        offsets = 0.3 * rng.normal(size=n_documents)[documents]
        actual = rng.exponential(size=(n_windows, 32)) + offsets[:, None]
        return documents, actual, actual + rng.normal(size=actual.shape)

    _, actual, predicted = invented(20_000, 20_000)
    fires = actual > 3
    truth = {
        "corpus_r": np.corrcoef(actual.ravel(), predicted.ravel())[0, 1],
        "auroc": auroc(predicted[fires], predicted[~fires]),
    }
    held = dict.fromkeys(truth, 0)
    for seed in range(150):
        documents, actual, predicted = invented(60, 30)
        pool = pool_of(60, 32, documents=documents, seed=seed, replicates=300)
        scores = score_explanation(
            actual, Prediction(predicted), baselines=NO_BASELINES, pool=pool, firing=Firing(3.0)
        )
        for name, true in truth.items():
            found = scores.of(name).score
            held[name] += found.low <= true <= found.high
    assert all(0.87 <= n / 150 <= 0.99 for n in held.values())


def test_resamples_that_all_agree_are_no_interval():
    actual, _ = _noisy()
    metric = _scored(actual, actual).of("auroc")
    assert metric.score == Measured(1.0)
    assert metric.reason == BOUNDARY


def test_detection_fuzzing_and_auroc_say_on_how_many_cases_they_stand():
    actual, predicted = _noisy()
    scores = _scored(actual, predicted)
    fires = actual[:, 1:] > 2.0
    assert scores.of("auroc").cases == Cases(int(fires.sum()), fires.size, "upper")
    assert scores.of("detection").cases == Cases(int(fires.any(1).sum()), 24, "upper")
    assert scores.of("detection_recall").cases == scores.of("detection").cases
    marked = int((fires.any(1) & (2 * fires.sum(1) <= 15)).sum())
    assert scores.of("fuzzing").cases == Cases(marked, 2 * marked, "upper")
    assert scores.of("corpus_r").cases is None


def test_the_lookup_cut_to_the_length_of_the_program_is_scored_like_the_others():
    actual, predicted = _noisy()
    cut = Prediction(np.random.default_rng(1).normal(size=actual.shape))
    alone = _scored(actual, cut.values)
    beside = _scored(actual, predicted, baselines=Baselines(None, lookup_cut=cut))
    for metric in ("corpus_r", "r2_centred", "auroc"):
        assert beside.of(metric).lookup_cut == alone.of(metric).score.value
    assert beside.values()[0, COLUMNS.index("lookup_cut")] == np.float32(alone.r)


def test_a_prediction_that_is_the_cut_lookup_is_beside_itself():
    actual, predicted = _noisy()
    ours = Prediction(predicted)
    scores = score_explanation(
        actual,
        ours,
        baselines=Baselines(None, lookup_cut=ours),
        pool=pool_of(24, 16, counted_from=1),
        firing=Firing(2.0),
    )
    assert scores.of("corpus_r").lookup_cut == scores.r


def test_every_reason_of_a_metric_is_one_that_the_store_knows():
    actual, predicted = _noisy()
    flat = np.zeros_like(actual)
    found = [
        _scored(actual, predicted, firing=None),
        _scored(actual, flat),
        _scored(flat, predicted),
        _scored(actual, predicted, firing=Firing(1e9)),
        _scored(actual, predicted, firing=Firing(-1e9)),
        _scored(actual, predicted, pool=pool_of(24, 16, documents=np.zeros(24, int))),
    ]
    reasons = {metric.reason for scores in found for metric in scores.metrics} - {None}
    assert reasons <= set(REASONS)
    assert len(reasons) >= 6


def test_two_documents_that_fire_among_ten_give_no_interval():
    """That is in few enough of the resamples for one, but tells of two documents only."""
    actual, predicted = _noisy(n_windows=50)
    documents = np.arange(50) % 10
    actual[documents >= 2] = 0.0
    pool = pool_of(50, 16, documents=documents, counted_from=1)
    scores = _scored(actual, predicted, pool=pool)
    for name in ("detection", "auroc"):
        metric = scores.of(name)
        assert metric.score.value is not None
        assert metric.score.low is None
        assert metric.reason == FEW_OF_A_KIND
    assert scores.of("corpus_r").score.low is not None


def test_intervals_are_widened_for_the_documents_that_fire():
    actual, predicted = _noisy(n_windows=60)
    actual[:] = 0.0
    actual[:6, 5] = 3.0
    target = take_target(actual, pool_of(60, 16, counted_from=1), firing=Firing(2.0))
    found = score_auroc(target, Prediction(predicted), target.pool.draws)
    assert found.n_documents == 6
