"""Circuits by the prompts that they are drawn over, without their graphs.

A graph may have 60 MB as JSON; its prompt and tokens stand before its nodes, so that of most only
the beginning is read.
"""

import zlib
from collections.abc import Collection
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
MOST_TOLD: Final = 16 * 2**20
"""Bytes of prompts and tokens, of all that are listed."""
BEGINNING: Final = 2**18
"""Bytes of JSON that are looked at first."""
LONGER: Final = 2**23
"""Where that was not enough: of a graph from elsewhere, prompt and tokens end before."""
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


def prompts_of(
    session: Session, *, actor: str, models: Collection[str] | None = None
) -> list[CircuitPrompt]:
    """Of the circuits that the actor made or brought in, of all models or only of these, newest
    first; fewer than there are where their prompts are very long."""
    query = PROMPTS.where(CircuitTable.actor == actor).order_by(CircuitTable.id.desc())
    if models is not None:
        query = query.where(ModelTable.name.in_(models))
    found = session.execute(query.limit(MOST_OWNED).execution_options(yield_per=1))
    views: list[CircuitPrompt] = []
    left = MOST_TOLD
    for row in found:
        view = _view(row)
        left -= len(view.prompt.encode()) + sum(len(token.encode()) for token in view.tokens)
        if left < 0 and views:
            break
        views.append(view)
    return views


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
    for n_bytes in (BEGINNING, LONGER):
        start = zlib.decompressobj().decompress(content, n_bytes)
        graph: dict[str, Any] = from_json(start, allow_partial=True).get("graph", {})
        if BEHIND in graph:
            return graph
    whole: dict[str, Any] = unpack_json(content)["graph"]
    return whole
