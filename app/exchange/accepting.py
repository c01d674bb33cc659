"""Whether an explanation from elsewhere can be taken for a model, and what is known of it at once.

The model must be the one it says, its unit must be there, its program must be one. Lengths are
computed, not believed.
"""

from dataclasses import replace

from analysis.programs.errors import ProgramError
from analysis.programs.length import bits_of, bits_of_text, n_listed, n_rules
from analysis.programs.parsing import parse_program
from app.exchange.faults import FileFaultError, Where, WrongModelError
from app.store.portable import ExplanationRecord, Receiver
from app.store.queries.exporting import told_sites


def accept(
    where: Where, record: ExplanationRecord, receiver: Receiver, their_name: str | None
) -> ExplanationRecord:
    """WrongModelError, or FileFaultError for its program."""
    _check_place(where, record, receiver, their_name)
    details = {
        **record.details,
        "imported": {"file": where.file, where.what: where.line, "method": record.method},
    }
    measured = _measured(where, record, receiver.n_vocab)
    return replace(measured, model=receiver.name, method="import", details=details)


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
