"""A server listens beyond its machine only once somebody has an account."""

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine

from app.auth.passwords import is_right
from app.commands.doors import check_doors, invitation, owners_link
from app.commands.listening import take_port
from app.errors import BadRequestError, ConflictError
from app.settings import Settings
from app.store.accounts.links import find_link, use_link
from app.store.accounts.people import create_account, list_accounts, local_owner, password_of
from app.store.engine import open_engine, open_session
from tests.cli.conftest import Run
from tests.kept import migrate

PASSWORD = "correct horse battery"


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    made = open_engine(Settings(data=tmp_path))
    migrate(made)
    return made


@pytest.fixture
def everywhere() -> Iterator[socket.socket]:
    with take_port("0.0.0.0", 0) as taken:  # noqa: S104 (only bound here)
        yield taken


@pytest.fixture
def here() -> Iterator[socket.socket]:
    with take_port("127.0.0.1", 0) as taken:
        yield taken


def add(engine: Engine, **options) -> None:
    with open_session(engine, commit=True) as session:
        create_account(session, name="ada", **options)


def test_nobody_listens_beyond_the_machine_without_an_administrator(
    engine: Engine, tmp_path: Path, everywhere: socket.socket
) -> None:
    with open_session(engine, commit=True) as session:
        local_owner(session)
    add(engine)
    with pytest.raises(BadRequestError, match="does not listen on") as caught:
        check_doors(engine, Settings(data=tmp_path), everywhere)
    assert "patchclamp admin create" in caught.value.hint
    assert everywhere.fileno() == -1, "the port is free again"


def test_with_an_administrator_it_does(
    engine: Engine, tmp_path: Path, everywhere: socket.socket
) -> None:
    add(engine, is_administrator=True)
    check_doors(engine, Settings(data=tmp_path), everywhere)
    assert everywhere.fileno() != -1


def test_on_the_machine_itself_nobody_needs_an_account(
    engine: Engine, tmp_path: Path, here: socket.socket
) -> None:
    check_doors(engine, Settings(data=tmp_path), here)
    with open_session(engine) as session:
        assert list_accounts(session) == []


def test_the_environment_names_the_first_administrator_and_changes_none(
    engine: Engine, tmp_path: Path, everywhere: socket.socket
) -> None:
    named = Settings(data=tmp_path, admin_name="ada", admin_password=SecretStr(PASSWORD))
    check_doors(engine, named, everywhere)
    other = Settings(data=tmp_path, admin_name="eve", admin_password=SecretStr("x" * 20))
    check_doors(engine, other, everywhere)
    with open_session(engine) as session:
        (ada,) = list_accounts(session)
        assert (ada.name, ada.is_administrator) == ("ada", True)
        known = password_of(session, name="ada")
    assert known is not None
    assert is_right(PASSWORD, known[1])


@pytest.mark.parametrize("password", [None, "short"])
def test_an_administrator_of_the_environment_needs_a_password(
    engine: Engine, tmp_path: Path, everywhere: socket.socket, password: str | None
) -> None:
    given = None if password is None else SecretStr(password)
    with pytest.raises(BadRequestError, match=r"PASSWORD is not|fewer than 12"):
        check_doors(
            engine, Settings(data=tmp_path, admin_name="a", admin_password=given), everywhere
        )


def test_the_owner_is_invited_alone_and_in_no_log_of_a_server_that_many_use(
    engine: Engine, here: socket.socket, everywhere: socket.socket
) -> None:
    said = invitation(engine, here, "http://127.0.0.1:8765")
    secret = said.rpartition("/login/")[2]
    with open_session(engine, commit=True) as session:
        assert use_link(session, secret=secret).account == "local owner"
    assert invitation(engine, everywhere, "http://lab") == ""
    add(engine)
    assert invitation(engine, here, "http://127.0.0.1:8765") == "", "standard output is a file"


def test_each_link_is_another(engine: Engine) -> None:
    assert owners_link(engine, "http://a") != owners_link(engine, "http://a")


def test_from_a_shell_an_administrator_is_made_and_somebody_invited(run: Run) -> None:
    assert "Nobody has an account" in run("accounts", "list").stdout
    made = run("admin", "create", "ada", "--full-name", "Ada", "--password-stdin", typed=PASSWORD)
    assert "From now on everybody has to sign in" in made.stdout
    link = run("accounts", "invite", "--role", "annotator", "--url", "https://lab/").stdout.strip()
    assert re.fullmatch(r"https://lab/login/[\w-]{43}", link)
    assert re.search(r"ada +Ada +everything", run("accounts", "list").stdout)
    assert "does not say which port" in run("login-link").stderr
    printed = run("login-link", PATCHCLAMP_PORT="8765").stdout
    assert re.fullmatch(r"http://localhost:8765/login/[\w-]{43}\n", printed)
    assert "viewer of every model" in run("accounts", "role", "ada", "viewer").stdout
    assert "/login/" in run("accounts", "reset", "ada", "--url", "https://lab").stdout


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (["admin", "create", "A b", "--password-stdin"], "cannot be the name"),
        (["admin", "create", "ada"], "no terminal to ask for a password"),
        (["accounts", "invite", "--role", "king", "--url", "http://a"], "is no role"),
        (["accounts", "role", "nobody", "viewer"], "There is no account 'nobody'"),
        (["accounts", "disable", "nobody"], "There is no account 'nobody'"),
    ],
)
def test_what_cannot_be_is_said(run: Run, line: list[str], says: str) -> None:
    done = run(*line, typed=PASSWORD)
    assert done.returncode == 1
    assert says in " ".join(done.stderr.split())


def test_the_only_administrator_stays(run: Run) -> None:
    run("admin", "create", "ada", "--password-stdin", typed=PASSWORD)
    assert "only administrator" in run("accounts", "disable", "ada").stderr


def test_a_taken_name_is_said(engine: Engine) -> None:
    add(engine)
    with pytest.raises(ConflictError, match="already"):
        add(engine)


def test_a_used_link_is_not_told_from_a_forged_one(engine: Engine) -> None:
    secret = owners_link(engine, "").rpartition("/")[2]
    said = []
    with open_session(engine, commit=True) as session:
        use_link(session, secret=secret)
    for asked in (secret, "forged"):
        with open_session(engine) as session, pytest.raises(Exception, match="This link") as caught:
            find_link(session, secret=asked)
        said.append(str(caught.value))
    assert said[0] == said[1]
