"""What tests of search ask, and what there is to be found."""

from sqlalchemy import Engine

from app.store.engine import begin, open_session
from app.store.queries.search import search
from app.store.views.search import FoundView, SearchView
from app.store.writing_explanations import write_explanations

TEXTS = (
    ("Fires at whales and other animals of the sea.", 0.9),
    ("Names of ships, mostly.", 0.7),
    ("The sea; ships at sea, ships in harbour.", 0.8),
    ("Negation: not, never, no.", None),
    ("Naïve café words", 0.2),
    ("Numbers in brackets", -0.1),
)


def write(engine: Engine, explanations, *, method: str = "rules", site_id: int = 1) -> list[int]:
    with begin(engine) as connection:
        return write_explanations(
            connection, model_id=1, site_id=site_id, run_id=2, sweep_id=1, method=method,
            units=range(1000), rows=explanations,
        )  # fmt: skip


def ask(engine: Engine, query: str, **filters) -> SearchView:
    with open_session(engine) as session:
        return search(session, query=query, **filters)


def units(view: SearchView) -> list[int]:
    return [item.index for item in view.items]


def hits(item: FoundView) -> dict[str, list[str]]:
    return {
        reason.field: [piece.text for piece in reason.marked.pieces if piece.hit]
        for reason in item.reasons
        if reason.marked is not None
    }
