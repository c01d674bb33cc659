"""Circuits by the prompts that they are drawn over, without their graphs.

A graph may have 60 MB as JSON; its prompt and tokens stand before its nodes, so that of most only
the beginning is read.
"""

import zlib
from typing import Any, Final

from pydantic_core import from_json
from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from app.store.locating import require_model
from app.store.packing import unpack_json
from app.store.paging import is_name
from app.store.queries.circuit import no_circuit
from app.store.slugs import is_named
from app.store.tables import CircuitTable, ModelTable
from app.store.views.circuit import CircuitPrompt

MOST_OWNED: Final = 200
BEGINNING: Final = 2**18
"""Bytes of JSON that are looked at first."""
BEHIND: Final = "n_layers"
"""What stands behind the tokens of a graph: where it is read, they are whole."""
PROMPTS: Final = select(
    CircuitTable.id,
    CircuitTable.slug,
    CircuitTable.title,
    CircuitTable.content,
    ModelTable.name.label("model"),
).join(ModelTable, ModelTable.id == CircuitTable.model_id)


def get_prompt(session: Session, *, model: str, slug: str) -> CircuitPrompt:
    """Raises NotFoundError."""
    row = None
    if is_named(slug) and is_name(model):
        query = PROMPTS.where(CircuitTable.slug == slug, ModelTable.name == model)
        row = session.execute(query).one_or_none()
    if row is None:
        require_model(session, name=model)
        raise no_circuit(model, slug)
    return _view(row)


def prompts_of(session: Session, *, actor: str) -> list[CircuitPrompt]:
    """Of the circuits that the actor made or brought in, of all models, newest first."""
    query = PROMPTS.where(CircuitTable.actor == actor).order_by(CircuitTable.id.desc())
    found = session.execute(query.limit(MOST_OWNED).execution_options(yield_per=1))
    return [_view(row) for row in found]


def _view(row: Row[*tuple[Any, ...]]) -> CircuitPrompt:
    graph = _beginning(row.content)
    return CircuitPrompt(
        id=row.id,
        slug=row.slug,
        model=row.model,
        title=row.title,
        prompt=graph["prompt"],
        tokens=list(graph["tokens"]),
    )


def _beginning(content: bytes) -> dict[str, Any]:
    start = zlib.decompressobj().decompress(content, BEGINNING)
    graph = from_json(start, allow_partial=True).get("graph", {})
    found: dict[str, Any] = graph if BEHIND in graph else unpack_json(content)["graph"]
    return found
