"""What the pages load: all of it ours or accounted for."""

import hashlib
import json
import re

from starlette.testclient import TestClient

from app.assets import asset
from app.rendering import glossary


def test_every_vendored_file_is_in_the_manifest_with_its_hash() -> None:
    folder = asset("static/vendor")
    manifest = json.loads((folder / "manifest.json").read_text())
    listed = {entry["file"]: entry for entry in manifest["files"]}
    assert set(listed) == {path.name for path in folder.iterdir()} - {"manifest.json"}
    for name, entry in listed.items():
        content = (folder / name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == entry["sha256"]
        assert entry["licence"]
        assert entry["source"]


def test_everything_that_a_page_refers_to_is_served(pages: TestClient) -> None:
    page = pages.get("/m/synthetic").text
    addresses = set(re.findall(r'(?:src|href)="(/static/[^"]+)"', page))
    assert len(addresses) >= 8
    for address in addresses:
        assert pages.get(address).status_code == 200, address


def test_modules_import_only_each_other() -> None:
    for path in asset("static/js").glob("*.js"):
        text = path.read_text()
        assert len(text.splitlines()) <= 100, path.name
        assert "eval(" not in text
        for module in re.findall(r'from "([^"]+)"|import "([^"]+)"', text):
            name = next(filter(None, module))
            assert name.startswith("./"), (path.name, name)
            assert (path.parent / name).exists(), (path.name, name)


def test_the_glossary_document_is_what_the_code_makes() -> None:
    document = asset("docs/glossary.md")
    assert document.read_text() == glossary.document()
