"""Commands, requests, settings and programs that the documentation shows are such as there are."""

import ast
import configparser
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import typer
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.routing import Match

from app.cli import build
from app.main import create_app
from app.settings import Settings
from tests.contracts.documented import PAGES, SHELLS, Block, all_blocks, blocks_of, commands_of
from tests.contracts.tree import shown

SHELL_BLOCKS = all_blocks(*SHELLS)
OTHERS = {"PATCHCLAMP_STARTED_BY", "PATCHCLAMP_BENCH_POSTGRESQL_URL"}
"""Variables that are no settings."""


@cache
def top() -> typer.core.TyperGroup:
    group = typer.main.get_group(build())
    assert isinstance(group, typer.core.TyperGroup)
    return group


def complaint(words: list[str]) -> str | None:
    """What the command line would say of the words behind `patchclamp`, whatever the values."""
    command, context = top(), top().make_context("patchclamp", [], resilient_parsing=True)
    while isinstance(command, typer.core.TyperGroup):
        if not words or words[0].startswith("-"):
            return None if words in ([], ["--help"], ["--version"]) else f"no option {words[0]}"
        found = command.commands.get(words[0])
        if found is None:
            return f"no command {words[0]}"
        context = found.context_class(found, info_name=words[0], parent=context)
        command, words = found, words[1:]
        if not words and isinstance(command, typer.core.TyperGroup):
            return None if command.invoke_without_command else "a group without its command"
    if words == ["--help"]:
        return None
    try:
        _, rest, _ = command.make_parser(context).parse_args(words)
    except Exception as error:  # noqa: BLE001 - whatever it says
        return str(error)
    return f"too many words: {rest}" if rest else None


@pytest.mark.parametrize("block", SHELL_BLOCKS, ids=str)
def test_every_command_that_is_shown_is_one(block: Block) -> None:
    for words in commands_of(block):
        if words[0].rpartition("/")[2] == "patchclamp" and words[1:] != ["$@"]:
            assert complaint(words[1:]) is None, " ".join(words)


def test_a_command_that_is_none_would_be_found() -> None:
    text = "patchclamp swep --model m\npatchclamp sweep --modle m --corpus c\npatchclamp db\n"
    wrong = [complaint(words[1:]) for words in commands_of(Block("a page", 1, "", text))]
    assert None not in wrong


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_every_setting_that_is_named_is_one(page: Path) -> None:
    known = {f"PATCHCLAMP_{name.upper()}" for name in Settings.model_fields} | OTHERS
    if page.name == "CHANGELOG.md":
        return
    assert set(re.findall(r"PATCHCLAMP_[A-Z_]*[A-Z]\b(?!_)", page.read_text())) <= known


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    return create_app(Settings(data=tmp_path_factory.mktemp("routes"), log_level="error"))


def requests_of(words: list[str]) -> Iterator[tuple[str, str]]:
    """Method and path of what a curl command asks of this server."""
    method = "GET"
    for word, after in zip(words, [*words[1:], ""], strict=True):
        if word in ("-d", "--data", "--data-binary", "-F"):
            method = "POST"
        if word == "-T":
            method = "PUT"
        if word == "-X":
            method = after
    for word in words:
        if word.startswith(("http://127.0.0.1", "http://localhost", "https://lab.example.org")):
            yield method, urlsplit(word).path


@pytest.mark.parametrize("block", SHELL_BLOCKS, ids=str)
def test_every_request_that_is_shown_has_a_route(block: Block, app: FastAPI) -> None:
    for words in commands_of(block):
        for method, path in requests_of(words) if words[0] == "curl" else ():
            scope = {"type": "http", "method": method, "path": path, "root_path": ""}
            matches = [
                context.route.matches(dict(scope)) for context in iter_route_contexts(app.routes)
            ]
            assert any(found is Match.FULL for found, _ in matches), f"{method} {path}"


@pytest.mark.parametrize("block", all_blocks("python"), ids=str)
def test_every_program_that_is_shown_can_be_read(block: Block) -> None:
    ast.parse(block.text)


@pytest.mark.parametrize("block", all_blocks("json"), ids=str)
def test_every_object_that_is_shown_can_be_read(block: Block) -> None:
    json.loads(block.text)


UNITS = [block for block in blocks_of("docs/running.md", "ini") if "[Unit]" in block.text]


@pytest.mark.parametrize("block", UNITS, ids=str)
def test_every_service_that_is_shown_starts_a_command(block: Block) -> None:
    unit = configparser.ConfigParser(strict=True, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read_string(block.text)
    program, *words = unit["Service"]["ExecStart"].split()
    assert program == "/opt/patchclamp/bin/patchclamp"
    assert complaint(words) is None


def test_the_settings_of_the_services_are_settings_that_can_be(monkeypatch, tmp_path) -> None:
    (block,) = [b for b in blocks_of("docs/running.md", "ini") if "[Service]" not in b.text]
    for line in block.text.splitlines():
        name, _, value = line.partition("=")
        monkeypatch.setenv(name, value.strip("'"))
    settings = Settings(data=tmp_path)
    assert "lab.example.org" in settings.allowed_hosts
    assert settings.log_json


def test_both_proxies_pass_on_what_the_server_must_know() -> None:
    (nginx,) = blocks_of("docs/running.md", "nginx")
    for line in (
        "server 127.0.0.1:8765;",
        "proxy_set_header Host              $http_host;",
        "proxy_set_header X-Forwarded-Proto $scheme;",
        "proxy_set_header X-Forwarded-For   $remote_addr;",
        "proxy_buffering off;",
        "client_max_body_size 128m;",
    ):
        assert line in nginx.text
    assert nginx.text.count("{") == nginx.text.count("}")
    (caddy,) = blocks_of("docs/running.md", "caddy")
    assert "reverse_proxy 127.0.0.1:8765" in caddy.text
