"""`/m/{model}/judgements/import`: somebody brings in judgements that were made elsewhere."""

from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response, UploadFile
from sqlalchemy.orm import Session

from app.auth.actor import CurrentActor
from app.dependencies import ReadSession, StoreWriter
from app.errors import BadRequestError, PatchclampError
from app.exchange.input import InputFile
from app.exchange.judgements.importing import (
    JudgementsReport,
    ReadFile,
    keep_judgements,
    read_judgements,
)
from app.rendering.addresses import ModelPages
from app.rendering.answers import respond
from app.store.queries.asked_judgements import asked_of
from app.store.writing_circuits import LONGEST_FILE

router = APIRouter()

HERE = "/m/{model}/judgements/import"


@router.get(HERE)
def show_import(request: Request, session: ReadSession, model: str) -> Response:
    asked_of(session, model=model)
    return _answer(request, model)


@router.post(HERE)
def bring_in(
    request: Request,
    session: ReadSession,
    writer: StoreWriter,
    actor: CurrentActor,
    model: str,
    file: UploadFile,
    origin: Annotated[str, Form(max_length=100)] = "",
    their_name: Annotated[str, Form(max_length=100)] = "",
    dry_run: Annotated[str, Form(max_length=1)] = "",
) -> Response:
    asked_of(session, model=model)
    where = origin.strip()
    try:
        found = _read(file)
        if dry_run:
            report = _keep(session, found, model, where, their_name, actor.name, dry_run=True)
        else:
            with writer.session() as writing:
                report = _keep(writing, found, model, where, their_name, actor.name)
    except PatchclampError as error:
        return _answer(request, model, origin, their_name, error=error)
    return _answer(request, model, origin, their_name, report=report)


def _keep(
    session: Session,
    found: ReadFile,
    model: str,
    origin: str,
    their_name: str,
    actor: str,
    *,
    dry_run: bool = False,
) -> JudgementsReport:
    return keep_judgements(
        session, found, model=model, origin=origin, actor=actor,
        their_name=their_name.strip() or None, dry_run=dry_run,
    )  # fmt: skip


def _read(file: UploadFile) -> ReadFile:
    """Raises BadRequestError."""
    name = Path(file.filename or "").name[-LONGEST_FILE:]
    if not name:
        raise BadRequestError("No file was chosen.", hint="Choose one, then send it.")
    with NamedTemporaryFile(prefix="judgements-") as kept:
        while part := file.file.read(2**20):
            kept.write(part)
        kept.flush()
        return read_judgements(InputFile(Path(kept.name), name))


def _answer(
    request: Request,
    model: str,
    origin: str = "",
    their_name: str = "",
    *,
    report: JudgementsReport | None = None,
    error: PatchclampError | None = None,
) -> Response:
    status = 200 if error is None else error.status
    if report is not None and not report.is_whole and not report.dry_run:
        status = BadRequestError.status
    context = {
        "pages": ModelPages(model), "origin": origin, "their_name": their_name, "report": report,
        "error": error,
    }  # fmt: skip
    return respond(request, "judgement/import.html", context, status)
