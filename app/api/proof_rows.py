"""Rows of a proof as text: comma-separated or one JSON object a line."""

from collections.abc import Sequence
from typing import Final, Literal

from analysis.protocol.proofs import Proof, Row
from app.api.tabling import comma_separated
from app.errors import ConflictError
from app.exchange.comma_separated import escaped
from app.store.views.circuit import ProofView

COLUMNS: Final = tuple(Row.model_fields)


def rows_of(view: ProofView, slug: str) -> tuple[Row, ...]:
    """At least one; ConflictError where none were kept."""
    proof = Proof.model_validate_json(view.proof)
    if not proof.rows:
        raise _no_rows(view, slug, chosen=proof.units is not None)
    return proof.rows


def written(rows: Sequence[Row], form: Literal["csv", "jsonl"]) -> str:
    """Whole: a proof has as many rows as prompts are run, a few hundred at most."""
    if form == "csv":
        return comma_separated([COLUMNS, *(_fields(row) for row in rows)])
    return "".join(f"{row.model_dump_json()}\n" for row in rows)


def _no_rows(view: ProofView, slug: str, *, chosen: bool) -> ConflictError:
    without = f"Proof {view.id} of circuit {slug} has no rows"
    if chosen:
        return ConflictError(
            f"{without}: it is of units that were chosen by hand, of which none are kept.",
            hint="Take the rows of a proof of the circuit as it was found.",
        )
    return ConflictError(
        f"{without}: it is from before rows were kept.",
        hint="Find the circuit anew; its proofs then have them.",
    )


def _fields(row: Row) -> tuple[object, ...]:
    """Prompts are anybody's text: none of them is a formula to a spreadsheet."""
    texts = {"prompt": escaped(row.prompt), "counterfactual": escaped(row.counterfactual)}
    told = {**row.model_dump(), **texts, "new": " ".join(row.new)}
    return tuple(told[name] for name in COLUMNS)
