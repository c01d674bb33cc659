"""The calls by which people come in, judge, and may do things, beside those of `auditing.py`."""

from datetime import timedelta
from typing import Any, Final

import httpx

from app.auth.passwords import hashed
from app.store.accounts.identities import link_identity
from app.store.accounts.links import create_invite, create_link
from app.store.accounts.logins import begin_login
from app.store.accounts.members import set_role
from app.store.accounts.people import create_account
from app.store.accounts.tokens import create_token
from app.store.engine import open_session
from app.store.judging import Rating, judge
from app.store.queries.export import ask_export
from tests.api.auditing import UNIT, V1, Call, Site

HOUR: Final = timedelta(hours=1)
WORDS: Final = "hunter2-hunter2"
TAKEN: Final = f"{V1}/models/synthetic/explanations.jsonl"
OWNER: Final = "local owner"


def root(on: Site) -> dict[str, Any]:
    """A request of an administrator, who is signed in by login 1."""
    with open_session(on.engine, commit=True) as session:
        account = create_account(
            session, name="root", password=hashed(WORDS), is_administrator=True
        )
        secret = begin_login(session, account_id=account, device="", lasts=HOUR)
    return {"headers": {"cookie": f"patchclamp={secret}"}}


def ada(on: Site) -> str:
    with open_session(on.engine, commit=True) as session:
        create_account(session, name="ada")
    return "ada"


def other_login(on: Site) -> None:
    with open_session(on.engine, commit=True) as session:
        begin_login(session, account_id=1, device="", lasts=HOUR)


def token(on: Site) -> None:
    with open_session(on.engine, commit=True) as session:
        create_token(session, account_id=1, name="t", scopes=["see"], lasts=None)


def invite(on: Site) -> str:
    with open_session(on.engine, commit=True) as session:
        return create_link(session, kind="invite", lasts=HOUR, actor="root", role="viewer")


def invite_to_model(on: Site) -> None:
    with open_session(on.engine, commit=True) as session:
        create_invite(session, role="viewer", model="synthetic", note="", lasts=HOUR, actor="root")


def viewing(on: Site) -> None:
    with open_session(on.engine, commit=True) as session:
        set_role(session, name="ada", model="synthetic", role="viewer")


def identified(on: Site) -> None:
    with open_session(on.engine, commit=True) as session:
        link_identity(session, account_id=1, identity="https://login.example root")


def asking(on: Site) -> None:
    with open_session(on.engine, commit=True) as session:
        ask_export(session, actor="ada", address=TAKEN, model="synthetic", purpose="A talk")


def judged(on: Site) -> int:
    number = on.explanation
    with open_session(on.engine, commit=True) as session:
        judge(session, explanation_id=number, actor=OWNER, rating=Rating("accept"))
    return number


def as_root(path: str, *before: Any, method: str = "POST", **body: Any) -> Call:
    def call(on: Site) -> httpx.Response:
        who = root(on)
        for each in before:
            each(on)
        return on.client.request(method, path, **who, **body)

    return call


def sign_in(on: Site, password: str) -> httpx.Response:
    root(on)
    return on.client.post("/login", data={"name": "root", "password": password})


