"""What a sweep stores of neurons whose every activation is known."""

import numpy as np
import pytest
from sqlalchemy import func, select

from analysis.sweep.layout import INTERVAL_QUANTILES
from app.store.engine import open_session
from app.store.queries.exemplar import get_exemplars
from app.store.queries.pool import get_pool
from app.store.queries.unit import get_unit
from app.store.tables import DocumentTable, WindowTable
from tests.worker.sweeping.conftest import SAMPLING, Swept

SPLITS = ("fit", "test", "ood:other")
PLANTED = ("token", "two-sided", "suffix", "previous", "bigram")
"""To the last bit; `depth` goes through attention over many tokens and is rounded on the way."""


def _expected(swept: Swept, name: str, split: str) -> dict[int, np.ndarray]:
    unit = swept.planted.unit(name)
    return {n: np.array(unit.expected(tokens)) for n, tokens in swept.windows(split).items()}


def _exemplars(swept: Swept, name: str, kind: str, split: str):
    unit = swept.planted.unit(name)
    with open_session(swept.engine) as session:
        return get_exemplars(
            session, model="planted", site=unit.site, index=unit.index, kind=kind, split=split
        ).items


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("name", PLANTED)
def test_the_top_and_bottom_windows_are_exactly_those_that_are_known(swept, name, split):
    known = _expected(swept, name, split)
    highest = sorted(known, key=lambda n: (-known[n][1:].max(), n))
    lowest = sorted(known, key=lambda n: (known[n][1:].min(), n))
    for kind, order in (("top", highest), ("bottom", lowest)):
        found = _exemplars(swept, name, kind, split)
        assert [each.window for each in found] == order[: len(found)]
        assert len(found) >= 2
        for each in found:
            true = known[each.window]
            assert each.activations[: len(true)] == true.tolist()
            assert each.peak == (true[1:].max() if kind == "top" else true[1:].min())
            assert true[each.peak_position] == each.peak


@pytest.mark.parametrize("split", SPLITS)
def test_the_deepest_brackets_are_found(swept, split):
    known = _expected(swept, "depth", split)
    highest = sorted((row[1:].max() for row in known.values()), reverse=True)
    found = _exemplars(swept, "depth", "top", split)
    np.testing.assert_allclose([each.peak for each in found], highest[: len(found)], rtol=1e-5)
    for each in found:
        true = known[each.window]
        np.testing.assert_allclose(each.activations[: len(true)], true, rtol=1e-3)


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("name", PLANTED)
def test_statistics_are_those_of_all_windows(swept, name, split):
    unit = swept.planted.unit(name)
    values = np.concatenate([known[1:] for known in _expected(swept, name, split).values()])
    with open_session(swept.engine) as session:
        view = get_unit(session, model="planted", site=unit.site, index=unit.index)
    found = next(each for each in view.statistics if each.split == split)
    assert found.n_positions == len(values)
    assert found.mean == pytest.approx(values.mean(), rel=1e-6, abs=1e-7)
    assert found.variance == pytest.approx(values.var(), rel=1e-6)
    centred = values - values.mean()
    assert found.skewness == pytest.approx(np.mean(centred**3) / values.std() ** 3, rel=1e-5)
    assert found.kurtosis == pytest.approx(np.mean(centred**4) / values.var() ** 2, rel=1e-5)
    assert (found.minimum, found.maximum) == (values.min(), values.max())
    assert found.density == np.mean(values > 0)
    assert found.above == np.mean(values > 1)
    positive, _ = np.histogram(values[values >= 0], found.histogram.edges[64:])
    assert found.histogram.counts[64:] == positive.tolist()
    assert sum(found.histogram.counts) == len(values)


