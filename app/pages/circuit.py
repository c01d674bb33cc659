"""`/m/{model}/circuits`: what makes a model do one thing; each with its graph, proof and nodes.

The page is complete without scripts but for the drawing, which they make of `…/graph`; a node is
then chosen in the table.
"""

import json
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.orm import Session

from app.auth.actor import CurrentActor
from app.dependencies import ReadSession
from app.large_circuits import HOLDS_PLACE
from app.pages.around import around
from app.pages.circuit_request import CircuitForm, tasks_to_choose
from app.pages.node_card import playground_ablation, playground_of, read_card
from app.pages.proved import Held, Proved, read_circuit
from app.rendering.addresses import ModelPages
from app.rendering.answers import VARY, respond
from app.rendering.circuit_comparison import compare
from app.rendering.circuit_drawing import drawing_of
from app.rendering.circuit_rows import Direction, NodeRow, Sort
from app.store.queries.circuit import list_circuits, no_proof
from app.store.queries.claim import best_claims_of
from app.store.queries.labels import labels_of
from app.store.queries.model import get_model
from app.store.topics import circuit_topic
from app.store.views.explanation import ClaimLine
from app.store.views.model import ModelView

router = APIRouter()

HERE: Final = "/m/{model}/circuits"
OTHERS: Final = 50
"""That a circuit can be compared with by choosing."""
SHOWN: Final = 100
"""Rows of each table of a comparison, unless all are asked for."""
Cursor = Annotated[str | None, Query(max_length=500)]
Page = Annotated[int, Query(ge=1, le=10_000)]


@router.get(HERE)
def show_circuits(
    request: Request, session: ReadSession, model: str, cursor: Cursor = None
) -> Response:
    context = {
        "pages": ModelPages(model),
        "page": list_circuits(session, model=model, cursor=cursor),
        "tasks": tasks_to_choose(session, model),
        "defaults": CircuitForm(),
    }
    return respond(request, "circuit/list.html", context)


@router.get(HERE + "/{slug}", dependencies=[HOLDS_PLACE])
def show_circuit(
    request: Request,
    session: ReadSession,
    actor: CurrentActor,
    model: str,
    slug: str,
    node: Annotated[str | None, Query(max_length=300)] = None,
    proof: int | None = None,
    sort: Sort = "turn",
    order: Direction = "asc",
    page: Page = 1,
    links: Page = 1,
) -> Response:
    """`proof`: its id; `links`: page of that table."""
    proved = read_circuit(session, model=model, slug=slug)
    table = {"sort": sort, "order": order, "page": page, "links": links}
    context = gather(session, proved, node=node, proof=proof, table=table)
    context |= around(session, actor, circuit_topic(session, model=model, slug=slug))
    return respond(request, "circuit/page.html", context)


@router.get(HERE + "/{slug}/graph", dependencies=[HOLDS_PLACE])
def show_graph(session: ReadSession, model: str, slug: str) -> Response:
    """What the page's scripts draw."""
    proved = read_circuit(session, model=model, slug=slug)
    swept = get_model(session, name=model).current_run_id is not None
    drawing = drawing_of(
        proved.circuit,
        {one.line.id: one.proof for one in proved.held},
        labels=labels_of(session, model=model, units=proved.units),
        ablation=playground_ablation(proved, swept=swept),
    )
    content = json.dumps(drawing, ensure_ascii=False, separators=(",", ":"))
    headers = {"Cache-Control": "no-cache", "Vary": VARY}
    return Response(content, media_type="application/json", headers=headers)


@router.get(HERE + "/{slug}/compare", dependencies=[HOLDS_PLACE])
def show_comparison(
    request: Request,
    session: ReadSession,
    model: str,
    slug: str,
    other: Annotated[str, Query(alias="with", max_length=400)],
    every: Annotated[bool, Query(alias="all")] = False,
) -> Response:
    """`with`: model/slug of the other one, or only its slug where the model is the same."""
    first = read_circuit(session, model=model, slug=slug)
    other_model, _, other_slug = other.rpartition("/")
    second = read_circuit(session, model=other_model or model, slug=other_slug)
    one_model = first.view.model == second.view.model
    compared = compare(first.circuit, second.circuit, one_model=one_model)
    context = {
        "pages": ModelPages(model),
        "other_pages": ModelPages(second.view.model),
        "first": first,
        "second": second,
        "compared": compared,
        "most": None if every else SHOWN,
        "other": other,
        "labels": labels_of(session, model=model, units=[pair.unit for pair in compared.shared]),
    }
    return respond(request, "circuit/compare.html", context)


def gather(
    session: Session,
    proved: Proved,
    *,
    node: str | None,
    proof: int | None,
    table: dict[str, Any],
) -> dict[str, Any]:
    """All that the page shows."""
    model = get_model(session, name=proved.view.model)
    swept = model.current_run_id is not None
    rows = proved.rows
    nodes = rows.nodes(sort=table["sort"], order=table["order"], page=table["page"])
    return {
        "pages": ModelPages(model.name),
        "model": model,
        "proved": proved,
        "circuit": proved.view,
        "found": proved.circuit,
        "kinds": {node.kind for node in proved.circuit.graph.nodes},
        "held": _held(proved, proof),
        "card": node and read_card(session, proved, rows, node=node, swept=swept),
        "table": table,
        "nodes": nodes,
        "claims_of": _claims(session, model, nodes.rows) if swept else {},
        "links": rows.links(page=table["links"]),
        "playground": playground_of(proved),
        "others": _others(session, proved),
    }


def _held(proved: Proved, proof_id: int | None) -> Held | None:
    """The proof of this id, or the one that is shown where nobody chose; None: there is none."""
    if proof_id is None:
        return proved.held[proved.shown_first] if proved.held else None
    chosen = [one for one in proved.held if one.line.id == proof_id]
    if not chosen:
        raise no_proof(proved.view.slug, proof_id)
    return chosen[0]


def _claims(
    session: Session, model: ModelView, rows: list[NodeRow]
) -> dict[tuple[str, int], ClaimLine]:
    units = [row.unit for row in rows if row.unit is not None]
    return best_claims_of(session, model=model.name, units=units) if units else {}


def _others(session: Session, proved: Proved) -> list[Any]:
    found = list_circuits(session, model=proved.view.model, limit=OTHERS)
    return [line for line in found.items if line.slug != proved.view.slug]