JOIN: Final = {"name": "bob", "password": WORDS}
FIRST: Final = {"name": "ada", "password": WORDS}
TOKEN: Final = {"name": "t", "scopes": ["see"], "days": 7}
CALLS_OF_PEOPLE: Final[dict[str, tuple[str, str, Call]]] = {
    f"PUT {V1}/explanations/{{explanation_id}}/judgement": (
        "explanation.judged", OWNER,
        lambda on: on.client.put(
            f"{V1}/explanations/{on.explanation}/judgement", json={"verdict": "accept"}
        ),
    ),
    f"DELETE {V1}/explanations/{{explanation_id}}/judgement": (
        "explanation.judgement_taken_back", OWNER,
        lambda on: on.client.delete(f"{V1}/explanations/{judged(on)}/judgement"),
    ),
    "POST /m/{model}/{site}/{index}/explanations/{number}/judgement": (
        "explanation.judged", OWNER,
        lambda on: on.client.post(
            f"{UNIT}/explanations/{on.explanation}/judgement", data={"verdict": "accept"}
        ),
    ),
    "POST /m/{model}/{site}/{index}/explanations/{number}/judgement/take-back": (
        "explanation.judgement_taken_back", OWNER,
        lambda on: on.client.post(f"{UNIT}/explanations/{judged(on)}/judgement/take-back"),
    ),
    "POST /m/{model}/people": (
        "role.changed", "root",
        as_root("/m/synthetic/people", ada, data={"name": "ada", "role": "viewer"}),
    ),
    "POST /m/{model}/people/invites": (
        "link.created", "root", as_root("/m/synthetic/people/invites", data={"role": "viewer"}),
    ),
    "POST /m/{model}/people/invites/{link_id}/withdraw": (
        "link.withdrawn", "root",
        as_root("/m/synthetic/people/invites/1/withdraw", invite_to_model),
    ),
    f"PUT {V1}/models/{{model}}/people/{{name}}": (
        "role.changed", "root",
        as_root(f"{V1}/models/synthetic/people/ada", ada, method="PUT", json={"role": "viewer"}),
    ),
    f"DELETE {V1}/models/{{model}}/people/{{name}}": (
        "role.changed", "root",
        as_root(f"{V1}/models/synthetic/people/ada", ada, viewing, method="DELETE"),
    ),
    f"POST {V1}/models/{{model}}/invites": (
        "link.created", "root",
        as_root(f"{V1}/models/synthetic/invites", json={"role": "viewer"}),
    ),
    f"DELETE {V1}/models/{{model}}/invites/{{link_id}}": (
        "link.withdrawn", "root",
        as_root(f"{V1}/models/synthetic/invites/1", invite_to_model, method="DELETE"),
    ),
    "POST /exports": (
        "export.asked", OWNER,
        lambda on: on.client.post("/exports", data={"address": TAKEN, "purpose": "A talk"}),
    ),
    f"POST {V1}/exports": (
        "export.asked", OWNER,
        lambda on: on.client.post(f"{V1}/exports", json={"address": TAKEN, "purpose": "A talk"}),
    ),
    "POST /exports/{export_id}": (
        "export.approved", "root", as_root("/exports/1", asking, data={"decision": "24"}),
    ),
    f"POST {V1}/exports/{{export_id}}/decision": (
        "export.refused", "root",
        as_root(f"{V1}/exports/1/decision", asking, json={"hours": None, "words": "No."}),
    ),
    "POST /login": ("login.begun", "root", lambda on: sign_in(on, WORDS)),
    "POST /login/{secret}": (
        "login.begun", "bob", lambda on: on.client.post(f"/login/{invite(on)}", data=JOIN),
    ),
    "POST /logout": ("login.ended", "root", as_root("/logout")),
    "POST /people/first": (
        "login.begun", "ada", lambda on: on.client.post("/people/first", data=FIRST),
    ),
    "POST /people/invites": (
        "link.created", "root", as_root("/people/invites", data={"role": "viewer"}),
    ),
    "POST /people/invites/{link_id}/withdraw": (
        "link.withdrawn", "root", as_root("/people/invites/1/withdraw", invite),
    ),
    "POST /people/{name}/role": (
        "role.changed", "root", as_root("/people/ada/role", ada, data={"role": "viewer"}),
    ),
    "POST /people/{name}/administrator": (
        "account.administrator_changed", "root",
        as_root("/people/ada/administrator", ada, data={"on": "true"}),
    ),
    "POST /people/{name}/enabled": (
        "account.disabled", "root", as_root("/people/ada/enabled", ada, data={"on": "false"}),
    ),
    "POST /people/{name}/reset": ("link.created", "root", as_root("/people/ada/reset", ada)),
    "POST /account/password": (
        "account.password_changed", "root",
        as_root("/account/password", data={"old": WORDS, "password": f"{WORDS}-again"}),
    ),
    "POST /account/logins/{login_id}/end": (
        "login.ended", "root", as_root("/account/logins/2/end", other_login),
    ),
    "POST /account/logins/end": (
        "login.ended", "root", as_root("/account/logins/end", other_login),
    ),
    "POST /account/identity/unlink": (
        "account.identity_unlinked", "root", as_root("/account/identity/unlink", identified),
    ),
    "POST /account/tokens": ("token.created", "root", as_root("/account/tokens", data=TOKEN)),
    "POST /account/tokens/{token_id}/revoke": (
        "token.revoked", "root", as_root("/account/tokens/1/revoke", token),
    ),
    f"POST {V1}/account/tokens": (
        "token.created", "root", as_root(f"{V1}/account/tokens", json=TOKEN),
    ),
    f"DELETE {V1}/account/tokens/{{token_id}}": (
        "token.revoked", "root", as_root(f"{V1}/account/tokens/1", token, method="DELETE"),
    ),
}  # fmt: skip
"""By method and path: the action, who did it, and one such call that succeeds."""
