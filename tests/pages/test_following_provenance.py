"""Someone asks where a number or a text comes from."""

import hashlib
import re
from dataclasses import asdict, dataclass, field

from sqlalchemy import select, update
from starlette.testclient import TestClient

from app.rendering.corpus import origin
from app.rendering.words import lines
from app.store.engine import open_session
from app.store.requests import OutputRequest, PrepareDemoRequest, RelateRequest, SweepRequest
from app.store.tables import CorpusTable, DocumentTable, RunTable


def test_a_run_shows_everything_that_is_known_of_it(pages: TestClient) -> None:
    run = re.search(
        r'<dt>run</dt><dd><a href="/runs/(\d+)"', pages.get("/m/synthetic/mlp.1/7").text
    )
    assert run is not None
    page = pages.get(f"/runs/{run[1]}").text
    view = pages.get(f"/api/v1/runs/{run[1]}").json()
    for key in ("method", "dtype", "device", "code_version", "weights_sha256", "command"):
        assert str(view[key]) in page, key
    for key in (*view["parameters"], *view["measured"], *view["machine"]):
        assert key.removeprefix("n_").replace("_", " ") in page or key in page, key


def test_a_run_that_was_taken_over_names_every_machine(own_pages: TestClient) -> None:
    attempt = {
        "machine": {"processor": "the second one"},
        "code_version": "0.1.0, commit fedcba",
        "started_at": "2026-03-01T12:00:00+00:00",
    }
    with open_session(own_pages.app.state.engine, commit=True) as session:  # type: ignore[attr-defined]
        run = session.scalars(select(RunTable).filter_by(kind="sweep")).first()
        assert run is not None
        run.machine = run.machine | {"attempts": [attempt]}
    page = own_pages.get(f"/runs/{run.id}").text
    assert page.index("made up") < page.index("continued elsewhere") < page.index("the second one")
    assert "0.1.0, commit fedcba" in page


def test_artifacts_are_listed_with_shape_size_and_hash(pages: TestClient) -> None:
    run = re.search(
        r'<dt>run</dt><dd><a href="/runs/(\d+)"', pages.get("/m/synthetic/mlp.1/7").text
    )
    assert run is not None
    page = pages.get(f"/runs/{run[1]}").text
    assert "80 × 8 × 64" in page
    assert "float16" in page
    assert 'class="hash"' in page


def test_a_run_that_does_not_exist_is_not_found(pages: TestClient) -> None:
    assert pages.get("/runs/99999").status_code == 404
    assert pages.get("/runs/last").status_code == 422


def test_all_corpora_are_listed_as_on_the_front_page(pages: TestClient) -> None:
    page = pages.get("/corpora").text
    assert '<h1 id="corpora-title">Corpora</h1>' in page
    table = re.search(r"<table.*?</table>", page, re.DOTALL)
    assert table is not None
    assert 'href="/corpora/starter"' in table[0]
    corpus = pages.get("/api/v1/corpora").json()[0]
    for split, n in corpus["splits"].items():
        assert f'{split} <data value="{n}">' in table[0]
    front = pages.get("/").text
    assert table[0] in front
    assert '<a href="/corpora">' in front


def test_without_a_corpus_the_list_says_how_to_add_one(empty_pages: TestClient) -> None:
    assert "patchclamp corpora add starter" in empty_pages.get("/corpora").text


def test_a_corpus_lists_its_documents_with_split_and_origin(pages: TestClient) -> None:
    page = pages.get("/corpora/starter").text
    assert "The White Whale, chapter" in page
    assert "A sea novel, set for tests." in page
    assert "ood:code" in page


def test_a_corpus_says_what_is_in_each_split_and_what_follows_from_an_empty_one(
    own_pages: TestClient,
) -> None:
    view = own_pages.get("/api/v1/corpora/starter").json()
    page = own_pages.get("/corpora/starter").text
    for split, n in view["splits"].items():
        size = view["characters"][split]
        assert re.search(rf'{split}</dt><dd><data value="{n}">.*<data value="{size}">', page)
    assert "No document is in" not in page
    with open_session(own_pages.app.state.engine, commit=True) as session:  # type: ignore[attr-defined]
        session.execute(
            update(DocumentTable).where(DocumentTable.split == "test").values(split="fit")
        )
    page = own_pages.get("/corpora/starter").text
    assert "No document is in test" in page
    assert "Add more documents" in page


def fill_corpus(client: TestClient, *, origin: str, n: int) -> None:
    """As a worker reads it, with so many documents."""
    with open_session(client.app.state.engine, commit=True) as session:  # type: ignore[attr-defined]
        corpus = session.scalars(select(CorpusTable)).one()
        first = corpus.n_documents
        corpus.reading = asdict(
            Reading(n_read=n + 3, n_kept=n, n_characters=corpus.n_characters)
        ) | {"seed": 7, "shares": {"fit": 0.7, "test": 0.3}, "held_out": ["code"]}
        corpus.n_documents = n
        session.add_all(
            DocumentTable(
                corpus_id=corpus.id, number=number, title=f"text {number}", domain="novel",
                origin=origin, split="fit", sha256="0" * 64, n_characters=9,
            )
            for number in range(first, n)
        )  # fmt: skip


