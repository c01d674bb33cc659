"""The pairs that a proof stands on, one by one, as a table."""

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Query, Response
from starlette.responses import StreamingResponse

from app.api.circuits import CircuitSlug, ProofNumber
from app.api.describing import Responses, problems_of
from app.api.parameters import ModelName
from app.api.proof_rows import rows_of, write_rows
from app.api.tabling import MEDIA_TYPES
from app.api.v1.bulk import take_place
from app.dependencies import ReadSession
from app.store.queries.circuit import get_proof

router = APIRouter(prefix="/api/v1/models/{model}/circuits", tags=["circuits"])

ROWS: Final[Responses] = {
    200: {
        "description": "The table: one line for each pair of prompts.",
        "content": {
            media_type: {"schema": {"type": "string"}} for media_type in MEDIA_TYPES.values()
        },
    }
}


@router.get(
    "/{slug}/proofs/{proof_id}/rows",
    response_class=Response,
    responses={**problems_of(404, 409, 429), **ROWS},
    dependencies=[Depends(take_place)],
    summary="Download the rows of a proof",
)
def download_rows(
    session: ReadSession,
    model: ModelName,
    slug: CircuitSlug,
    proof_id: ProofNumber,
    form: Annotated[
        Literal["csv", "jsonl"],
        Query(
            alias="format",
            description="`csv`: comma-separated with a header, undefined values empty; a prompt "
            "that a spreadsheet would take for a formula has an apostrophe before it. `jsonl`: "
            "one JSON object a line, undefined values null.",
            examples=["csv"],
        ),
    ] = "csv",
) -> Response:
    """Every pair's prompts with the metric of the untouched model, of the circuit alone, of the
    model without it and with everything ablated; KL of the circuit alone, in nats, and whether it
    was right; and what the pair has that none for finding has. 409: none were kept."""
    rows = rows_of(get_proof(session, model=model, slug=slug, proof_id=proof_id), slug)
    return StreamingResponse(
        write_rows(rows, form),
        media_type=MEDIA_TYPES[form],
        headers={
            "Content-Disposition": f'attachment; filename="{slug}-proof-{proof_id}-rows.{form}"'
        },
    )
