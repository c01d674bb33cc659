"""The first step of a sweep: windows cut and stored, settings decided, the run written down."""

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from analysis.corpora.cutting import MIN_TOKENS, cut_windows
from analysis.corpora.frozen import read_frozen
from analysis.corpora.window_file import load_windows, save_windows
from analysis.corpora.windows import Windows
from analysis.models.dtypes import DTYPES
from analysis.models.subject import SubjectModel
from analysis.records import ModelFacts
from analysis.worker.context import JobContext
from analysis.worker.provenance import begin_run
from analysis.worker.subjects import chosen_device, chosen_dtype, load_subject, model_row
from analysis.worker.sweeping.repeating import command_of, resolved
from analysis.worker.sweeping.sampling import plan_of, run_parameters, windows_found
from analysis.worker.sweeping.sizing import require_room
from app.errors import BadRequestError, NotFoundError
from app.settings import Settings
from app.store.inserting import insert_new
from app.store.packing import pack
from app.store.requests import SweepRequest
from app.store.tables import CorpusTable, ModelTable, WindowSetTable, WindowTable

METHOD, METHOD_VERSION = "streaming sweep", "2"
WINDOW_FOLDER = "windows"


@dataclass(frozen=True)
class Prepared:
    """What the later steps need, and a restart remembers."""

    run_id: int
    dtype: str
    device: str
    windows_sha256: str


@dataclass(frozen=True)
class Subject:
    """What the worker holds in memory for a sweep."""

    model: SubjectModel
    windows: Windows


def prepare(context: JobContext[SweepRequest]) -> tuple[Prepared, Subject]:
    request, settings = context.request, context.settings
    with Session(context.engine) as session:
        model = model_row(session, request.model)
        corpus = corpus_row(session, request.corpus)
    device = chosen_device(request.device if request.device != "auto" else settings.device)
    context.progress(0, None, "windows", f"loading {model.name}")
    choice = chosen_dtype(model, request.dtype, device)
    subject = load_subject(model, dtype=choice.dtype, device=device, settings=settings)
    _refuse_long_windows(request, subject)
    bos = chosen_bos(request.bos, subject.facts)
    windows = _cut(context, corpus, subject, bos)
    plan = plan_of(request, windows)
    require_room(plan, subject.sites, settings)
    file = windows_file(settings, windows.sha256)
    file.parent.mkdir(parents=True, exist_ok=True)
    save_windows(windows, file)
    context.event("planned", {"dtype": choice.reason, "windows": dict(windows_found(windows))})

    def write(session: Session) -> int:
        window_set = _window_set(session, model, corpus, windows, request)
        return begin_run(
            session,
            kind="sweep",
            method=METHOD,
            method_version=METHOD_VERSION,
            model_id=model.id,
            corpus_id=corpus.id,
            window_set_id=window_set,
            job_id=context.job_id,
            parameters=run_parameters(request, windows, plan)
            | {
                "bos": bos,
                "bos_asked": request.bos,
                "min_tokens": MIN_TOKENS,
                "activation_function": subject.facts.activation_function,
                "dtype_chosen": choice.reason,
            },
            seed=request.seed,
            dtype=dtype,
            device=str(device),
            command=command_of(
                resolved(request, windows, dtype=choice.dtype, device=device, bos=bos)
            ),
        )

    dtype = str(choice.dtype).removeprefix("torch.")
    run_id = context.write(write)
    prepared = Prepared(run_id, dtype, str(device), windows.sha256)
    return prepared, Subject(subject, windows)


def recall(context: JobContext[SweepRequest], prepared: Prepared) -> Subject:
    """After a restart: the same model and windows again."""
    settings = context.settings
    with Session(context.engine) as session:
        model = model_row(session, context.request.model)
    subject = load_subject(
        model,
        dtype=DTYPES[prepared.dtype],
        device=torch.device(prepared.device),
        settings=settings,
    )
    return Subject(subject, load_windows(windows_file(settings, prepared.windows_sha256)))


def windows_file(settings: Settings, sha256: str) -> Path:
    return settings.data / WINDOW_FOLDER / f"{sha256}.npz"


def corpus_row(session: Session, name: str) -> CorpusTable:
    row = session.scalar(select(CorpusTable).where(CorpusTable.name == name))
    if row is None:
        raise NotFoundError(
            f"There is no corpus named {name!r}.", hint="Add it: patchclamp corpora add SOURCE."
        )
    return row


def chosen_bos(wanted: str | int, facts: ModelFacts) -> int | None:
    """The token that every window begins with, if any."""
    if wanted == "never":
        return None
    if wanted == "auto":
        return facts.bos_token_id
    if wanted == "always" and facts.named_bos_token_id is None:
        raise BadRequestError(
            "The tokenizer of this model has no BOS token.",
            hint="Give a token's id with --bos ID, or leave BOS out with --bos never.",
        )
    token = facts.named_bos_token_id if wanted == "always" else int(wanted)
    if token is not None and token >= facts.n_vocab:
        raise BadRequestError(
            f"There is no token {token}: the vocabulary has {facts.n_vocab}.",
            hint="Give the id of a token of the model with --bos ID.",
        )
    return token


def _refuse_long_windows(request: SweepRequest, model: SubjectModel) -> None:
    if request.window_length > model.facts.n_ctx:
        raise BadRequestError(
            f"Windows of {request.window_length} tokens are longer than the context of "
            f"{request.model}, {model.facts.n_ctx}.",
            hint=f"Take --window-length {model.facts.n_ctx} or less.",
        )


def _cut(
    context: JobContext[SweepRequest], corpus: CorpusTable, model: SubjectModel, bos: int | None
) -> Windows:
    request = context.request

    def tell(done: float, total: float | None) -> None:
        context.check_cancelled()
        context.progress(done, total, "documents", "cutting windows")

    return cut_windows(
        read_frozen(context.settings.data / corpus.folder),
        model.encode,
        window_length=request.window_length,
        bos=bos,
        max_windows=request.max_windows,
        seed=request.seed,
        n_documents=corpus.n_documents,
        progress=tell,
    )


def _window_set(
    session: Session,
    model: ModelTable,
    corpus: CorpusTable,
    windows: Windows,
    request: SweepRequest,
) -> int:
    """The id of these windows in the store, written if they are new."""
    number = insert_new(
        session,
        WindowSetTable,
        model_id=model.id,
        corpus_id=corpus.id,
        window_length=windows.window_length,
        counts={split: count.taken for split, count in windows.counts.items()},
        parameters={"seed": request.seed, "counts": {
            split: asdict(count) for split, count in windows.counts.items()
        }},
        sha256=windows.sha256,
    )  # fmt: skip
    if number is None:
        known = select(WindowSetTable.id).filter_by(
            model_id=model.id, corpus_id=corpus.id, sha256=windows.sha256
        )
        return session.scalars(known).one()
    rows = [
        {
            "window_set_id": number,
            "number": i,
            "document": int(windows.documents[i]),
            "split": split,
            "start": int(windows.starts[i]),
            "tokens": pack(windows.tokens_of(i), np.uint32),
        }
        for split in windows.splits
        for i in windows.numbers(split)
    ]
    session.execute(insert(WindowTable), rows)
    return number
