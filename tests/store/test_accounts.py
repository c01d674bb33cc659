"""Accounts, and what lets them in: logins, links, tokens, roles."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, delete, select, update

from app.errors import BadRequestError, ConflictError, NotFoundError
from app.store.accounts.links import (
    create_invite,
    create_link,
    find_link,
    list_invites,
    use_link,
    withdraw_link,
)
from app.store.accounts.logins import (
    begin_login,
    end_login,
    end_logins,
    list_logins,
    person_of_login,
)
from app.store.accounts.members import set_role
from app.store.accounts.people import (
    create_account,
    disable,
    enable,
    get_account,
    has_administrator,
    list_accounts,
    local_owner,
    password_of,
    set_administrator,
    somebody_else,
)
from app.store.accounts.tokens import (
    MOST,
    create_token,
    list_tokens,
    person_of_token,
    revoke_token,
)
from app.store.engine import open_session
from app.store.tables import Base, LinkTable, LoginTable, ModelTable, TokenTable
from tests.store import rows
from tests.store.audit_log import rows as audited

DAY = timedelta(days=1)
ODD_NAMES = ("", "A", "a b", "a/b", "-a", "a-", ".", "ä", "a\0", "a\n", "local owner", "x" * 65)


@pytest.fixture
def people(engine: Engine) -> Engine:
    """Ada, an administrator; Bo, who may do nothing yet; and two models."""
    with open_session(engine, commit=True) as session:
        session.add_all([rows.model(), rows.model("other")])
        session.flush()
        create_account(
            session, name="ada", full_name="Ada  L.", password="$argon2id$", is_administrator=True
        )
        create_account(session, name="bo")
    return engine


def bo(engine: Engine) -> int:
    with open_session(engine) as session:
        return get_account(session, name="bo").id


def login(engine: Engine, *, lasts: timedelta = DAY, device: str = "Firefox") -> str:
    with open_session(engine, commit=True) as session:
        return begin_login(session, account_id=bo(engine), device=device, lasts=lasts)


def link(engine: Engine, **options) -> str:
    asked = {"kind": "login", "lasts": DAY, "actor": "me", "account_id": bo(engine), **options}
    with open_session(engine, commit=True) as session:
        return create_link(session, **asked)


def token(engine: Engine, **options) -> str:
    asked = {"name": "laptop", "scopes": ["see"], "lasts": DAY, **options}
    with open_session(engine, commit=True) as session:
        return create_token(session, account_id=bo(engine), **asked)


def known_by(engine: Engine, *, login: str | None = None, token: str | None = None):
    with open_session(engine) as session:
        found = (
            person_of_login(session, secret=login)
            if token is None
            else person_of_token(session, secret=token)
        )
    return None if found is None else found[0]


def test_an_account_is_told_with_what_it_may_do(people: Engine):
    with open_session(people, commit=True) as session:
        set_role(session, name="bo", model=None, role="viewer")
        set_role(session, name="bo", model="toy", role="annotator")
        set_role(session, name="bo", model="toy", role="reviewer")
        set_role(session, name="bo", model="other", role="owner")
        set_role(session, name="bo", model="other", role=None)
        view = get_account(session, name="bo")
        ada = get_account(session, name="ada")
    assert [(each.model, each.role) for each in view.memberships] == [
        (None, "viewer"), ("toy", "reviewer"),
    ]  # fmt: skip
    assert (ada.full_name, ada.is_administrator, ada.has_password) == ("Ada L.", True, True)
    assert (view.is_administrator, view.has_password, view.disabled_at) == (False, False, None)


@pytest.mark.parametrize("name", ODD_NAMES)
def test_what_is_no_name_is_refused(people: Engine, name: str):
    with open_session(people, commit=True) as session, pytest.raises(BadRequestError):
        create_account(session, name=name)


def test_a_taken_name_is_refused_and_the_rest_of_the_transaction_goes_on(people: Engine):
    with open_session(people, commit=True) as session:
        create_account(session, name="cy")
        with pytest.raises(ConflictError, match="'bo' already"):
            create_account(session, name="bo")
    with open_session(people) as session:
        assert [each.name for each in list_accounts(session)] == ["ada", "bo", "cy"]


def test_the_local_owner_is_made_once_and_counts_for_nobody_else(engine: Engine):
    with open_session(engine, commit=True) as session:
        first = local_owner(session)
        assert local_owner(session) == first
        assert not somebody_else(session)
        assert not has_administrator(session)
        create_account(session, name="bo")
        assert somebody_else(session)
        assert not has_administrator(session)
        create_account(session, name="ada", is_administrator=True)
        assert has_administrator(session)


def test_the_last_administrator_cannot_be_kept_out(people: Engine):
    with open_session(people, commit=True) as session:
        local_owner(session)
        with pytest.raises(ConflictError, match="only administrator"):
            disable(session, name="ada")
        create_account(session, name="cy", is_administrator=True)
        disable(session, name="ada")
        assert get_account(session, name="ada").disabled_at is not None
        with pytest.raises(ConflictError):
            disable(session, name="cy")
        enable(session, name="ada")
        assert get_account(session, name="ada").disabled_at is None


def test_whoever_is_disabled_comes_in_by_nothing(people: Engine):
    secrets = {"login": login(people), "token": token(people)}
    asked = link(people)
    for kind, secret in secrets.items():
        assert known_by(people, **{kind: secret}).name == "bo"
    with open_session(people, commit=True) as session:
        disable(session, name="bo")
        assert password_of(session, name="bo") is None
    for kind, secret in secrets.items():
        assert known_by(people, **{kind: secret}) is None
    with open_session(people) as session, pytest.raises(NotFoundError):
        find_link(session, secret=asked)


def test_a_login_knows_its_person_and_what_they_may_do(people: Engine):
    secret = login(people, device="Fire\nfox" + "x" * 500)
    with open_session(people, commit=True) as session:
        set_role(session, name="bo", model="toy", role="annotator")
    person = known_by(people, login=secret)
    assert (person.name, person.roles, person.scopes) == ("bo", {"toy": "annotator"}, None)
    with open_session(people) as session:
        (told,) = list_logins(session, account_id=bo(people))
    assert told.device.startswith("Firefoxx")
    assert len(told.device) == 200
    assert told.id == person.login_id


def test_a_login_ends_by_time_by_hand_and_with_all_others(people: Engine):
    late, ended, other, kept = (
        login(people, lasts=timedelta(0)), *(login(people) for _ in range(3)),
    )  # fmt: skip
    assert known_by(people, login=late) is None
    number = known_by(people, login=ended).login_id
    with open_session(people, commit=True) as session:
        assert not end_login(session, account_id=bo(people) + 1, login_id=number), "of another"
        assert end_login(session, account_id=bo(people), login_id=number)
        assert not end_login(session, account_id=bo(people), login_id=number)
    assert known_by(people, login=ended) is None
    with open_session(people, commit=True) as session:
        end_logins(session, account_id=bo(people), but=known_by(people, login=kept).login_id)
    assert known_by(people, login=other) is None
    assert known_by(people, login=kept) is not None


@pytest.mark.parametrize("forged", ["", "x", "x" * 10_000, "\ud800", "'; --", "ä"])
def test_what_nobody_was_given_lets_nobody_in(people: Engine, forged: str):
    login(people)
    token(people)
    link(people)
    assert known_by(people, login=forged) is None
    assert known_by(people, token=forged) is None
    with open_session(people) as session, pytest.raises(NotFoundError):
        find_link(session, secret=forged)


def test_a_digest_lets_nobody_in(people: Engine):
    login(people)
    token(people)
    with open_session(people) as session:
        of_login = session.scalar(select(LoginTable.digest))
        of_token = session.scalar(select(TokenTable.digest))
    assert known_by(people, login=of_login) is None
    assert known_by(people, token=of_token) is None


def test_no_secret_is_in_the_store(people: Engine):
    secrets = [login(people), token(people), link(people)]
    with people.connect() as connection:
        for table in Base.metadata.sorted_tables:
            kept = str(connection.execute(table.select()).fetchall())
            assert not [secret for secret in secrets if secret in kept], table.name


def test_a_link_is_used_once(people: Engine):
    secret = link(people, kind="reset")
    with open_session(people, commit=True) as session:
        assert find_link(session, secret=secret).account == "bo"
        used = use_link(session, secret=secret)
        assert (used.kind, used.account) == ("reset", "bo")
    with open_session(people, commit=True) as session, pytest.raises(NotFoundError):
        use_link(session, secret=secret)


def test_of_many_who_use_a_link_at_once_one_comes_in(people: Engine):
    secret = link(people)

    def use(_: int) -> bool:
        try:
            with open_session(people, commit=True) as session:
                use_link(session, secret=secret)
        except NotFoundError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(use, range(16))) == 1


def test_a_link_that_is_too_old_or_withdrawn_lets_nobody_in(people: Engine):
    late, withdrawn = link(people, lasts=timedelta(0)), link(people)
    with open_session(people, commit=True) as session:
        withdraw_link(session, link_id=find_link(session, secret=withdrawn).id)
    for secret in (late, withdrawn):
        with open_session(people) as session, pytest.raises(NotFoundError, match="does not let in"):
            find_link(session, secret=secret)


def test_invites_are_listed_until_they_are_used(people: Engine):
    with open_session(people, commit=True) as session:
        first = create_invite(
            session, role="annotator", model="toy", note=" For  Cy ", lasts=DAY, actor="ada"
        )
        create_invite(session, role="viewer", model=None, note="", lasts=DAY, actor="ada")
        assert [(each.role, each.model, each.note) for each in list_invites(session)] == [
            ("viewer", None, ""), ("annotator", "toy", "For Cy"),
        ]  # fmt: skip
        use_link(session, secret=first)
        assert [each.role for each in list_invites(session)] == ["viewer"]
    with open_session(people) as session:
        for wrong in ({"role": "king"}, {"role": "none"}, {"note": "x" * 201}):
            asked = {"role": "viewer", "model": None, "note": "", **wrong}
            with pytest.raises(BadRequestError):
                create_invite(session, lasts=DAY, actor="ada", **asked)
        with pytest.raises(NotFoundError):
            create_invite(session, role="viewer", model="no", note="", lasts=DAY, actor="ada")


def test_a_token_knows_its_person_and_what_it_is_limited_to(people: Engine):
    secret = token(people, scopes=["see", "run", "see"])
    person = known_by(people, token=secret)
    assert (person.name, person.token, person.scopes) == ("bo", "laptop", ["run", "see"])
    with open_session(people) as session:
        (told,) = list_tokens(session, account_id=bo(people))
    assert secret.startswith("pc_")
    assert told.ending == secret[-4:]


def test_a_token_ends_by_time_or_by_hand(people: Engine):
    assert known_by(people, token=token(people, lasts=timedelta(0))) is None
    forever = token(people, lasts=None)
    with open_session(people, commit=True) as session:
        number = known_by(people, token=forever).token_id
        with pytest.raises(NotFoundError):
            revoke_token(session, account_id=bo(people) + 1, token_id=number)
        revoke_token(session, account_id=bo(people), token_id=number)
        with pytest.raises(NotFoundError):
            revoke_token(session, account_id=bo(people), token_id=number)
    assert known_by(people, token=forever) is None


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "a\0"])
def test_a_token_needs_a_name(people: Engine, name: str):
    with pytest.raises(BadRequestError):
        token(people, name=name)


def test_an_account_has_so_many_tokens_and_no_more(people: Engine):
    for _ in range(MOST):
        token(people)
    with pytest.raises(BadRequestError, match="100 tokens"):
        token(people)


def test_use_is_noted_once_a_minute(people: Engine):
    secrets = login(people), token(people)
    with open_session(people, commit=True) as session:
        assert not person_of_login(session, secret=secrets[0])[1]
        assert person_of_token(session, secret=secrets[1])[1], "never used"
        old = datetime.now(UTC) - timedelta(minutes=2)
        session.execute(update(LoginTable).values(seen_at=old))
        session.execute(update(TokenTable).values(used_at=old))
        assert person_of_login(session, secret=secrets[0])[1]
        assert person_of_token(session, secret=secrets[1])[1]
        session.execute(update(TokenTable).values(used_at=datetime.now(UTC)))
        assert not person_of_token(session, secret=secrets[1])[1]


def test_a_role_goes_with_its_model_and_an_invite_to_it_too(people: Engine):
    with open_session(people, commit=True) as session:
        set_role(session, name="bo", model="toy", role="annotator")
        create_invite(session, role="viewer", model="toy", note="", lasts=DAY, actor="ada")
    with open_session(people, commit=True) as session:
        session.execute(delete(ModelTable).where(ModelTable.name == "toy"))
        assert get_account(session, name="bo").memberships == []
        assert session.scalar(select(LinkTable.id)) is None


def invite(engine: Engine, model: str | None, *, actor: str = "bo") -> str:
    with open_session(engine, commit=True) as session:
        return create_invite(session, role="viewer", model=model, note="", lasts=DAY, actor=actor)


def still_open(engine: Engine, *secrets: str) -> list[bool]:
    def lets_in(session, secret: str) -> bool:
        try:
            return find_link(session, secret=secret) is not None
        except NotFoundError:
            return False

    with open_session(engine) as session:
        return [lets_in(session, secret) for secret in secrets]


def test_invites_end_with_whoever_sent_them(people: Engine):
    with open_session(people, commit=True) as session:
        set_role(session, name="bo", model="toy", role="owner")
    mine, adas = invite(people, "toy"), invite(people, "toy", actor="ada")
    assert still_open(people, mine, adas) == [True, True]
    with open_session(people, commit=True) as session:
        disable(session, name="bo")
    assert still_open(people, mine, adas) == [False, True]
    with open_session(people, commit=True) as session:
        enable(session, name="bo")
    assert still_open(people, mine) == [False]
    withdrawn = [row for row in audited(people) if row["action"] == "link.withdrawn"]
    assert [row["model"] for row in withdrawn] == ["toy"]


@pytest.mark.parametrize("role", [None, "admin"])
def test_invites_end_with_the_ownership_that_they_came_from(people: Engine, role):
    with open_session(people, commit=True) as session:
        for model in ("toy", "other"):
            set_role(session, name="bo", model=model, role="owner")
    lost, kept = invite(people, "toy"), invite(people, "other")
    with open_session(people, commit=True) as session:
        set_role(session, name="bo", model="toy", role=role)
    assert still_open(people, lost, kept) == [False, True]


def test_an_owner_of_every_model_keeps_invites_to_those_that_are_no_less(people: Engine):
    with open_session(people, commit=True) as session:
        set_role(session, name="bo", model=None, role="owner")
    lost, kept = invite(people, "toy"), invite(people, "other")
    with open_session(people, commit=True) as session:
        set_role(session, name="bo", model="toy", role="viewer")
    assert still_open(people, lost, kept) == [False, True]


def test_what_an_administrator_sent_ends_with_that(people: Engine):
    with open_session(people, commit=True) as session:
        set_administrator(session, name="bo", is_administrator=True)
        set_role(session, name="bo", model="toy", role="owner")
    kept, lost = invite(people, "toy"), invite(people, None)
    reset = link(people, kind="reset", actor="bo")
    assert still_open(people, kept, lost, reset) == [True, True, True]
    with open_session(people, commit=True) as session:
        set_administrator(session, name="bo", is_administrator=False)
    assert still_open(people, kept, lost, reset) == [True, False, False]
