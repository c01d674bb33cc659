"""The pairs that a proof stands on, one by one, as a table."""

from fastapi import APIRouter, Response

from app.api.circuits import CircuitSlug, ProofNumber
from app.api.describing import problems_of
from app.api.parameters import ModelName
from app.api.proof_rows import rows_of, written
from app.api.tabling import MEDIA_TYPES, TableForm, table_of
from app.dependencies import ReadSession, StoreWriter
from app.store.queries.circuit import get_proof

router = APIRouter(prefix="/api/v1/models/{model}/circuits", tags=["circuits"])


@router.get(
    "/{slug}/proofs/{proof_id}/rows",
    response_class=Response,
    responses={**problems_of(404, 409), **table_of("pair of prompts")},
    summary="Download the rows of a proof",
)
def download_rows(
    session: ReadSession,
    writer: StoreWriter,
    model: ModelName,
    slug: CircuitSlug,
    proof_id: ProofNumber,
    form: TableForm = "csv",
) -> Response:
    """Every pair's prompts with the metric of the untouched model, of the circuit alone, of the
    model without it and with everything ablated; KL of the circuit alone, in nats, and whether it
    was right; and what the pair has that none for finding has. As `csv`, a prompt that a
    spreadsheet would take for a formula has an apostrophe before it. 409: none were kept."""
    rows = rows_of(get_proof(session, model=model, slug=slug, proof_id=proof_id), slug)
    writer.note(
        action="export.proof_rows", model=model, subject=f"circuit {slug}",
        after={"proof": proof_id, "format": form},
    )  # fmt: skip
    name = f"{slug}-proof-{proof_id}-rows.{form}"
    return Response(
        written(rows, form),
        media_type=MEDIA_TYPES[form],
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
