"""Whether an explanation from elsewhere can be taken for a model, and what is known of it at once.

The model must be the one it says, its unit must be there, its program must be one. Lengths are
computed, not believed.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from analysis.programs.errors import ProgramError
from analysis.programs.length import bits_of, bits_of_text, n_listed, n_rules
from analysis.programs.parsing import parse_program
from app.exchange.faults import FileFaultError, Where, WrongModelError
from app.store.portable import ExplanationRecord, Receiver
from app.store.queries.exporting import told_sites
from app.store.scored import CHOSEN_ON_FIT
from app.store.writing_explanations import storable

OURS: Final = frozenset({
    CHOSEN_ON_FIT, "answer", "edited_from", "edited_method", "failed_because", "tail",
    "withdrawn_because", "withdrawn_by",
})  # fmt: skip
"""Details that pages read as this store's own word; those of a file may be anything."""


def accept(
    where: Where, record: ExplanationRecord, receiver: Receiver, their_name: str | None
) -> ExplanationRecord:
    """WrongModelError, or FileFaultError for its program."""
    _check_place(where, record, receiver, their_name)
    details = _kept_apart(record.details, where, record.method)
    measured = _measured(where, record, receiver.n_vocab)
    return replace(measured, model=receiver.name, method="import", details=details)


def _kept_apart(details: Mapping[str, Any], where: Where, method: str) -> dict[str, Any]:
    """What the file says in words that are ours stands under `imported`: it is kept, and never
    taken for what happened here."""
    imported: dict[str, Any] = {
        # a file's name need not be text: the operating system keeps bytes
        "file": storable(where.file),
        where.what: where.line,
        "method": method,
    }
    theirs = {name: value for name, value in details.items() if name in OURS}
    if theirs:
        imported["details"] = theirs
    others = {name: value for name, value in details.items() if name not in OURS}
    return {**others, "imported": imported}


def _check_place(
    where: Where, record: ExplanationRecord, receiver: Receiver, their_name: str | None
) -> None:
    if record.model and record.model not in (receiver.name, their_name):
        raise WrongModelError(
            where.at("model"),
            f"it is about model {record.model!r}, not {receiver.name}",
            hint=f"Import it with --model {record.model}; or, where that is the same network under "
            f"another name, with --their-name {record.model}.",
        )
    size = receiver.sites.get(record.site)
    if size is None:
        raise WrongModelError(
            where.at("site"),
            f"{receiver.name} has no site {record.site!r}",
            hint=f"It has {told_sites(receiver.sites)}. Is the file about another model?",
        )
    if not 0 <= record.index < size.n_units:
        raise WrongModelError(
            where.at("index"),
            f"{record.site} of {receiver.name} has no unit {record.index:,}: its units are 0 to "
            f"{size.n_units - 1:,}",
            hint="The file is about another model, or another of its sites.",
        )


def _measured(where: Where, record: ExplanationRecord, n_vocab: int) -> ExplanationRecord:
    if record.program is None:
        bits = bits_of_text(record.text) if record.bits is None else record.bits
        return replace(record, bits=bits, n_rules=None, n_listed=None)
    try:
        program = parse_program(record.program)
    except ProgramError as error:
        raise FileFaultError(
            where.at("program"),
            f"expected a program, and {error.detail}",
            hint=error.hint,
        ) from error
    return replace(
        record,
        bits=bits_of(program, n_vocab),
        n_rules=n_rules(program),
        n_listed=n_listed(program),
    )
