import stat
from concurrent.futures import ThreadPoolExecutor

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from app.errors import UnavailableError
from app.settings import Settings
from app.store.audit.keys import Keys, fingerprint
from app.store.audit.restarting import restart
from app.store.audit.verifying import verify
from app.store.engine import open_engine, open_session
from tests.store.audit_log import fill, rows, tampering


def test_a_key_is_made_at_first_use_for_its_owner_only(tmp_path):
    key = Keys(None, tmp_path).key()
    file = tmp_path / "audit.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(key) == 64
    assert [each.name for each in tmp_path.iterdir()] == ["audit.key"]


def test_the_same_key_is_read_by_the_next(tmp_path):
    assert Keys(None, tmp_path).key() == Keys(None, tmp_path).known() == Keys(None, tmp_path).key()


def test_looking_for_a_key_makes_none(tmp_path):
    assert Keys(None, tmp_path).known() is None
    assert list(tmp_path.iterdir()) == []


def test_many_who_need_the_first_key_at_once_have_the_same(tmp_path):
    with ThreadPoolExecutor(16) as pool:
        keys = set(pool.map(lambda _: Keys(None, tmp_path).key(), range(64)))
    assert len(keys) == 1


def test_the_setting_goes_before_the_file(tmp_path):
    Keys(None, tmp_path).key()
    assert Keys(SecretStr("k" * 32), tmp_path).key() == b"k" * 32


@pytest.mark.parametrize("given", ["", "k" * 31])
def test_a_key_that_is_too_short_is_refused_without_being_told(tmp_path, given):
    (tmp_path / "audit.key").write_text(given)
    with pytest.raises(UnavailableError) as caught:
        Keys(None, tmp_path).key()
    assert "fewer than 32 characters" in caught.value.detail
    if given:
        with pytest.raises(UnavailableError) as caught:
            Keys(SecretStr(given), tmp_path).key()
        assert given not in caught.value.detail + str(caught.value.hint) + caught.value.public
        assert "PATCHCLAMP_AUDIT_KEY" in caught.value.detail


def test_where_no_key_can_be_made_it_says_so(tmp_path):
    with pytest.raises(UnavailableError, match="cannot be made"):
        Keys(None, tmp_path / "missing").key()


def test_a_fingerprint_tells_keys_apart():
    assert fingerprint(b"a" * 32) == fingerprint(b"a" * 32) != fingerprint(b"b" * 32)


def test_the_key_is_not_in_the_database(engine, settings):
    fill(engine, 1)
    key = (settings.data / "audit.key").read_text().strip()
    with engine.connect() as connection:
        head = connection.execute(text("SELECT * FROM audit_head")).one()
    assert key not in repr(head) + repr(rows(engine))


@pytest.fixture
def other_server(engine, settings):
    """Of the same database, and not set up: it has another key."""
    fill(engine, 2)
    found = open_engine(
        Settings(data=settings.data, database_url=settings.database_url, audit_key="k" * 40)
    )
    yield found
    found.dispose()


def test_a_server_with_another_key_writes_nothing_and_says_why(other_server, engine):
    with pytest.raises(UnavailableError) as caught:
        fill(other_server, 1)
    assert "sealed with another key" in caught.value.detail
    assert "PATCHCLAMP_AUDIT_KEY" in caught.value.hint
    fill(engine, 1)
    assert verify(engine).n_rows == 3


def test_a_lost_key_can_be_gone_on_without(other_server):
    with open_session(other_server, commit=True) as session:
        restart(session, because="The key was lost.")
    fill(other_server, 2)
    found = verify(other_server)
    assert (found.fault, found.n_rows) == (None, 5)
    assert [(part.first_id, part.last_id) for part in found.unverified] == [(1, 2)]


def test_a_store_that_came_without_its_key_can_be_written_to_and_verifying_tells(
    engine, settings, database
):
    fill(engine, 2)
    (settings.data / "audit.key").unlink()
    moved = open_engine(settings)
    if database == "postgresql":  # there it would be a second server that is not set up
        with pytest.raises(UnavailableError):
            fill(moved, 1)
    else:
        fill(moved, 1)
        assert [row["action"] for row in rows(moved)][2:] == [
            "audit.key_changed", "explanation.withdrawn",
        ]  # fmt: skip
        assert "row 3 says that the key of the rows before it was not here" in verify(moved).fault
        with open_session(moved, commit=True) as session:
            restart(session, because="A backup was put back without its key.")
        assert verify(moved).fault is None
    moved.dispose()


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_nobody_hides_a_cut_by_pretending_that_the_key_was_lost(engine):
    fill(engine, 5)
    with tampering(engine) as connection:
        connection.execute(text("DELETE FROM audit WHERE id > 3"))
        seal = connection.execute(text("SELECT seal FROM audit WHERE id = 3")).scalar_one()
        connection.execute(
            text("UPDATE audit_head SET last_id = 3, seal = :seal, key = 'other'"), {"seal": seal}
        )
    fill(engine, 1)
    assert verify(engine).fault.startswith(
        "Row 4 found another key at the end, where this one fits"
    )


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit_head SET last_id = 1",
        "UPDATE audit_head SET seal = 'other'",
        "UPDATE audit_head SET closing = 'other'",
        "DELETE FROM audit_head",
        "UPDATE audit_head SET last_id = 0, seal = '', closing = '', key = ''",
    ],
)
def test_nothing_is_written_behind_an_end_that_somebody_changed(engine, change):
    fill(engine, 3)
    with tampering(engine) as connection:
        connection.execute(text(change))
    with pytest.raises(UnavailableError, match="audit log"):
        fill(engine, 1)
    assert len(rows(engine)) == 3
    with open_session(engine, commit=True) as session:
        restart(session, because="Somebody changed its end.")
    fill(engine, 1)
    assert verify(engine).fault is None
