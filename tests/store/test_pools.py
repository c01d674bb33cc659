import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Engine, text

from app.errors import NotFoundError, UnavailableError
from app.settings import Settings
from app.store.engine import begin, open_engine, open_session
from app.store.packing import unpack
from app.store.queries.pool import artifact_path, get_pool
from app.store.queries.unit import get_unit
from app.store.synthetic import fill_synthetic
from app.store.views.unit import PoolView
from tests.conftest import Filled


def pool(filled: Filled, index: int = 5, split: str = "fit", site: str = "mlp.1") -> PoolView:
    with open_session(filled.engine) as session:
        return get_pool(
            session, model="synthetic", site=site, index=index, split=split,
            data=filled.settings.data,
        )  # fmt: skip


@pytest.fixture
def own(tmp_path: Path, migrated_file: Path) -> Iterator[Filled]:
    """A store that a test may damage."""
    (tmp_path / "store.sqlite").write_bytes(migrated_file.read_bytes())
    settings = Settings(data=tmp_path)
    engine = open_engine(settings)
    models = fill_synthetic(
        engine, data=tmp_path, layers=2, neurons=6, heads=1, windows=32, window_length=8
    )
    yield Filled(engine, settings, models)
    engine.dispose()


def path_of(own: Filled) -> Path:
    return next(own.settings.data.glob("artifacts/run-*/pool-mlp.1-fit*"))


def test_a_pool_holds_the_stored_values_of_one_unit(own: Filled):
    found = pool(own)
    values = unpack(path_of(own).read_bytes(), np.float16, 6, -1, 8)[5]
    shown = np.array(found.activations, dtype=np.float16)
    np.testing.assert_array_equal(shown, values)
    assert len(found.windows) == len(found.documents) == len(found.tokens) == len(values)
    assert found.counted_from == 1


def test_a_page_of_long_windows_is_no_larger_than_what_one_answer_may_hold(
    filled: Filled, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("app.store.queries.pool.VALUES_AT_ONCE", 32 * 2 + 31)
    found = pool(filled)
    assert len(found.windows) == len(found.activations) == 2
    assert found.next_cursor is not None


def test_a_pool_of_a_split_agrees_with_its_statistics(filled: Filled):
    found = pool(filled)
    with open_session(filled.engine) as session:
        fit = get_unit(session, model="synthetic", site="mlp.1", index=5).statistics[0]
    values = [
        value
        for tokens, row in zip(found.tokens, found.activations, strict=True)
        for value in row[found.counted_from : len(tokens)]
    ]
    assert fit.minimum <= min(values) <= max(values) <= fit.maximum


def test_activations_that_are_not_finite_are_none(filled: Filled):
    assert None in pool(filled, index=2).activations[0][:8]


def test_a_split_without_a_pool_says_how_to_get_one(filled: Filled):
    with pytest.raises(NotFoundError) as caught:
        pool(filled, split="calibration")
    assert "patchclamp sweep synthetic starter" in str(caught.value.hint)


def test_a_pruned_pool_says_which_command_computes_it_again(own: Filled):
    path_of(own).unlink()
    with pytest.raises(NotFoundError, match="pruned") as caught:
        pool(own)
    assert "patchclamp sweep synthetic starter" in str(caught.value.hint)


def test_a_cut_pool_is_not_read(own: Filled):
    os.truncate(path_of(own), 100)
    with pytest.raises(UnavailableError, match="not what the run wrote"):
        pool(own)


@pytest.mark.parametrize("path", ["../outside.f16", "/etc/passwd", "artifacts/../../outside.f16"])
def test_a_path_that_leaves_the_data_folder_is_not_read(own: Filled, path: str):
    with begin(own.engine) as connection:
        connection.execute(text("UPDATE artifacts SET path = :path"), {"path": path})
    with pytest.raises(UnavailableError, match="leaves the data folder"):
        pool(own)


def test_a_link_out_of_the_data_folder_is_not_followed(own: Filled, tmp_path_factory):
    secret = tmp_path_factory.mktemp("elsewhere") / "secret"
    secret.write_bytes(path_of(own).read_bytes())
    path = path_of(own)
    path.unlink()
    path.symlink_to(secret)
    with pytest.raises(UnavailableError, match="leaves the data folder"):
        pool(own)


def test_a_data_folder_may_itself_be_a_link(own: Filled, tmp_path_factory):
    link = tmp_path_factory.mktemp("elsewhere") / "data"
    link.symlink_to(own.settings.data)
    assert artifact_path(link, "artifacts/x") == own.settings.data.resolve() / "artifacts" / "x"
    moved = replace(own, settings=Settings(data=link))
    assert pool(moved) == pool(own)


def test_a_unit_that_is_not_there_is_not_found(filled: Filled):
    with pytest.raises(NotFoundError):
        pool(filled, index=16)


def test_the_store_may_be_read_by_several_engines(own: Filled, engine: Engine):  # noqa: ARG001
    other = replace(own, engine=open_engine(own.settings))
    assert pool(other) == pool(own)
    other.engine.dispose()
