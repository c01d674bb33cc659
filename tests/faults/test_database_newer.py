from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from app.errors import UnavailableError
from app.settings import Settings
from app.store.engine import begin, open_session
from app.store.migrating import downgrade, require_current, upgrade
from app.store.queries.corpus import list_corpora
from tests.store import rows


@pytest.fixture
def newer(engine: Engine) -> Engine:
    """A store that a later version has migrated, with a corpus in it."""
    with open_session(engine, commit=True) as session:
        session.add(rows.corpus())
    with begin(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '2031_01_01_future'"))
    return engine


@pytest.mark.parametrize("use", [upgrade, require_current, lambda e: downgrade(e, "base")])
def test_a_newer_store_is_refused_with_what_to_do_and_stays_as_it_is(
    newer: Engine, settings: Settings, use
):
    with pytest.raises(UnavailableError, match="newer version") as caught:
        use(newer)
    assert "2031_01_01_future" in caught.value.detail
    assert "Install that version or a newer one" in str(caught.value.hint)
    assert not (settings.data / "backups").exists()
    with open_session(newer) as session:
        assert [corpus.name for corpus in list_corpora(session)] == ["starter"]


def test_the_refusal_names_the_store_without_its_password(newer: Engine, tmp_path: Path):
    with pytest.raises(UnavailableError) as caught:
        upgrade(newer)
    named = str(tmp_path) if newer.dialect.name == "sqlite" else str(newer.url.database)
    assert named in caught.value.detail
