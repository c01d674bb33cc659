"""What lets people in, and what is kept of a proof: each leaves a row, and none a secret."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.errors import NotFoundError
from app.store.accounts import links, logins, members, people, tokens
from app.store.accounts.secret import digest_of
from app.store.audit.noting import LOCAL, NOBODY, By
from app.store.audit.verifying import verify
from app.store.engine import open_session
from app.store.proving import keep_chosen_proof
from app.store.tables import LinkTable, LoginTable, TokenTable
from app.store.writing_circuits import keep_circuit, keep_proof
from app.store.writing_tasks import keep_task
from tests.store import rows as tables
from tests.store.audit_log import rows
from tests.store.circuits import imported, proof, without_units

HOUR = timedelta(hours=1)
WORDS = "hunter2-hunter2"
HASH = "$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA"


@pytest.fixture
def ada(engine):
    """The id of her account."""
    with open_session(engine, commit=True) as session:
        session.add(tables.model())
        return people.create_account(session, name="ada", full_name="Ada L.", password=HASH)


def do(engine, work, *, by=LOCAL, **given):
    with open_session(engine, commit=True, by=by) as session:
        return work(session, **given)


def last(engine):
    row = rows(engine)[-1]
    told = {name: json.loads(row[name] or "null") for name in ("before", "after")}
    return row["action"], row["actor"], row["subject"], told["before"], told["after"]


def test_an_account_is_made_changed_disabled_and_enabled(engine, ada):
    assert last(engine) == (
        "account.created", "local owner", "account ada", None,
        {"full_name": "Ada L.", "administrator": False, "with_password": True,
         "with_identity": False},
    )  # fmt: skip
    do(engine, people.set_password, by=By("ada"), account_id=ada, password=HASH)
    assert last(engine)[:3] == ("account.password_changed", "ada", "account ada")
    do(engine, people.disable, by=By("root"), name="ada")
    assert last(engine)[:3] == ("account.disabled", "root", "account ada")
    do(engine, people.enable, name="ada")
    assert last(engine)[:3] == ("account.enabled", "local owner", "account ada")


def test_disabling_twice_is_noted_once(engine, ada):  # noqa: ARG001
    for _ in range(2):
        do(engine, people.disable, name="ada")
    assert [row["action"] for row in rows(engine)].count("account.disabled") == 1


@pytest.mark.usefixtures("ada")
def test_a_role_is_given_changed_and_taken_with_what_it_was(engine):
    def change(role, model="toy"):
        do(engine, members.set_role, name="ada", model=model, role=role)
        return (*last(engine), rows(engine)[-1]["model"])

    assert change("viewer") == (
        "role.changed", "local owner", "account ada", {"role": None}, {"role": "viewer"}, "toy",
    )  # fmt: skip
    assert change("reviewer")[3:5] == ({"role": "viewer"}, {"role": "reviewer"})
    n = len(rows(engine))
    change("reviewer")
    assert len(rows(engine)) == n  # nothing changed
    assert change(None)[3:5] == ({"role": "reviewer"}, {"role": None})
    assert change("owner", None)[5] is None


def test_a_token_is_made_and_revoked(engine, ada):
    given = {"account_id": ada, "name": "nightly", "scopes": ["see"], "lasts": HOUR}
    do(engine, tokens.create_token, by=By("ada"), **given)
    action, actor, subject, _, after = last(engine)
    assert (action, actor, subject) == ("token.created", "ada", "token nightly of ada")
    assert after["scopes"] == ["see"]
    do(engine, tokens.revoke_token, by=By("ada"), account_id=ada, token_id=1)
    assert last(engine)[:3] == ("token.revoked", "ada", "token nightly of ada")


def test_somebody_signs_in_and_out(engine, ada):
    do(engine, logins.begin_login, by=NOBODY, account_id=ada, device="Firefox", lasts=HOUR)
    assert last(engine) == ("login.begun", "ada", "account ada", None, {"device": "Firefox"})
    assert do(engine, logins.end_login, by=By("ada"), account_id=ada, login_id=1)
    assert last(engine) == ("login.ended", "ada", "account ada", None, {"logins": 1})
    n = len(rows(engine))
    assert not do(engine, logins.end_login, by=By("ada"), account_id=ada, login_id=1)
    do(engine, logins.end_logins, by=By("ada"), account_id=ada)
    assert len(rows(engine)) == n


def test_all_logins_that_are_ended_at_once_are_counted(engine, ada):
    for _ in range(3):
        do(engine, logins.begin_login, account_id=ada, device="", lasts=HOUR)
    do(engine, logins.end_logins, account_id=ada, but=1)
    assert last(engine)[4] == {"logins": 2}


def test_a_refused_sign_in_is_noted_with_the_name_that_was_tried(engine):
    do(engine, logins.refuse_login, by=NOBODY, name="eve", device="curl")
    assert last(engine) == (
        "login.refused", "nobody signed in", "account eve", None, {"device": "curl"},
    )  # fmt: skip


@pytest.mark.parametrize("name", ["Correct Horse 9!", "a b", "x" * 200, "", "a\0b", "<b>"])
def test_what_is_no_name_is_not_noted_for_it_may_be_a_password(engine, name):
    do(engine, logins.refuse_login, name=name, device="")
    assert last(engine)[2] == "account (no name of an account)"


def test_of_a_flood_of_refused_sign_ins_only_some_are_noted(engine):
    for number in range(logins.REFUSED_A_MINUTE + 20):
        do(engine, logins.refuse_login, name=f"eve-{number}", device="")
    assert len(rows(engine)) == logins.REFUSED_A_MINUTE


def test_an_invite_is_made_used_by_whoever_has_it_and_never_by_nobody(engine, ada):  # noqa: ARG001
    given = {"kind": "invite", "lasts": HOUR, "actor": "ada", "role": "viewer", "model_id": 1}
    secret = do(engine, links.create_link, by=By("ada"), note="for Bob", **given)
    action, actor, subject, _, after = last(engine)
    assert (action, actor, subject) == ("link.created", "ada", "invite link 1")
    assert (after["note"], after["role"], rows(engine)[-1]["model"]) == ("for Bob", "viewer", "toy")

    def accept(session):
        links.use_link(session, secret=secret)
        people.create_account(session, name="bob")

    do(engine, accept, by=NOBODY)
    assert [(row["action"], row["actor"]) for row in rows(engine)[-2:]] == [
        ("link.used", "invite link 1"), ("account.created", "invite link 1"),
    ]  # fmt: skip


def test_a_login_link_is_used_by_whom_it_lets_in(engine, ada):
    given = {"kind": "login", "lasts": HOUR, "actor": "local owner", "account_id": ada}
    secret = do(engine, links.create_link, **given)
    do(engine, links.use_link, by=NOBODY, secret=secret)
    assert last(engine)[:3] == ("link.used", "ada", "login link 1 for ada")
    n = len(rows(engine))
    with pytest.raises(NotFoundError):
        do(engine, links.use_link, by=NOBODY, secret=secret)
    assert len(rows(engine)) == n


def test_an_invite_is_withdrawn(engine, ada):  # noqa: ARG001
    do(engine, links.create_link, kind="invite", lasts=HOUR, actor="ada", role="viewer")
    do(engine, links.withdraw_link, by=By("ada"), link_id=1)
    assert last(engine)[:3] == ("link.withdrawn", "ada", "invite link 1")


def test_no_secret_nor_what_is_kept_of_one_is_in_the_log(engine, ada):
    with open_session(engine, commit=True) as session:
        secrets = [
            HASH,
            WORDS,
            logins.begin_login(session, account_id=ada, device="d", lasts=HOUR),
            tokens.create_token(session, account_id=ada, name="t", scopes=["see"], lasts=None),
            *(
                links.create_link(session, kind=kind, lasts=HOUR, actor="ada", account_id=account)
                for kind, account in (("login", ada), ("reset", ada), ("invite", None))
            ),
        ]
        people.create_account(session, name="bob", password=WORDS)
        people.set_password(session, account_id=ada, password=WORDS)
        links.use_link(session, secret=secrets[4])
        links.withdraw_link(session, link_id=3)
        tokens.revoke_token(session, account_id=ada, token_id=1)
        logins.end_logins(session, account_id=ada)
        people.disable(session, name="bob")
    with open_session(engine) as session:
        kept = [
            digest
            for table in (LinkTable, LoginTable, TokenTable)
            for digest in session.scalars(select(table.digest))
        ]
    whole = repr(rows(engine))
    assert len(rows(engine)) > 12
    for secret in (*secrets, *kept, *map(digest_of, secrets)):
        assert secret not in whole
        assert secret[:20] not in whole
    assert verify(engine).fault is None


def test_a_proof_of_chosen_units_is_noted_and_those_of_jobs_are_part_of_the_job(engine):
    ran = {
        "dtype": "float32", "device": "cpu", "code_version": "1", "torch_version": "2",
        "queue_ms": 1.0, "model_ms": 2.0, "clean_reused": True,
    }  # fmt: skip
    with open_session(engine, commit=True) as session:
        model = tables.model()
        session.add(model)
        session.flush()
        run = tables.run(model.id, "circuit")
        session.add(run)
        session.flush()
        keep_task(session, model="toy", task=imported(), actor="ada", slug="t", run_id=run.id)
        keep_circuit(
            session, model="toy", circuit=without_units(), actor="ada", slug="c", run_id=run.id
        )
        keep_proof(session, model="toy", slug="c", proof=proof(), run_id=run.id)
    assert rows(engine) == []
    with open_session(engine, commit=True) as session:
        keep_chosen_proof(
            session, model="toy", slug="c", proof=proof(), ran=ran, seed=0, actor="ada"
        )
    assert last(engine)[:3] == ("proof.created", "ada", "circuit c")
