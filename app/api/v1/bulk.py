"""Bulk downloads: the statistics of a site or model as one table, artifacts as files."""

from collections.abc import AsyncIterator
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from starlette.responses import StreamingResponse

from app.api.describing import Responses, problems_of
from app.api.parameters import NAME, ModelName, OfRun, RunId, Split
from app.api.ranging import answer_file
from app.api.tabling import MEDIA_TYPES, TableForm, table_of, write_table
from app.dependencies import AppSettings, ReadSession, StoreEngine, StoreWriter
from app.exchange.formats import TABLES as EXPLANATION_TABLES
from app.places import Places
from app.store.queries import bulk, exporting
from app.store.queries.run import get_run
from app.store.views.explanation import Method

router = APIRouter(prefix="/api/v1")

SHA256: Final = r"^[0-9a-f]{64}$"
BINARY: Final = {"schema": {"type": "string", "format": "binary"}}
NPY: Final = "application/octet-stream"
EXPLANATIONS: Final[Responses] = {
    200: {
        "description": "The table: one row for each explanation.",
        "content": {
            table.media_type: BINARY if name == "parquet" else {"schema": {"type": "string"}}
            for name, table in EXPLANATION_TABLES.items()
        },
    }
}
FILES: Final[Responses] = {
    200: {"description": "The whole file.", "content": {NPY: BINARY}},
    206: {"description": "The range that was asked for.", "content": {NPY: BINARY}},
}


async def take_place(request: Request) -> AsyncIterator[None]:
    """A place among the downloads of tables, given back once this one is over, however it ends."""
    places: Places = request.app.state.downloads
    with places.taken():
        yield


@router.get(
    "/models/{model}/statistics",
    tags=["units"],
    response_class=Response,
    responses={**problems_of(404, 429), **table_of("unit")},
    dependencies=[Depends(take_place)],
    summary="Download the statistics of all units",
)
def download_statistics(
    session: ReadSession,
    engine: StoreEngine,
    writer: StoreWriter,
    model: ModelName,
    site: Annotated[
        str | None,
        Query(description="Only of this site; default: of all.", pattern=NAME, examples=["mlp.12"]),
    ] = None,
    split: Split = "fit",
    run_id: OfRun = None,
    form: TableForm = "csv",
) -> Response:
    """Every unit's row of the table, site after site in order of layers, streamed: a model of any
    size takes no more memory than its largest site."""
    wanted = bulk.find_statistics(session, model=model, split=split, site=site, run_id=run_id)
    name = "-".join([wanted.model, *([site] if site else []), split.replace(":", "-")])
    writer.note(
        action="export.statistics", model=model, subject=f"model {model}",
        after={"site": site, "split": split, "run": run_id, "format": form},
    )  # fmt: skip
    return StreamingResponse(
        write_table(bulk.read_statistics(engine, wanted), form),
        media_type=MEDIA_TYPES[form],
        headers={"Content-Disposition": f'attachment; filename="{name}.{form}"'},
    )


@router.get(
    "/models/{model}/explanations.{form}",
    tags=["explanations"],
    response_class=Response,
    responses={**problems_of(404, 429), **EXPLANATIONS},
    dependencies=[Depends(take_place)],
    summary="Download all explanations",
)
def download_explanations(
    session: ReadSession,
    engine: StoreEngine,
    writer: StoreWriter,
    model: ModelName,
    form: Annotated[
        Literal["jsonl", "csv", "parquet"],
        Path(
            description="`jsonl` and `parquet` hold everything, `csv` the test split's scores.",
            examples=["jsonl"],
        ),
    ],
    site: Annotated[
        str | None,
        Query(description="Only of this site; default: of all.", pattern=NAME, examples=["mlp.12"]),
    ] = None,
    method: Annotated[
        Method | None, Query(description="Only by this method.", examples=["rules"])
    ] = None,
) -> Response:
    """Every current explanation with its scores, by site and unit, streamed: a million take no more
    memory than a few."""
    chosen = exporting.find_chosen(session, model=model, site=site, method=method)
    name = "-".join([chosen.model, "explanations", *filter(None, (site, method))])
    writer.note(
        action="export.explanations", model=model, subject=f"model {model}",
        after={"site": site, "method": method, "format": form},
    )  # fmt: skip
    return StreamingResponse(
        EXPLANATION_TABLES[form].encode(exporting.read_all(engine, chosen)),
        media_type=EXPLANATION_TABLES[form].media_type,
        headers={"Content-Disposition": f'attachment; filename="{name}.{form}"'},
    )


@router.get(
    "/runs/{run_id}/artifacts/{sha256}",
    tags=["runs"],
    response_class=Response,
    responses={**problems_of(404, 416), **FILES},
    summary="Download an artifact",
)
def download_artifact(
    request: Request,
    session: ReadSession,
    writer: StoreWriter,
    settings: AppSettings,
    run_id: RunId,
    sha256: Annotated[
        str,
        Path(
            description="The artifact's checksum, as the list of artifacts gives it.",
            pattern=SHA256,
            examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
        ),
    ],
    form: Annotated[
        Literal["npy", "raw"],
        Query(
            alias="format",
            description="`npy`: NumPy's format, for `numpy.load`. `raw`: the stored bytes, which "
            "the checksum is of.",
            examples=["npy"],
        ),
    ] = "npy",
) -> Response:
    """The array as a file; `Range` continues a download that was cut."""
    found = bulk.find_artifact(session, run_id=run_id, sha256=sha256, data=settings.data)
    answer = answer_file(request, found, form)
    if answer.status_code in (200, 206):
        model = get_run(session, run_id=run_id).model
        writer.note(
            action="export.artifact", model=model, subject=f"run {run_id}",
            after={"sha256": sha256, "format": form, "range": request.headers.get("range")},
        )  # fmt: skip
    return answer
