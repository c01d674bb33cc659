"""Judgements as files: taken out raw or as consensus, and brought in from elsewhere."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import Field
from sqlalchemy.orm import Session
from starlette.responses import StreamingResponse

from app.api.describing import Responses, problems_of
from app.api.parameters import NAME, ModelName
from app.api.receiving import BODY, ReadingPlaces, ReceptionOfFiles, received
from app.api.v1.agreement import OfCampaign
from app.api.v1.bulk import BINARY, take_place
from app.auth.actor import CurrentActor
from app.dependencies import ReadSession, StoreWriter
from app.exchange.input import InputFile
from app.exchange.judgements.columns import Table
from app.exchange.judgements.encoding import ENCODINGS, Form
from app.exchange.judgements.exporting import Annotators, take_out
from app.exchange.judgements.importing import (
    JudgementsReport,
    keep_judgements,
    read_judgements,
)
from app.exchange.judgements.naming import ORIGIN
from app.store.queries.asked_judgements import asked_of
from app.store.views.base import View
from app.store.writing_circuits import LONGEST_FILE

router = APIRouter(prefix="/api/v1/models/{model}", tags=["agreement"])

FILE: Final[Responses] = {
    200: {
        "description": "The table.",
        "content": {
            one.media_type: BINARY if name == "parquet" else {"schema": {"type": "string"}}
            for name, one in ENCODINGS.items()
        },
    }
}
Kind = Annotated[
    Table,
    Query(
        description="`raw`: a row for each judgement; `consensus`: one for each explanation, with "
        "what was decided, else what more people say than anything else; `skips`: what people of a "
        "campaign would not judge, and why.",
        examples=["raw"],
    ),
]
Called = Annotated[
    Annotators,
    Query(
        description="`numbers`: people are told apart by numbers that are dealt out anew each "
        "time, without ids and times; notes stay as they are.",
        examples=["names"],
    ),
]


class FaultView(View):
    line: int
    problem: str
    hint: str | None


class ImportView(View):
    """What was brought in; of a dry run, what would be."""

    dry_run: bool
    n_rows: int
    n_new: int
    n_known: int
    """That were here already."""
    n_superseded: int
    """Judgements that count no more, since a later one of the same person does."""
    n_explanations: int
    people: list[str] = Field(description="As they are called here: `ada (their-lab)`.")
    n_faults: int
    faults: list[FaultView] = Field(description="The first ones. With any, nothing is brought in.")


@router.get(
    "/judgements.{form}",
    response_class=Response,
    responses={**problems_of(403, 404, 429), **FILE},
    dependencies=[Depends(take_place)],
    summary="Download judgements",
)
def download_judgements(
    session: ReadSession,
    writer: StoreWriter,
    model: ModelName,
    form: Annotated[Form, Path(description="The format.", examples=["jsonl"])],
    kind: Kind = "raw",
    annotators: Called = "names",
    campaign: OfCampaign = None,
) -> Response:
    """Of a campaign, what was given in it, unseen by others; of a model, what its authors stand by.
    `…/judgements/manifest` says what the columns are and how far people agree."""
    asked = asked_of(session, model=model, campaign=campaign)
    taken = take_out(session, asked, table=kind, annotators=annotators)
    session.rollback()  # nobody's connection waits while it is sent
    writer.note(
        action="export.judgements", model=model, subject=f"model {model}",
        after={"campaign": campaign, "table": kind, "annotators": annotators, "format": form,
               "rows": len(taken.rows)},
    )  # fmt: skip
    name = "-".join([model, *([campaign] if campaign else []), "judgements", kind])
    return StreamingResponse(
        ENCODINGS[form].encode(taken.columns, taken.rows),
        media_type=ENCODINGS[form].media_type,
        headers={"Content-Disposition": f'attachment; filename="{name}.{form}"'},
    )


@router.get(
    "/judgements/manifest",
    response_model=dict,
    responses=problems_of(403, 404),
    summary="Describe a download of judgements",
)
def describe_judgements(
    session: ReadSession,
    model: ModelName,
    kind: Kind = "raw",
    annotators: Called = "names",
    campaign: OfCampaign = None,
) -> dict[str, object]:
    """Columns, counts, guidelines and alphas of the table as it would be downloaded now."""
    asked = asked_of(session, model=model, campaign=campaign)
    return take_out(session, asked, table=kind, annotators=annotators).manifest


@router.post(
    "/judgements/import",
    summary="Import judgements",
    responses=problems_of(400, 403, 404, 408, 409, 413, 429),
    openapi_extra=BODY,
)
async def import_judgements_of(
    request: Request,
    session: ReadSession,
    writer: StoreWriter,
    places: ReadingPlaces,
    reception: ReceptionOfFiles,
    actor: CurrentActor,
    model: ModelName,
    origin: Annotated[
        str,
        Query(
            description="Where they were made: people are named with it, and never taken for "
            "accounts.",
            pattern=ORIGIN,
            examples=["their-lab"],
        ),
    ],
    form: Annotated[
        Form | None,
        Query(alias="format", description="Else by the name of the file.", examples=["csv"]),
    ] = None,
    file: Annotated[
        str,
        Query(
            description="Name of the file.",
            min_length=1,
            max_length=LONGEST_FILE,
            examples=["judgements.jsonl"],
        ),
    ] = "judgements.jsonl",
    their_name: Annotated[
        str | None,
        Query(description="What the file calls the model.", pattern=NAME, examples=["toy-2"]),
    ] = None,
    dry_run: Annotated[
        bool, Query(description="Say what would happen, and write nothing.", examples=[True])
    ] = False,
) -> ImportView:
    """All of the file, or nothing where a row is wrong: then `faults` say which. The same file
    twice adds nothing. Our own raw table, or as little as `annotator`, `verdict` and what was
    judged: `explanation`, or `unit` such as `mlp.12/345`."""
    async with received(request, reception) as path:
        with places.taken():
            found = await run_in_threadpool(read_judgements, InputFile(path, file), form=form)

    def keep(session: Session) -> JudgementsReport:
        return keep_judgements(
            session, found, model=model, origin=origin, actor=actor.name, their_name=their_name,
            dry_run=dry_run,
        )  # fmt: skip

    report = await (run_in_threadpool(keep, session) if dry_run else writer.write(keep))
    return view_of(report)


def view_of(report: JudgementsReport) -> ImportView:
    return ImportView(
        dry_run=report.dry_run,
        n_rows=report.n_rows,
        n_new=report.n_new,
        n_known=report.n_known,
        n_superseded=report.n_superseded,
        n_explanations=report.n_explanations,
        people=report.people,
        n_faults=report.n_faults,
        faults=[
            FaultView(line=one.where.line, problem=one.public, hint=one.hint)
            for one in report.faults
        ],
    )
