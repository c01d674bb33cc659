"""Adds models and corpora to the store: facts, sites, vocabulary; frozen documents.

Adding the same thing again under its name changes nothing, so that scripts and `patchclamp demo`
may say it every time. Another thing under a taken name is a conflict.
"""

import re
import shutil
import uuid
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal

import torch
from sqlalchemy import Engine, insert, select
from sqlalchemy.orm import Session

from analysis.corpora.freezing import freeze_corpus
from analysis.corpora.frozen import Frozen
from analysis.corpora.normalising import slug
from analysis.corpora.readers.base import ReadOptions, Replaced
from analysis.corpora.reading import HELD_OUT, read_documents, tell_kind
from analysis.corpora.splitting import SPLITS
from analysis.errors import CorpusError
from analysis.models.conversion import convert_gguf
from analysis.models.loading import converted_folder, detect_kind, load_model
from analysis.models.subject import SourceKind, SubjectModel
from analysis.worker.subjects import CACHE
from app.errors import BadRequestError, ConflictError
from app.sealed import refuse_outgoing
from app.settings import Settings
from app.store.audit.noting import note
from app.store.engine import open_session
from app.store.inserting import insert_new
from app.store.packing import pack_vocabulary
from app.store.request_fields import MOST_SPLITS
from app.store.tables import CorpusTable, DocumentTable, ModelTable, SiteTable, VocabularyTable

NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
CORPORA: Final = "corpora"
ROWS_AT_ONCE: Final = 500
MOST_HELD_OUT: Final = MOST_SPLITS - len(SPLITS)

Tell = Callable[[str, float, float | None], None]
"""Is told what is being done, how much is done, and of how much (None: unknown)."""


def say_nothing(what: str, done: float, total: float | None) -> None:
    """Listens to nothing."""


@dataclass(frozen=True)
class Added:
    name: str
    new: bool
    """False: the same thing was there already under this name."""


def add_model(
    engine: Engine,
    settings: Settings,
    *,
    source: str,
    name: str | None = None,
    kind: Literal["auto"] | SourceKind = "auto",
    shown: str | None = None,
    tell: Tell = say_nothing,
) -> Added:
    """The model's name in the store. `shown` stands for the source wherever people read it.

    Raises BadRequestError for a name that is no slug, ConflictError where it belongs to another
    model, ModelError for all that can be wrong with the model itself.
    """
    name = checked_name(name) if name else default_name(source, "model")
    found = detect_kind(source) if kind == "auto" else kind
    if found == "hub":
        _refuse_hub(settings, f"Fetching the model {source}")
    folder, loaded_kind = _weights_folder(source, found, settings, tell)
    tell("loading the model", 0.7, 1.0)
    model = load_model(
        source if folder is None else str(settings.data / folder),
        kind=loaded_kind,
        dtype=torch.float32,
        device=torch.device("cpu"),
        cache=settings.data / CACHE,
    )
    tell("storing its facts", 0.95, 1.0)
    title = Path(source).stem if found == "gguf" else source.rstrip("/").rsplit("/", 1)[-1]
    with open_session(engine, commit=True) as session:
        new = _insert_model(
            session,
            model,
            name=name,
            title=title,
            source=shown or without_home(source),
            kind=found,
            folder=folder,
        )
        if not new:
            _require_same_model(
                session.scalars(select(ModelTable).filter_by(name=name)).one(), model
            )
        else:
            note(
                session, action="model.added", model=name, subject=f"model {name}",
                after={"source": shown or without_home(source), "kind": found},
            )  # fmt: skip
    tell("done", 1.0, 1.0)
    return Added(name, new=new)


