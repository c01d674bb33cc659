import pytest
from sqlalchemy import Engine

from app.errors import BadRequestError, NotFoundError
from app.store.engine import begin, open_session
from app.store.packing import pack_vocabulary
from app.store.queries.model import (
    STATISTICS,
    get_model,
    get_vocabulary,
    list_models,
    list_sites,
    list_summaries,
)
from app.store.queries.unit import random_units
from app.store.tables import ModelTable, VocabularyTable
from app.store.writing import HistogramRow, StatisticsRow, write_site
from tests.conftest import Filled
from tests.store import rows


def test_models_come_by_name_with_their_counts(filled: Filled):
    with open_session(filled.engine) as session:
        models = list_models(session)
    assert [model.name for model in models] == ["synthetic", "synthetic-2"]
    assert [model.unit_count for model in models] == [38, 38]
    assert models[0].n_units == 38
    assert models[0].splits == ["fit", "calibration", "test", "ood:code"]
    assert models[0].current_run_id == 2


def test_a_model_that_was_not_added_says_how_to_add_one(filled: Filled):
    with open_session(filled.engine) as session, pytest.raises(NotFoundError) as caught:
        get_model(session, name="gpt-5")
    assert "patchclamp models add" in str(caught.value.hint)


def test_sites_come_in_the_order_of_the_forward_pass(filled: Filled):
    with open_session(filled.engine) as session:
        sites = list_sites(session, model="synthetic")
        same = list_sites(session, model="synthetic", run_id=2)
        failed = list_sites(session, model="synthetic", run_id=1)
    assert [site.name for site in sites] == ["attn.0", "mlp.0", "attn.1", "mlp.1"]
    assert [site.unit_count for site in sites] == [3, 16, 3, 16]
    assert same == sites
    assert [site.unit_count for site in failed] == [0, 0, 0, 0]


@pytest.mark.parametrize("statistic", STATISTICS)
def test_summaries_of_all_sites_share_their_edges(filled: Filled, statistic: str):
    with open_session(filled.engine) as session:
        found = list_summaries(session, model="synthetic", statistic=statistic)
    assert [summary.site for summary in found] == ["attn.0", "mlp.0", "attn.1", "mlp.1"]
    assert len({tuple(summary.edges) for summary in found}) == 1
    for summary in found:
        assert sum(summary.counts) == summary.n_units
        assert len(summary.edges) == len(summary.counts) + 1
        assert len(summary.quantiles) == 101
        n_units = {"mlp": 16, "attn": 3}[summary.kind]
        assert summary.n_units + summary.n_undefined == n_units
    assert [summary.n_dead for summary in found] == [0, 1, 0, 1]
    assert [summary.n_flagged for summary in found] == [0, 2, 0, 2]


def test_summaries_of_one_kind_leave_the_other_out(filled: Filled):
    with open_session(filled.engine) as session:
        found = list_summaries(
            session, model="synthetic", statistic="density", split="test", kind="attn"
        )
    assert {(summary.kind, summary.split) for summary in found} == {("attn", "test")}


@pytest.mark.parametrize("options", [{"statistic": "charm"}, {"statistic": "mean", "kind": "sae"}])
def test_unknown_statistics_and_kinds_are_refused_with_what_there_is(filled: Filled, options):
    with open_session(filled.engine) as session, pytest.raises(BadRequestError) as caught:
        list_summaries(session, model="synthetic", **options)
    assert "Use one of" in str(caught.value.hint)


def test_the_vocabulary_has_the_text_of_every_token(filled: Filled):
    with open_session(filled.engine) as session:
        vocabulary = get_vocabulary(session, model="synthetic")
        assert get_vocabulary(session, model="synthetic") is vocabulary
    assert vocabulary[0] == "<|endoftext|>"
    assert "<script>alert(1)</script>" in vocabulary


@pytest.fixture
def toy(engine: Engine) -> Engine:
    """A model with two sites of eight neurons, before any sweep."""
    with open_session(engine, commit=True) as session:
        model = rows.model()
        session.add(model)
        session.flush()
        session.add_all([rows.site(model.id), rows.site(model.id, "mlp.1")])
    return engine


def test_a_model_before_its_first_sweep_has_sites_and_no_numbers(toy: Engine):
    with open_session(toy) as session:
        model = get_model(session, name="toy")
        assert (model.n_units, model.unit_count, model.splits) == (16, 0, [])
        assert [site.unit_count for site in list_sites(session, model="toy")] == [0, 0]
        with pytest.raises(NotFoundError) as caught:
            random_units(session, model="toy", n=1, seed=0)
    assert "patchclamp sweep --model toy" in str(caught.value.hint)


def test_a_vocabulary_that_is_not_stored_says_how_to_get_it(toy: Engine):
    with open_session(toy) as session, pytest.raises(NotFoundError) as caught:
        get_vocabulary(session, model="toy")
    assert "patchclamp models add" in str(caught.value.hint)


def test_another_tokenizer_is_another_vocabulary_at_once(toy: Engine):
    for sha256, tokens in (("1", ["a"]), ("2", ["b"])):
        with open_session(toy, commit=True) as session:
            model = session.query(ModelTable).one()
            model.tokenizer_sha256 = sha256
            session.merge(
                VocabularyTable(
                    model_id=model.id, n_tokens=1, bos_token_id=None, tokens=pack_vocabulary(tokens)
                )
            )
        with open_session(toy) as session:
            assert get_vocabulary(session, model="toy") == tokens


def test_units_count_before_their_site_has_a_summary(toy: Engine):
    """A running sweep publishes numbers site by site."""
    with open_session(toy, commit=True) as session:
        model = session.query(ModelTable).one()
        run = rows.run(model.id)
        session.add(run)
        session.flush()
        model.current_run_id = run.id
    numbers = (1, 7, 0, 0.0, 1.0, 0.0, 3.0, -1.0, 1.0, 0.5, 0.1)
    with begin(toy) as connection:
        write_site(
            connection, run_id=1, site_id=2,
            statistics=[StatisticsRow("fit", unit, *numbers) for unit in (2, 3, 5)],
            histograms=[HistogramRow("fit", unit, b"h") for unit in (2, 3, 5)],
        )  # fmt: skip
    with open_session(toy) as session:
        model_view = get_model(session, name="toy")
        drawn = random_units(session, model="toy", n=10, seed=3)
    assert (model_view.unit_count, model_view.splits) == (3, ["fit"])
    assert sorted((unit.site, unit.index) for unit in drawn) == [
        ("mlp.1", 2), ("mlp.1", 3), ("mlp.1", 5),
    ]  # fmt: skip
