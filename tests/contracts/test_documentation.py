"""The documentation says what is there: settings, commands, links."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from app.auth.needs import NEEDS
from app.cli import build
from app.settings import Settings
from tests.contracts.tree import ROOT, own_files, shown

PAGES = [path for path in own_files() if path.suffix == ".md"]
LINK = re.compile(r"!?\[[^\]\n]+\]\(([^)\s]+)\)")
OF_OPERATORS = ("/healthz", "/readyz", "/metrics", "/api/docs", "/api/openapi.json")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def commands(group: typer.core.TyperGroup, above: str) -> Iterator[str]:
    """Every command with the groups above it, as it is typed."""
    for name, command in group.commands.items():
        if command.hidden:
            continue
        path = f"{above} {name}"
        yield path
        if isinstance(command, typer.core.TyperGroup):
            yield from commands(command, path)


def documented_defaults() -> dict[str, str]:
    rows = re.findall(r"^\| `(PATCHCLAMP_\w+)` \| (.*?) \|", text("docs/settings.md"), re.MULTILINE)
    return dict(rows)


def text(name: str) -> str:
    return (ROOT / name).read_text()


def anchors(page: Path) -> set[str]:
    """The fragments that a page's headings can be linked by."""
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        for heading in HEADING.findall(page.read_text())
    }


def test_every_setting_is_documented_and_nothing_else() -> None:
    assert set(documented_defaults()) == {
        f"PATCHCLAMP_{name.upper()}" for name in Settings.model_fields
    }


def test_documented_defaults_are_the_real_ones() -> None:
    documented = documented_defaults()
    for name, field in Settings.model_fields.items():
        default = field.default
        if default is None or field.default_factory is not None:
            continue
        shown_as = str(default).replace("'", '"') if isinstance(default, list) else str(default)
        shown_as = shown_as.lower() if isinstance(default, bool) else shown_as
        assert documented[f"PATCHCLAMP_{name.upper()}"] == f"`{shown_as}`"


def test_every_command_is_documented() -> None:
    documented = text("docs/commands.md")
    missing = [
        path
        for path in commands(typer.main.get_group(build()), "patchclamp")
        if path not in documented
    ]
    assert missing == []


def test_every_page_of_the_documentation_is_in_its_index() -> None:
    index = set(LINK.findall(text("docs/README.md")))
    pages = {path.name for path in (ROOT / "docs").glob("*.md")} - {"README.md"}
    assert pages <= index


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in LINK.findall(page.read_text()):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, fragment = link.partition("#")
        target = page if not name else (page.parent / name).resolve()
        assert target.is_relative_to(ROOT), link
        assert target.exists(), link
        assert not fragment or fragment in anchors(target), link


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_every_file_that_a_page_names_is_there(page: Path) -> None:
    folders = "app|analysis|tests|templates|static|migrations|docs"
    for name in re.findall(rf"`((?:{folders})/[\w./-]*\w)`", page.read_text()):
        assert (ROOT / name).exists(), name


def test_the_changelog_names_the_version() -> None:
    version = re.search(r'^version = "(.+)"$', text("pyproject.toml"), re.MULTILINE)
    assert version is not None
    assert f"## {version[1]}" in text("CHANGELOG.md")


@pytest.mark.parametrize("route", NEEDS)
def test_every_route_is_documented(route: str) -> None:
    """By its last fixed word, in code, where pages or the REST interface are listed."""
    method, _, path = route.partition(" ")
    is_page = not path.startswith("/api") and path not in OF_OPERATORS
    if is_page and method != "GET":
        return  # what a form of a page sends
    words = [word for word in re.split(r"/|\{[^}]*\}|\.", path) if word]
    listed = text("docs/pages.md" if is_page else "docs/api.md")
    code = " ".join(re.findall(r"`([^`]+)`", re.sub(r"```.*?```", "", listed, flags=re.DOTALL)))
    assert not words or re.search(rf"(?<![\w-]){re.escape(words[-1])}(?![\w-])", code)
