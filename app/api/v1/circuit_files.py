"""Circuits as files: brought in, and written in formats that other tools read."""

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import Field
from starlette.responses import StreamingResponse

from app.api.circuits import CircuitSlug
from app.api.describing import Responses, problems_of
from app.api.parameters import ModelName
from app.api.receiving import BODY, ReceptionOfFiles, received
from app.api.v1.bulk import take_place
from app.auth.actor import CurrentActor
from app.dependencies import ReadingPlaces, ReadSession, StoreEngine, StoreWriter
from app.exchange.circuits.formats import MEDIA_TYPE, Written, encode
from app.exchange.circuits.importing import keep_read, read_circuit
from app.exchange.fields import LONGEST_NAME
from app.exchange.input import InputFile
from app.store.queries.circuit import get_circuit
from app.store.queries.model import get_model
from app.store.slugs import NAMED
from app.store.views.circuit import CircuitLine
from app.store.writing_circuits import LONGEST_FILE, LONGEST_TITLE

router = APIRouter(prefix="/api/v1/models/{model}/circuits", tags=["circuits"])

FILE: Final[Responses] = {
    200: {"description": "The file.", "content": {MEDIA_TYPE: {"schema": {"type": "object"}}}}
}


class ImportedCircuit(CircuitLine):
    """A circuit that was brought in."""

    warnings: list[str] = Field(description="What could not be taken as it is in the file.")


@router.post(
    "/import",
    status_code=201,
    summary="Import a circuit",
    responses=problems_of(400, 403, 404, 408, 409, 413, 429),
    openapi_extra=BODY,
)
async def import_circuit(
    request: Request,
    response: Response,
    engine: StoreEngine,
    writer: StoreWriter,
    places: ReadingPlaces,
    reception: ReceptionOfFiles,
    actor: CurrentActor,
    model: ModelName,
    slug: Annotated[
        str | None,
        Query(
            description="What it is to be called; else as the file says.",
            pattern=NAMED,
            examples=["capital-texas"],
        ),
    ] = None,
    title: Annotated[
        str | None,
        Query(
            description="What it is called in lists; else by its prompt.",
            min_length=1,
            max_length=LONGEST_TITLE,
            examples=["The capital of Texas"],
        ),
    ] = None,
    their_name: Annotated[
        str | None,
        Query(
            description="What the file calls the model, where that is another name.",
            min_length=1,
            max_length=LONGEST_NAME,
            examples=["gemma-2-2b"],
        ),
    ] = None,
    file: Annotated[
        str,
        Query(
            description="Name of the file.",
            min_length=1,
            max_length=LONGEST_FILE,
            examples=["graph.json"],
        ),
    ] = "graph.json",
) -> ImportedCircuit:
    """An attribution graph that circuit-tracer made, or that is from Neuronpedia; the body is the
    file. `Location` names the circuit."""
    async with received(request, reception) as path:
        with places.taken():
            found = await run_in_threadpool(
                read_circuit, engine, InputFile(path, file), model=model, their_name=their_name
            )
    view = await writer.write(
        lambda session: keep_read(session, found, actor=actor.name, slug=slug, title=title)
    )
    response.headers["Location"] = f"/api/v1/models/{view.model}/circuits/{view.slug}"
    line = {name: getattr(view, name) for name in CircuitLine.model_fields}
    return ImportedCircuit(**line, warnings=list(found.circuit.warnings))


@router.get(
    "/{slug}/export",
    response_class=Response,
    summary="Export a circuit",
    responses=problems_of(404, 409, 429) | FILE,
    dependencies=[Depends(take_place)],
)
def export_circuit(
    session: ReadSession,
    writer: StoreWriter,
    model: ModelName,
    slug: CircuitSlug,
    form: Annotated[
        Literal["attribution-graph", "eap-ig"],
        Query(
            alias="format",
            description="`attribution-graph`: as circuit-tracer writes it and Neuronpedia shows "
            "it. `eap-ig`: as EAP-IG and MIB read it, with heads and whole MLP layers.",
            examples=["attribution-graph"],
        ),
    ] = "attribution-graph",
) -> Response:
    """As one JSON object; docs/circuits.md says what each format carries."""
    view = get_circuit(session, model=model, slug=slug)
    parts = encode(Written(view, get_model(session, name=model)), form)
    writer.note(
        action="export.circuit", model=model, subject=f"circuit {slug}", after={"format": form}
    )
    return StreamingResponse(
        parts,
        media_type=MEDIA_TYPE,
        headers={"Content-Disposition": f'attachment; filename="{model}-{slug}.{form}.json"'},
    )