def add_corpus(
    engine: Engine,
    settings: Settings,
    *,
    source: str,
    name: str | None = None,
    kind: str | None = None,
    held_out: Collection[str] | None = None,
    options: ReadOptions | None = None,
    seed: int = 0,
    max_documents: int | None = None,
    max_characters: int | None = None,
    tell: Tell = say_nothing,
) -> Added:
    """The corpus' name in the store. `held_out` None: what is usual for this kind of source.

    Raises BadRequestError, ConflictError and CorpusError as `add_model` does.
    """
    name = checked_name(name) if name else default_name(source, "corpus")
    kind = kind or tell_kind(source)
    if kind == "hub":
        _refuse_hub(settings, f"Fetching the data set {source}")
    held_out = HELD_OUT.get(kind, ()) if held_out is None else held_out
    _refuse_many(held_out)
    replaced = Replaced()
    unfinished = settings.data / CORPORA / f".adding-{uuid.uuid4().hex}"
    try:
        frozen = freeze_corpus(
            read_documents(source, kind=kind, options=options, replaced=replaced),
            unfinished,
            seed=seed,
            held_out=held_out,
            max_documents=max_documents,
            max_characters=max_characters,
            replaced=replaced,
            progress=lambda done, total: tell("reading documents", done, total),
        )
        with open_session(engine, commit=True) as session:
            # named by content; there already if an earlier attempt died before its commit
            folder = Path(CORPORA) / f"{name}-{frozen.documents_sha256[:12]}"
            number = _insert_corpus(
                session, frozen, name=name, source=source, kind=kind, folder=folder.as_posix()
            )
            if number is None:
                existing = session.scalars(select(CorpusTable).filter_by(name=name)).one()
                _require_same_corpus(existing, frozen, settings, unfinished)
            else:
                _move_into_place(unfinished, settings.data / folder)
                _insert_documents(session, replace(frozen, folder=settings.data / folder), number)
                note(
                    session, action="corpus.added", subject=f"corpus {name}",
                    after={"source": without_home(source), "documents": frozen.reading.n_kept},
                )  # fmt: skip
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return Added(name, new=number is not None)


def checked_name(name: str) -> str:
    if not NAME.fullmatch(name):
        raise BadRequestError(
            f"{name!r} cannot be a name.",
            hint="Use 1 to 64 lower-case letters, digits, dots, dashes and underscores, beginning "
            "with a letter or digit.",
        )
    return name


def default_name(source: str, what: str) -> str:
    """From the last part of a hub id or path: `EleutherAI/pythia-70m` is `pythia-70m`."""
    last = source.rstrip("/").rsplit("/", 1)[-1].lower()
    stem = re.sub(r"\.(gguf|txt|jsonl|parquet)(\.\w+)?$", "", last)
    name = re.sub(r"[^a-z0-9._-]+", "-", stem).strip("-._")[:64]
    if not NAME.fullmatch(name):
        raise BadRequestError(
            f"No name for the {what} follows from {source!r}.", hint="Give one with --name."
        )
    return name


def _refuse_many(held_out: Collection[str]) -> None:
    n = len({slug(domain) for domain in held_out})
    if n > MOST_HELD_OUT:
        raise BadRequestError(
            f"{n} domains are to be held out; a sweep takes at most {MOST_HELD_OUT}.",
            hint="Hold out fewer, give several the same domain in the source, or add several "
            "corpora.",
        )


def _refuse_hub(settings: Settings, what: str) -> None:
    """Raises SealedError. Also of what its cache has: asking there asks the hub what is new."""
    refuse_outgoing(
        settings, f"{what} from the hub",
        instead="Bring its files to this machine by other means, and give their folder.",
        address=None,
    )  # fmt: skip


def without_home(source: str) -> str:
    """A source as people read it: `~/models/toy` says as much without the name of the user."""
    path, home = Path(source), Path.home()
    if path.is_absolute() and path.is_relative_to(home) and path != home:
        return f"~/{path.relative_to(home).as_posix()}"
    return source


def _weights_folder(
    source: str, kind: SourceKind, settings: Settings, tell: Tell
) -> tuple[str | None, SourceKind]:
    """Where the weights lie (relative: under the data folder), and how they are read there."""
    if kind == "hub":
        tell("fetching the model", 0.0, None)
        return None, kind
    if kind == "gguf":
        path = Path(source).expanduser()
        folder = converted_folder(path, settings.data / CACHE)
        convert_gguf(path, folder, lambda what, share: tell(what, 0.7 * share, 1.0))
        return folder.relative_to(settings.data).as_posix(), "folder"
    return str(Path(source).expanduser().resolve()), kind