def test_statistics_equal_a_float64_recomputation_from_the_pool(swept):
    """The calibration split is small enough here to be its own pool, window for window."""
    with open_session(swept.engine) as session:
        for site, index in (("mlp.0", 20), ("mlp.1", 3), ("attn.0", 1)):
            pool = get_pool(
                session, model="planted", site=site, index=index, split="calibration",
                data=swept.settings.data,
            )  # fmt: skip
            view = get_unit(session, model="planted", site=site, index=index)
            found = next(each for each in view.statistics if each.split == "calibration")
            assert found.n_windows == len(pool.windows)
            rows = [row[pool.counted_from :] for row in pool.activations]
            values = np.array([v for row in rows for v in row if v is not None], np.float64)
            assert found.n_positions == len(values)
            rounding = 2.0**-11  # of float16, in which pools are stored
            assert found.mean == pytest.approx(values.mean(), rel=rounding, abs=rounding)
            assert found.variance == pytest.approx(values.var(), rel=4 * rounding)


@pytest.mark.parametrize("name", PLANTED)
def test_the_pool_has_every_activation_of_its_windows(swept, name):
    unit, known = swept.planted.unit(name), _expected(swept, name, "fit")
    with open_session(swept.engine) as session:
        pool = get_pool(
            session, model="planted", site=unit.site, index=unit.index, split="fit",
            data=swept.settings.data,
        )  # fmt: skip
    assert len(pool.windows) == 12
    for window, row in zip(pool.windows, pool.activations, strict=True):
        true = known[window].tolist()
        assert row[: len(true)] == true
        assert all(value is None for value in row[len(true) :])


def test_random_and_interval_windows_are_windows_of_their_split(swept):
    known = _expected(swept, "suffix", "fit")
    for kind in ("random", "interval"):
        for each in _exemplars(swept, "suffix", kind, "fit"):
            assert each.activations[: len(known[each.window])] == known[each.window].tolist()


def test_interval_shares_add_up_and_bound_their_windows(swept):
    found = _exemplars(swept, "depth", "interval", "fit")
    assert found
    for each in found:
        low, high = each.interval.low, each.interval.high
        assert low is None or each.peak > low
        assert high is None or each.peak <= high


def test_the_previous_token_head_reads_the_token_before(swept):
    unit = swept.planted.unit("previous-token head")
    with open_session(swept.engine) as session:
        found = get_exemplars(
            session, model="planted", site=unit.site, index=unit.index, kind="top", split="fit"
        )
    for each in found.items:
        for position in range(1, len(each.tokens)):
            assert each.attention.sources[position][0] == position - 1
            assert each.attention.weights[position][0] == 1


def test_windows_of_one_document_are_in_one_split_only(swept):
    splits = func.count(func.distinct(WindowTable.split))
    with open_session(swept.engine) as session:
        query = select(WindowTable.document, splits).group_by(WindowTable.document)
        assert {n for _, n in session.execute(query)} == {1}
        pairs = select(WindowTable.split, DocumentTable.split).join(
            DocumentTable, DocumentTable.number == WindowTable.document
        )
        assert all(one == other for one, other in session.execute(pairs))


def test_noise_and_dead_units_are_told_apart(swept):
    unit = swept.planted.unit("dead")
    with open_session(swept.engine) as session:
        view = get_unit(session, model="planted", site=unit.site, index=unit.index)
    assert view.statistics[0].dead
    assert view.statistics[0].kurtosis is None
    assert not view.statistics[0].flagged


@pytest.mark.parametrize("name", PLANTED)
def test_intervals_have_the_edges_of_the_pilot_and_the_shares_of_all_windows(swept, name):
    known = _expected(swept, name, "fit")
    highest = np.array([known[number][1:].max() for number in sorted(known)])
    n_pilot = max(SAMPLING["default"].pool, len(highest) // 4)
    edges = np.quantile(highest[:n_pilot].astype(np.float32), INTERVAL_QUANTILES)
    inside = np.searchsorted(edges.astype(np.float32), highest.astype(np.float32), side="left")
    shares = np.bincount(inside, minlength=len(edges) + 1) / len(highest)
    for each in _exemplars(swept, name, "interval", "fit"):
        number = inside[sorted(known).index(each.window)]
        assert each.interval.share == pytest.approx(shares[number])
        assert (each.interval.low or -np.inf) <= highest[sorted(known).index(each.window)]
