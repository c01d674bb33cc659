"""Rows of a proof as text, piece by piece: comma-separated or one JSON object a line."""

from collections.abc import Iterator, Sequence
from typing import Final, Literal

from analysis.protocol.proofs import Proof, Row
from app.api.tabling import comma_separated
from app.errors import ConflictError
from app.exchange.comma_separated import escaped
from app.store.views.circuit import ProofView

COLUMNS: Final = tuple(Row.model_fields)
AT_ONCE: Final = 200


def rows_of(view: ProofView, slug: str) -> tuple[Row, ...]:
    """At least one; ConflictError where none were kept."""
    proof = Proof.model_validate_json(view.proof)
    if not proof.rows:
        raise _no_rows(view, slug, chosen=proof.units is not None)
    return proof.rows


def write_rows(rows: Sequence[Row], form: Literal["csv", "jsonl"]) -> Iterator[str]:
    if form == "csv":
        yield comma_separated([COLUMNS])
    for start in range(0, len(rows), AT_ONCE):
        some = rows[start : start + AT_ONCE]
        if form == "csv":
            yield comma_separated([_fields(row) for row in some])
        else:
            yield "".join(f"{row.model_dump_json()}\n" for row in some)


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