@dataclass(frozen=True)
class Reading:
    """What a worker stores of how it read."""

    n_read: int
    n_kept: int
    n_characters: int
    n_duplicates: int = 1
    n_near_duplicates: int = 2
    n_empty: int = 0
    n_replaced_bytes: int = 0
    n_links_left_out: int = 0
    limits: dict[str, int | None] = field(default_factory=lambda: {"max_documents": None})


def test_how_a_corpus_was_read_is_told_once_and_in_words(own_pages: TestClient) -> None:
    fill_corpus(own_pages, origin="a shelf", n=12)
    page = own_pages.get("/corpora/starter").text
    facts = page[page.index('id="facts-title"') :].partition("</section>")[0]
    labels = [re.sub(r"<.*?>", "", label) for label in re.findall(r"<dt>(.*?)</dt>", facts)]
    assert len(labels) == len(set(labels))
    assert labels[:3] == ["source", "documents", "characters"]
    assert "1 duplicate, 2 near-duplicates" in facts
    assert "70.0\u202f% fit, 30.0\u202f% test" in facts
    assert "n_" not in facts
    assert facts.index("<details") < facts.index("SHA-256")


def test_a_long_list_of_documents_is_paged_there_and_back(own_pages: TestClient) -> None:
    fill_corpus(own_pages, origin="a shelf", n=130)
    first = own_pages.get("/corpora/starter").text
    assert "text 99<" in first
    assert "text 100<" not in first
    assert 'of <data value="130">130</data> counted from 0' in first
    assert "« first" not in first
    (address,) = re.findall(r'rel="next" href="([^"]+)"', first)
    second = own_pages.get(address).text
    assert "text 100<" in second
    assert 'rel="next"' not in second
    assert '<a href="/corpora/starter" hx-get' in second


def test_an_origin_with_an_address_leads_there(own_pages: TestClient) -> None:
    told = "A <b>book</b>, from https://books.example/9?a=1&b=2. Public domain."
    fill_corpus(own_pages, origin=told, n=130)
    address = "https://books.example/9?a=1&amp;b=2"
    link = f'<a href="{address}" rel="noreferrer">{address}</a>. Public domain.'
    for path in ("/corpora/starter", "/corpora/starter/129"):
        page = own_pages.get(path).text
        assert f"A &lt;b&gt;book&lt;/b&gt;, from {link}" in page
    assert origin("javascript://x") == "javascript://x"


def test_an_exemplar_leads_to_its_document(pages: TestClient) -> None:
    link = re.search(r'href="(/corpora/starter/\d+)"', pages.get("/m/synthetic/mlp.1/7").text)
    assert link is not None
    assert "origin" in pages.get(link[1]).text


def test_what_no_corpus_has_is_not_found(pages: TestClient) -> None:
    assert pages.get("/corpora/none").status_code == 404
    assert pages.get("/corpora/starter/99999").status_code == 404
    assert pages.get("/corpora/starter?cursor=x").status_code == 422


def test_every_kind_of_job_is_in_the_glossary(pages: TestClient) -> None:
    page = pages.get("/glossary").text
    for request in (SweepRequest, OutputRequest, RelateRequest, PrepareDemoRequest):
        assert f"<dfn>{request.model_fields['kind'].default}</dfn>" in page


def test_terms_lead_to_the_glossary(pages: TestClient) -> None:
    page = pages.get("/m/synthetic/mlp.1/7").text
    anchors = set(re.findall(r'href="/glossary#([\w-]+)"', page))
    glossary = pages.get("/glossary").text
    assert "density" in anchors
    for anchor in anchors:
        assert f'<div id="{anchor}">' in glossary, anchor


def test_parameters_with_parts_have_a_line_for_each_part() -> None:
    sampling = {"fit": {"top": 12, "per_interval": 2}, "test": {"top": 4}}
    assert lines(sampling) == ["fit: top 12, per interval 2", "test: top 4"]
    assert lines({"bins": 128, "fraction": 0.125}) == ["bins 128, fraction 0.125"]
    assert lines([0.25, 0.95]) == ["0.25, 0.95"]


def test_each_artifact_can_be_downloaded_and_checked(pages: TestClient) -> None:
    unit = pages.get("/m/synthetic/mlp.1/7").text
    (run,) = set(re.findall(r'<dt>run</dt><dd><a href="(/runs/\d+)"', unit))
    page = pages.get(run).text
    found = re.search(r'href="(/api/v1/runs/\d+/artifacts/(\w{64})\?format=raw)"', page)
    assert found is not None
    assert hashlib.sha256(pages.get(found[1]).content).hexdigest() == found[2]
