"""The shut door: what would leave the machine is refused at the gate with the reason, and what the
gate did not foresee by the guard, in every process."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from analysis.worker.explaining.assisting import check_assistant
from analysis.worker.registering import add_corpus, add_model
from app import sealed
from app.errors import SealedError
from app.inference.opening import open_client
from app.sealed import close_process, refuse_outgoing
from app.settings import Settings
from app.store.requests import AssistantOptions, ExplainRequest
from tests.contracts.tree import ROOT

ELSEWHERE = "203.0.113.7"  # kept for documentation: nobody answers there
HERE = ("127.0.0.1", "localhost", "[::1]", "127.8.9.1")


@pytest.fixture
def shut(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path, sealed=True)


@pytest.fixture(autouse=True)
def opened_again(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in sealed.QUIET:
        monkeypatch.setenv(name, os.environ.get(name, ""))
    yield
    sealed._Guard.hosts = None


def test_a_hub_model_is_refused_with_the_reason(engine: Engine, shut: Settings) -> None:
    with pytest.raises(SealedError, match="Fetching the model openai-community/gpt2") as refused:
        add_model(engine, shut, source="openai-community/gpt2")
    assert "sealed" in refused.value.detail
    assert "folder" in str(refused.value.hint)


def test_a_hub_data_set_is_refused_with_the_reason(engine: Engine, shut: Settings) -> None:
    with pytest.raises(SealedError, match="Fetching the data set stas/openwebtext-10k"):
        add_corpus(engine, shut, source="stas/openwebtext-10k", kind="hub")


def explaining() -> ExplainRequest:
    return ExplainRequest(
        model="m", run_id=1, methods=["language_model"], assistant=AssistantOptions(model="some")
    )


def test_a_language_model_elsewhere_is_refused_with_the_reason(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, sealed=True, assistant_url="https://api.example.com/v1")
    with pytest.raises(SealedError, match="Asking a language model") as refused:
        check_assistant(explaining(), settings)
    assert "PATCHCLAMP_ASSISTANT_URL" in str(refused.value.hint)


@pytest.mark.parametrize("host", HERE)
def test_a_language_model_on_this_machine_may_be_asked(tmp_path: Path, host: str) -> None:
    settings = Settings(data=tmp_path, sealed=True, assistant_url=f"http://{host}:8080/v1")
    assert check_assistant(explaining(), settings) is not None


@pytest.mark.parametrize(
    "address",
    ["https://localhost.example.com", "http://127.0.0.1@example.com/", "http://[bad", "10.0.0.1"],
)
def test_what_only_looks_like_this_machine_is_elsewhere(shut: Settings, address: str) -> None:
    with pytest.raises(SealedError):
        refuse_outgoing(shut, "It", instead="Stay.", address=address)


def test_an_inference_service_elsewhere_is_refused(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, sealed=True, inference_host="10.0.0.1")
    with pytest.raises(SealedError, match="inference service"):
        open_client(settings)


def test_an_open_server_refuses_nothing(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    refuse_outgoing(settings, "It", instead="Stay.", address="https://example.com")
    close_process(settings)
    assert sealed._Guard.hosts is None


TRIES = {
    "connect": f"socket.create_connection(('{ELSEWHERE}', 9), 1)",
    "datagram": f"socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('{ELSEWHERE}', 9))",
    "name": "socket.getaddrinfo('example.com', 443)",
    "old name": "socket.gethostbyname('example.com')",
    "number": f"socket.gethostbyaddr('{ELSEWHERE}')",
    "sixth": "socket.socket(socket.AF_INET6).connect(('2001:db8::1', 9))",
    "request": "__import__('urllib.request').request.urlopen('http://example.com')",
    "httpx": "__import__('httpx').get('http://example.com')",
    "hub": "__import__('huggingface_hub').snapshot_download('openai-community/gpt2')",
}


def run(code: str, data: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    begin = "import socket, app.sealed, app.settings as s; app.sealed.close_process(s.Settings())"
    return subprocess.run(
        [sys.executable, "-c", f"{begin}\n{code}"],
        capture_output=True, text=True, timeout=100, check=False, cwd=ROOT,
        env={
            **{k: v for k, v in os.environ.items() if not k.startswith("HF_")},
            "PATCHCLAMP_DATA": str(data), "PATCHCLAMP_SEALED": "1", **environment,
        },
    )  # fmt: skip


@pytest.mark.parametrize("way", TRIES)
def test_no_way_out_of_a_process_is_left(tmp_path: Path, way: str) -> None:
    ended = run(TRIES[way], tmp_path)
    assert ended.returncode == 1
    assert "sealed" in ended.stderr or "offline" in ended.stderr.lower()


def test_this_machine_and_files_are_reached(tmp_path: Path) -> None:
    code = """
with socket.create_server(("127.0.0.1", 0)) as server:
    socket.create_connection(("localhost", server.getsockname()[1])).close()
one = socket.socket(socket.AF_UNIX); one.bind("there"); one.listen()
socket.socket(socket.AF_UNIX).connect("there")
"""
    ended = run(f"import os; os.chdir({str(tmp_path)!r})\n{code}", tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_the_host_of_the_database_is_looked_up(tmp_path: Path) -> None:
    url = "postgresql://ada:secret@db.example.invalid/store"
    ended = run(
        "socket.getaddrinfo('db.example.invalid', 5432)", tmp_path, PATCHCLAMP_DATABASE_URL=url
    )
    assert "gaierror" in ended.stderr  # it asked, and there is none
    assert "sealed" not in ended.stderr


def test_every_command_shuts_the_door_first(tmp_path: Path) -> None:
    """`patchclamp models add` of a hub id: no look-up, no traceback, one sentence."""
    ended = subprocess.run(
        [sys.executable, "-m", "app", "models", "add", "openai-community/gpt2"],
        capture_output=True, text=True, timeout=200, check=False, cwd=ROOT,
        env={**os.environ, "PATCHCLAMP_DATA": str(tmp_path), "PATCHCLAMP_SEALED": "1"},
    )  # fmt: skip
    assert ended.returncode == 1
    assert "was refused: this server is sealed" in " ".join(ended.stderr.split())
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    "command",
    [
        ("explanations", "export", "synthetic", "--format", "jsonl", "--to", "out"),
        ("tasks", "export", "synthetic", "none"),
        ("circuits", "export", "synthetic", "none"),
        ("audit", "export"),
    ],
)
def test_a_command_exports_nothing(tmp_path: Path, command: tuple[str, ...]) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "app", *command],
        capture_output=True, text=True, timeout=200, check=False, cwd=tmp_path,
        env={
            **os.environ, "PATCHCLAMP_DATA": str(tmp_path), "PATCHCLAMP_SEALED": "1",
            "PYTHONPATH": str(ROOT),
        },
    )  # fmt: skip
    assert ended.returncode == 1
    assert "Nothing was exported: this server is sealed" in " ".join(ended.stderr.split())
    assert ended.stdout == ""
