"""What a database URL holds beside its address stays out of messages, arguments and answers."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from analysis.worker.durable import queue_name
from app.errors import UnavailableError
from app.settings import Settings
from app.store.backup import backup, connection_environment
from app.store.engine import open_engine
from app.store.failures import name_of, store_name

SECRETS = ("hunter2", "topsecret", "keyphrase")
URL = (
    "postgresql://someone:hunter2@127.0.0.1:1/lab?password=topsecret&sslpassword=keyphrase"
    "&sslmode=prefer"
)


def test_a_store_is_named_by_dialect_host_port_and_database_only(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, database_url=URL)
    assert store_name(open_engine(settings)) == "postgresql://127.0.0.1:1/lab"
    assert queue_name(settings) == "postgresql://127.0.0.1:1/lab"


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("sqlite:////data/store.sqlite?key=hunter2", "/data/store.sqlite"),
        ("sqlite://", ":memory:"),
        ("postgresql://u:hunter2@[::1]:5433/lab", "postgresql://[::1]:5433/lab"),
        ("postgresql:///lab?host=/run/pg&password=hunter2", "postgresql:///lab"),
    ],
)
def test_names_leave_out_users_passwords_and_queries(url: str, name: str) -> None:
    assert name_of(make_url(url)) == name


def test_an_unreachable_store_is_told_without_any_secret_and_publicly_without_address(
    tmp_path: Path,
) -> None:
    engine = open_engine(Settings(data=tmp_path, database_url=URL))
    with pytest.raises(UnavailableError) as caught, engine.connect():
        pass
    assert not any(secret in caught.value.detail for secret in SECRETS)
    assert "postgresql://127.0.0.1:1/lab" in caught.value.detail
    assert caught.value.public.startswith("The store cannot be used: ")
    assert "127.0.0.1" not in caught.value.public


def test_a_dump_gets_its_connection_by_environment_and_not_by_arguments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = open_engine(Settings(data=tmp_path, database_url=URL))
    given: dict[str, Any] = {}

    def run(arguments: list[str], **names: Any) -> subprocess.CompletedProcess[str]:
        given.update(names, arguments=arguments)
        return subprocess.CompletedProcess(arguments, 0, "", "")

    monkeypatch.setattr("app.store.backup.shutil.which", lambda _: "/usr/bin/pg_dump")
    monkeypatch.setattr("app.store.backup.subprocess.run", run)
    target = backup(engine, tmp_path / "copies" / "copy.dump")
    assert target.stat().st_mode & 0o777 == 0o600
    arguments = " ".join(given["arguments"])
    assert not any(secret in arguments for secret in SECRETS)
    assert "someone" not in arguments
    assert connection_environment(engine).items() <= given["env"].items()


def test_the_environment_of_a_dump_has_what_the_url_says(tmp_path: Path) -> None:
    environment = connection_environment(open_engine(Settings(data=tmp_path, database_url=URL)))
    assert environment["PGHOST"] == "127.0.0.1"
    assert environment["PGPORT"] == "1"
    assert environment["PGDATABASE"] == "lab"
    assert environment["PGUSER"] == "someone"
    assert environment["PGSSLMODE"] == "prefer"
    assert environment["PGPASSWORD"] in SECRETS
