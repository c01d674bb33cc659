"""What the strict Content-Security-Policy needs of templates, scripts and styles."""

import hashlib
import json
import re

from tests.contracts.tree import ROOT, VENDORED, files, shown

INLINE = {
    "a style attribute": re.compile(r"<[^>]*\sstyle\s*=", re.IGNORECASE),
    "a style element": re.compile(r"<style\b", re.IGNORECASE),
    "an event attribute": re.compile(r"<[^>]*\son[a-z]+\s*=", re.IGNORECASE),
    "a script in the page": re.compile(r"<script\b(?![^>]*\ssrc=)", re.IGNORECASE),
    "a script in an address": re.compile(r"""["'=]\s*(?:javascript|js):""", re.IGNORECASE),
    "htmx running code": re.compile(r"\bhx-(?:on|vals=.js:)", re.IGNORECASE),
    "trusted markup": re.compile(r"\|\s*safe\b|autoescape\s+false"),
}
CODE_FROM_TEXT = re.compile(r"\beval\(|\bnew Function\(|\.innerHTML\b|\bdocument\.write\(")
ELSEWHERE = re.compile(
    r"""(?:src|href)\s*=\s*["'](?:https?:)?//|url\(\s*["']?(?:https?:)?//|@import"""
)


def test_no_template_carries_a_style_a_script_or_a_handler() -> None:
    found = [
        f"{shown(path)}: {what}"
        for path in files("templates", suffix=".html")
        for what, pattern in INLINE.items()
        if pattern.search(re.sub(r"\{#.*?#\}", "", path.read_text(), flags=re.DOTALL))
    ]
    assert found == []


def test_rendering_writes_no_style_and_no_handler_either() -> None:
    found = [
        f"{shown(path)}: {what}"
        for path in files("app/rendering", suffix=".py")
        for what in ("a style attribute", "a style element", "an event attribute")
        if INLINE[what].search(path.read_text())
    ]
    assert found == []


def test_no_script_makes_code_or_markup_from_text() -> None:
    found = [shown(p) for p in files("static/js") if CODE_FROM_TEXT.search(p.read_text())]
    assert found == []


def test_each_script_has_one_behaviour_in_under_a_hundred_lines() -> None:
    long = [shown(p) for p in files("static/js") if len(p.read_text().splitlines()) >= 100]
    assert long == []


def test_nothing_is_loaded_from_another_server() -> None:
    found = [
        shown(path)
        for path in files("templates", "static")
        if path.suffix in {".html", ".css", ".js"} and ELSEWHERE.search(path.read_text())
    ]
    assert found == []


def test_every_vendored_file_is_the_one_that_the_manifest_describes() -> None:
    manifest = json.loads((VENDORED / "manifest.json").read_text())["files"]
    described = {entry["file"]: entry["sha256"] for entry in manifest}
    there = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in VENDORED.iterdir()
        if path.name != "manifest.json"
    }
    assert there == described


def test_every_vendored_file_says_its_version_source_and_licence() -> None:
    for entry in json.loads((VENDORED / "manifest.json").read_text())["files"]:
        assert entry["file"].startswith(f"{entry['name']}-{entry['version']}.")
        assert entry["source"]
        assert entry["licence"]


def test_the_notice_names_every_vendored_file() -> None:
    notice = (ROOT / "NOTICE").read_text()
    for entry in json.loads((VENDORED / "manifest.json").read_text())["files"]:
        assert f"static/vendor/{entry['file']}" in notice