def _insert_model(
    session: Session,
    model: SubjectModel,
    *,
    name: str,
    title: str,
    source: str,
    kind: SourceKind,
    folder: str | None,
) -> bool:
    """Whether the name was free."""
    facts = asdict(model.facts)
    columns = ("architecture", "n_layers", "n_parameters", "weights_sha256", "tokenizer_sha256")
    number = insert_new(
        session,
        ModelTable,
        name=name,
        title=title,
        source=source,
        source_kind=kind,
        folder=folder,
        facts={key: value for key, value in facts.items() if key not in columns},
        created_at=datetime.now(UTC),
        **{column: facts[column] for column in columns},
    )
    if number is None:
        return False
    sites = [
        {"model_id": number, "name": s.name, "kind": s.kind, "layer": s.layer, "n_units": s.n_units}
        for s in model.sites
    ]
    session.execute(insert(SiteTable), sites)
    texts, output_texts = model.token_texts(), model.output_texts()
    session.execute(
        insert(VocabularyTable).values(
            model_id=number,
            n_tokens=len(texts),
            bos_token_id=model.facts.bos_token_id,
            tokens=pack_vocabulary(texts),
            output_tokens=None if output_texts == texts else pack_vocabulary(output_texts),
        )
    )
    return True


def _insert_corpus(
    session: Session, frozen: Frozen, *, name: str, source: str, kind: str, folder: str
) -> int | None:
    """The number of the corpus; None where its name is taken."""
    return insert_new(
        session,
        CorpusTable,
        name=name,
        title=name if kind == "starter" else source.rstrip("/").rsplit("/", 1)[-1],
        source=without_home(source),
        source_kind=kind,
        folder=folder,
        documents_sha256=frozen.documents_sha256,
        n_documents=frozen.reading.n_kept,
        n_characters=frozen.reading.n_characters,
        reading=reading_of(frozen),
        created_at=datetime.now(UTC),
    )


def _insert_documents(session: Session, frozen: Frozen, corpus_id: int) -> None:
    batch: list[dict[str, Any]] = []
    for document in frozen.documents():
        batch.append(asdict(document) | {"corpus_id": corpus_id})
        if len(batch) == ROWS_AT_ONCE:
            session.execute(insert(DocumentTable), batch)
            batch = []
    if batch:
        session.execute(insert(DocumentTable), batch)


def reading_of(frozen: Frozen) -> dict[str, Any]:
    """How the corpus was read and divided, as stored and shown."""
    return {
        **asdict(frozen.reading),
        "n_near_duplicates": frozen.n_near_duplicates,
        "seed": frozen.division.seed,
        "shares": asdict(frozen.division.shares),
        "held_out": list(frozen.division.held_out),
    }


def _require_same_model(row: ModelTable, model: SubjectModel) -> None:
    facts = model.facts
    same = (row.weights_sha256, row.tokenizer_sha256) == (
        facts.weights_sha256,
        facts.tokenizer_sha256,
    )
    if not same:
        raise ConflictError(
            f"The name {row.name!r} belongs to another model, added from {row.source}.",
            hint="Give this one another name with --name.",
        )


def _require_same_corpus(
    row: CorpusTable, frozen: Frozen, settings: Settings, unfinished: Path
) -> None:
    if row.documents_sha256 != frozen.documents_sha256:
        raise ConflictError(
            f"The name {row.name!r} belongs to another corpus (or to the same one, divided in "
            f"another way), added from {row.source}.",
            hint="Give this one another name with --name.",
        )
    if not (settings.data / row.folder).exists():  # lost: what was just frozen is the same
        _move_into_place(unfinished, settings.data / row.folder)


def _move_into_place(unfinished: Path, folder: Path) -> None:
    try:
        if folder.exists():
            shutil.rmtree(folder)
        folder.parent.mkdir(parents=True, exist_ok=True)
        unfinished.rename(folder)
    except OSError as error:
        raise CorpusError(
            f"The corpus cannot be put into {folder}: {error.strerror}.",
            hint="Check that you may write there, then add it again.",
        ) from error
