"""What is shown of one chosen node of a circuit: its numbers, links, and what the store knows."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy.orm import Session

from analysis.protocol.circuits import ToldBackup
from app.errors import NotFoundError
from app.pages.counting import counted_from
from app.pages.proved import Proved
from app.rendering.addresses import ModelPages
from app.rendering.circuit import edit_line
from app.rendering.circuit_rows import LinkRow, NodeRow, Rows
from app.rendering.score import best_claim
from app.store.queries.exemplar import list_exemplars
from app.store.queries.run import get_run
from app.store.queries.unit import get_unit
from app.store.views.explanation import ExplanationLine
from app.store.views.unit import ExemplarView, UnitView

LINKS: Final = 6
EXEMPLARS: Final = 3
BACKUPS: Final = 6
LONGEST_PROMPT: Final = 4000
"""Characters of a prompt that an address takes along."""


@dataclass(frozen=True)
class Known:
    """Of a unit, from the sweep that its model shows."""

    unit: UnitView
    best: ExplanationLine | None
    exemplars: list[ExemplarView]
    scale: float
    corpus: str | None
    counted_from: int


@dataclass(frozen=True)
class Card:
    row: NodeRow
    into: list[LinkRow]
    out: list[LinkRow]
    edit: str | None
    """Where the playground has its ablation filled in."""
    known: Known | None
    """None: it is no unit, or its model has not been swept."""
    backups: list[ToldBackup]
    """What it takes over from, and what takes over from it."""


def read_card(session: Session, proved: Proved, rows: Rows, *, node: str, swept: bool) -> Card:
    """Raises NotFoundError where the circuit has no such node."""
    row = rows.by_id.get(node)
    if row is None:
        raise NotFoundError(
            f"Circuit {proved.view.slug} has no node {node[:100]!r}.",
            hint="It may have been found anew since: choose another one in its table.",
        )
    into, out = rows.links_of(node, LINKS)
    known = _known(session, proved.view.model, row.unit) if row.unit and swept else None
    backups = rows.backups_of(node, BACKUPS)
    return Card(row, into, out, edit_of(proved, row, swept=swept), known, backups)


def edit_of(proved: Proved, row: NodeRow, *, swept: bool) -> str | None:
    """The playground's address with the node taken away; None of what no edit reaches."""
    line = edit_line(row.node, playground_ablation(proved, swept=swept))
    return None if line is None else playground_of(proved, edit=line)


def playground_of(proved: Proved, edit: str | None = None) -> str:
    """With the circuit's prompt, where it is short enough for an address."""
    prompt = proved.circuit.graph.prompt
    text = prompt if len(prompt) <= LONGEST_PROMPT else None
    return ModelPages(proved.view.model).playground(text=text, edit=edit)


def playground_ablation(proved: Proved, *, swept: bool) -> str:
    """As the circuit was found; 0 where the model has no windows to take other values from."""
    return (proved.circuit.ablation or "zero") if swept else "zero"


def _known(session: Session, model: str, unit: tuple[str, int]) -> Known | None:
    site, index = unit
    try:
        view = get_unit(session, model=model, site=site, index=index)
    except NotFoundError:  # not of this model's sweep
        return None
    found = list_exemplars(
        session, model=model, site=site, index=index, run_id=view.run_id, limits={"top": EXEMPLARS}
    )
    items = found["top"].items
    run = get_run(session, run_id=view.run_id)
    peaks = [abs(item.peak) for item in items]
    return Known(
        view, best_claim(view.explanations), items, max(peaks, default=1.0), run.corpus,
        counted_from(run),
    )  # fmt: skip
