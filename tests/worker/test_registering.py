"""Adding models and corpora: what is stored, what is a no-op, what is refused."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from sqlalchemy import Engine, func, select

from analysis.errors import CorpusError, ModelError
from analysis.models.loading import load_model
from analysis.worker.registering import add_corpus, add_model, default_name
from analysis.worker.subjects import load_subject
from app.errors import BadRequestError, ConflictError
from app.settings import Settings
from app.store.engine import open_session
from app.store.queries import corpus, model
from app.store.request_fields import MOST_SPLITS
from app.store.requests import SweepRequest
from app.store.tables import CorpusTable, DocumentTable, ModelTable
from tests.analysis.models.tiny import make_tiny
from tests.store import audit_log


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny("llama", tmp_path_factory.mktemp("tiny") / "Tiny Llama")


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny("plain", tmp_path_factory.mktemp("plain") / "toy")


def texts(folder: Path, *texts: tuple[str, str]) -> str:
    file = folder / "tales.jsonl"
    lines = [json.dumps({"text": text, "domain": domain}) for text, domain in texts]
    file.write_text("\n".join(lines))
    return str(file)


STORIES = [
    (f"Story {n}: " + " ".join(f"word{n}x{m}" for m in range(30)), "novel" if n % 3 else "code")
    for n in range(30)
]


def test_a_models_facts_sites_and_vocabulary_are_stored(
    engine: Engine, settings: Settings, tiny: Path
) -> None:
    added = add_model(engine, settings, source=str(tiny))
    assert (added.name, added.new) == ("tiny-llama", True)
    with open_session(engine) as session:
        view = model.get_model(session, name="tiny-llama")
        sites = model.list_sites(session, model="tiny-llama")
        vocabulary = model.get_vocabulary(session, model="tiny-llama")
        row = session.scalars(select(ModelTable)).one()
    assert (view.source_kind, view.n_layers, view.title) == ("folder", 2, "Tiny Llama")
    assert view.facts["gated"] is True
    assert {(site.name, site.n_units) for site in sites} == {
        ("mlp.0", 40), ("attn.0", 4), ("mlp.1", 40), ("attn.1", 4),
    }  # fmt: skip
    cpu = torch.device("cpu")
    loaded = load_subject(row, dtype=torch.float32, device=cpu, settings=settings)
    assert vocabulary == loaded.token_texts()


def test_adding_the_same_model_again_changes_nothing_and_another_one_is_refused(
    engine: Engine, settings: Settings, tiny: Path, plain: Path
) -> None:
    assert add_model(engine, settings, source=str(tiny), name="mine").new
    assert not add_model(engine, settings, source=str(tiny), name="mine").new
    with pytest.raises(ConflictError, match="belongs to another model"):
        add_model(engine, settings, source=str(plain), name="mine")
    assert [(row["action"], row["model"]) for row in audit_log.rows(engine)] == [
        ("model.added", "mine")
    ]
    assert add_model(engine, settings, source=str(plain), name="other").new
    with open_session(engine) as session:
        assert [view.name for view in model.list_models(session)] == ["mine", "other"]


def test_a_plain_model_is_loaded_again_from_where_it_lies(
    engine: Engine, settings: Settings, plain: Path
) -> None:
    add_model(engine, settings, source=str(plain))
    with open_session(engine) as session:
        row = session.scalars(select(ModelTable)).one()
    cpu = torch.device("cpu")
    again = load_subject(row, dtype=torch.float32, device=cpu, settings=settings)
    first = load_model(str(plain), dtype=torch.float32, device=cpu, cache=settings.data)
    assert again.facts == first.facts


def test_people_read_neither_the_users_home_nor_where_the_demos_package_lies(
    engine: Engine, settings: Settings, plain: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(plain.parent))
    add_model(engine, settings, source=str(plain), name="mine")
    add_model(engine, settings, source=str(plain), name="demo", shown="package/model.gguf")
    with open_session(engine) as session:
        assert model.get_model(session, name="mine").source == f"~/{plain.name}"
        assert model.get_model(session, name="demo").source == "package/model.gguf"


@pytest.mark.parametrize("kind", ["model", "corpus"])
def test_two_who_add_the_same_at_once_both_have_it_and_one_has_added_it(
    engine: Engine, settings: Settings, plain: Path, tmp_path: Path, kind: str
) -> None:
    source = texts(tmp_path, *STORIES)
    barrier = threading.Barrier(2)

    def add(_: int) -> bool:
        barrier.wait()
        if kind == "model":
            return add_model(engine, settings, source=str(plain), name="mine").new
        return add_corpus(engine, settings, source=source, name="mine").new

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(add, range(2))) == [False, True]
    with open_session(engine) as session:
        if kind == "corpus":
            found = session.scalars(select(CorpusTable)).one()
            assert (settings.data / found.folder).is_dir()
            n_rows = session.scalar(select(func.count()).select_from(DocumentTable))
            assert n_rows == found.n_documents
        else:
            assert len(model.list_models(session)) == 1


@pytest.mark.parametrize("name", ["../up", "Upper", "", "a/b", "x" * 65, "<b>", "a b", ".hidden"])
def test_names_that_are_no_slugs_are_refused(
    engine: Engine, settings: Settings, tiny: Path, name: str
) -> None:
    if not name:
        with pytest.raises(BadRequestError):
            default_name("///", "model")
        return
    with pytest.raises(BadRequestError, match="cannot be a name"):
        add_model(engine, settings, source=str(tiny), name=name)
    with pytest.raises(BadRequestError, match="cannot be a name"):
        add_corpus(engine, settings, source="starter", name=name)


def test_names_follow_from_sources() -> None:
    names = {
        "EleutherAI/pythia-70m": "pythia-70m",
        "./My Model.GGUF": "my-model",
        "/data/texts.jsonl.gz": "texts",
        "gpt2/": "gpt2",
    }
    assert {source: default_name(source, "model") for source in names} == names


def test_a_model_that_cannot_be_loaded_leaves_nothing(
    engine: Engine, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError):
        add_model(engine, settings, source=str(tmp_path / "empty"))
    with open_session(engine) as session:
        assert model.list_models(session) == []


def test_a_corpus_is_frozen_and_its_documents_are_rows(
    engine: Engine, settings: Settings, tmp_path: Path
) -> None:
    source = texts(tmp_path, *STORIES)
    added = add_corpus(engine, settings, source=source, held_out=["code"])
    assert (added.name, added.new) == ("tales", True)
    with open_session(engine) as session:
        view = corpus.get_corpus(session, name="tales")
        n_rows = session.scalar(select(func.count()).select_from(DocumentTable))
    assert view.n_documents == n_rows == 30
    assert view.splits["ood:code"] == 10
    assert view.reading["held_out"] == ["code"]
    assert view.reading["shares"] == {"fit": 0.7, "calibration": 0.1, "test": 0.2}
    folders = list((settings.data / "corpora").iterdir())
    assert [folder.name for folder in folders] == [f"tales-{view.documents_sha256[:12]}"]


def test_adding_the_same_corpus_again_changes_nothing_and_another_one_is_refused(
    engine: Engine, settings: Settings, tmp_path: Path
) -> None:
    source = texts(tmp_path, *STORIES)
    assert add_corpus(engine, settings, source=source, name="mine").new
    assert not add_corpus(engine, settings, source=source, name="mine").new
    with pytest.raises(ConflictError, match="belongs to another corpus"):
        add_corpus(engine, settings, source=source, name="mine", held_out=["code"])
    assert len(list((settings.data / "corpora").iterdir())) == 1


def test_more_held_out_domains_than_a_sweep_can_name_are_refused_before_anything_is_read(
    engine: Engine, settings: Settings, tmp_path: Path
) -> None:
    domains = [f"Land {n}" for n in range(MOST_SPLITS - 2)]
    source = texts(tmp_path, *((f"All of {domain}.", domain) for domain in domains))
    with Path(source).open("a") as file:
        file.write("\nno JSON")
    with pytest.raises(
        BadRequestError, match=r"62 domains are to be held out; .* at most 61"
    ) as no:
        add_corpus(engine, settings, source=source, held_out=domains)
    assert "Hold out fewer" in (no.value.hint or "")
    assert not list(settings.data.glob("corpora/*"))


def test_the_most_domains_that_may_be_held_out_fit_into_the_command_of_a_sweep(
    engine: Engine, settings: Settings, tmp_path: Path
) -> None:
    domains = [f"Land {n}" for n in range(MOST_SPLITS - 3)]
    source = texts(tmp_path, *((f"All of {domain}.", domain) for domain in domains))
    add_corpus(engine, settings, source=source, held_out=[*domains, "LAND 1"])
    with open_session(engine) as session:
        held_out = list(corpus.get_corpus(session, name="tales").splits)
    assert len(held_out) == 61
    windows = dict.fromkeys(["fit", "calibration", "test", *held_out], 1)
    SweepRequest(model="m", corpus="tales", max_windows=windows)


def test_a_corpus_that_cannot_be_read_leaves_nothing(
    engine: Engine, settings: Settings, tmp_path: Path
) -> None:
    with pytest.raises(CorpusError):
        add_corpus(engine, settings, source=texts(tmp_path, ("", "novel")))
    with open_session(engine) as session:
        assert corpus.list_corpora(session) == []
    assert not list(settings.data.glob("corpora/*"))
