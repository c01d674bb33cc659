"""Edits as people write them, a line each; read into messages and written from them.

    mlp.12/345 = 0                    set a neuron to 0 (attn.5/3 = 0: a head)
    mlp.12/345 *= 0.5                 scale it
    mlp.12/345 += 4                   add to it
    mlp.12/345 = mean                 its mean over the fit split; `= resample`: another window's
    mlp.12/345 = patch "Other text"   its activations on another prompt
    resid.7 += 8 * mlp.12/345         add the output vector of a neuron, of length 1, eight times
    … @ 3, 5-8                        at these positions; `@ last 2`, `@ new`, `@ all`

A line names what is meant and no more: vectors and differences of texts, which are too long for
one, are kept as they are by whoever has them.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pydantic import ValidationError

from analysis.errors import AnalysisError
from analysis.protocol.edits import (
    LARGEST_STRENGTH,
    MOST_POSITIONS,
    Direction,
    Edit,
    Positions,
    UnitRef,
)
from analysis.protocol.prompts import Prompt

LONGEST_LINE: Final = 20_000
UNDERSTOOD: Final = (
    'Understood are: mlp.12/345 = 0, = 2.5, = mean, = resample, = patch "other text", *= 0.5, '
    "+= 4; attn.5/3 likewise but without +=; resid.7 += 8 * mlp.12/345; and behind each @ 3, 5-8 "
    "or @ last 2 or @ new."
)
PLACE: Final = re.compile(r"(mlp|attn)\.(\d{1,4})/(\d{1,9})|resid\.(\d{1,4})")
HEAD: Final = re.compile(r"\s*+(?P<place>\S+?)\s*+(?P<sign>\*=|\+=|-=|=|<-)")
"""Of a line: what it names, and what it does. Nothing of it is looked at twice, however it goes
on, which others may have written."""
MINUS: Final = "\u2212"


class WrittenError(AnalysisError):
    """A line that cannot be read; says what is wrong with it, and the hint what is understood."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail, hint=UNDERSTOOD)


@dataclass(frozen=True)
class Row:
    """An edit in parts, each as a field of a form holds it."""

    place: str
    """`mlp.12/345` or `resid.7`."""
    operation: str
    value: str = ""
    other: str = ""
    """What is added to the stream (`mlp.12/345`), or the text of another prompt."""
    where: str = "all"


def read_line(line: str) -> Row:
    """The parts of a line. Raises WrittenError."""
    if len(line) > LONGEST_LINE:
        raise WrittenError(f"An edit of {len(line):,} characters is too long.")
    found = HEAD.match(line)
    if found is None:
        raise WrittenError(f"“{_short(line)}” is no edit: it has no =, *= or +=.")
    rest, where = line[found.end() :].strip(), "all"
    before, at, behind = rest.rpartition("@")
    if at and '"' not in behind:  # else it is of the other text
        rest, where = before.strip(), behind.strip()
        if not where:
            raise WrittenError(f"“{_short(line)}” ends in @ and names no position.")
    return _row(line, found["place"], found["sign"], rest, where)


def read_row(row: Row) -> Edit:
    """The edit. Raises WrittenError."""
    site, index = _place(row.place)
    parts: dict[str, object] = {"site": site, "index": index, "operation": row.operation}
    if row.operation in ("set", "scale", "add"):
        parts["value"] = _number(row.value)
    if row.operation == "mean" and row.value.strip():
        parts["value"] = _number(row.value)
    if index is None:
        unit, number = _place(row.other)
        if number is None:
            raise WrittenError(
                f"What is added to {row.place} must be a neuron, such as mlp.12/345."
            )
        known = UnitRef(site=unit, index=number) if unit.startswith("mlp.") else None
        if known is None:
            raise WrittenError(
                f"{row.other} is a head, which has no one output vector: add that of a neuron."
            )
        parts["direction"] = Direction(kind="unit", unit=known, normalised=True)
    elif row.other and row.operation in ("patch", "resample"):
        parts["source"] = Prompt(text=row.other)
    try:
        return Edit.model_validate({**parts, "positions": read_positions(row.where)})
    except ValidationError as error:
        raise WrittenError(_said(error, row)) from error


def read_positions(text: str) -> Positions:
    """`all`, `new`, `last 2`, or `3, 5-8`. Raises WrittenError."""
    words = text.strip().lower()
    if words in ("", "all", "new"):
        return Positions(kind="new" if words == "new" else "all")
    last = re.fullmatch(r"last\s*(\d{1,5})?", words)
    if last is not None:
        n = int(last[1] or 1)
        if not 1 <= n <= MOST_POSITIONS:
            raise WrittenError(f"“last {n}” is no number of positions: name 1 or more.")
        return Positions(kind="last", last=n)
    return Positions(kind="chosen", chosen=tuple(dict.fromkeys(_chosen(words))))


def row_of(edit: Edit) -> Row | None:
    """The parts of an edit; None of one that no line can say."""
    value = "" if edit.value is None else number_text(edit.value)
    other = ""
    if edit.per_position or edit.source_positions:
        return None
    if edit.direction is not None:
        direction = edit.direction
        if direction.unit is None or not direction.normalised:
            return None
        other = f"{direction.unit.site}/{direction.unit.index}"
    if edit.source is not None:
        if edit.source.text is None or not edit.source.bos:
            return None
        other = edit.source.text
    return Row(edit.name, edit.operation, value, other, positions_text(edit.positions))


def line_of(row: Row) -> str:
    """The line that `read_line` reads as this row."""
    said = {
        "zero": "= 0",
        "mean": f"= mean {row.value}".rstrip(),
        "resample": "= resample" + (f" {_quoted(row.other)}" if row.other else ""),
        "patch": f"= patch {_quoted(row.other)}",
        "set": f"= {row.value}",
        "scale": f"*= {row.value}",
        "add": f"+= {row.value}" + (f" * {row.other}" if row.other else ""),
    }[row.operation]
    return f"{row.place} {said}" + ("" if row.where in ("", "all") else f" @ {row.where}")


def positions_text(positions: Positions) -> str:
    """As `read_positions` reads them."""
    if positions.kind == "last":
        return f"last {positions.last}"
    if positions.kind != "chosen":
        return positions.kind
    return ", ".join(
        str(first) if first == last else f"{first}-{last}"
        for first, last in _stretches(sorted(positions.chosen))
    )


def number_text(value: float) -> str:
    """Short, and the same number when it is read again."""
    return str(int(value)) if value == int(value) and abs(value) < 1e6 else repr(value)


def _row(line: str, place: str, sign: str, rest: str, where: str) -> Row:
    if sign in ("*=", "-="):
        operation, value = ("scale", rest) if sign == "*=" else ("add", f"-{rest}")
        return Row(place, operation, value, where=where)
    if sign == "+=":
        value, times, other = rest.partition("*")
        if times:
            return Row(place, "add", value.strip(), other.strip(), where)
        return Row(
            place,
            "add",
            "1" if PLACE.fullmatch(rest) else rest,
            rest if PLACE.fullmatch(rest) else "",
            where,
        )
    word, _, more = rest.partition(" ")
    if word in ("mean", "zero") or (word == "resample" and not more):
        return Row(place, word, more.strip(), where=where)
    if word in ("patch", "resample"):
        return Row(place, word, other=_unquoted(line, more.strip()), where=where)
    if rest and _is_zero(rest):
        return Row(place, "zero", where=where)
    return Row(place, "set", rest, where=where)


def _place(text: str) -> tuple[str, int | None]:
    found = PLACE.fullmatch(text.strip())
    if found is None:
        raise WrittenError(
            f"“{_short(text)}” is no unit: write mlp.12/345 (a neuron), attn.5/3 (a head) or "
            "resid.7 (the residual stream)."
        )
    if found[4] is not None:
        return f"resid.{int(found[4])}", None
    return f"{found[1]}.{int(found[2])}", int(found[3])


def _number(text: str) -> float:
    try:
        value = float(text.strip().replace(MINUS, "-"))
    except ValueError:
        raise WrittenError(f"“{_short(text)}” is no number.") from None
    if not abs(value) <= LARGEST_STRENGTH:
        raise WrittenError(
            f"A strength of {_short(text.strip())} cannot be used: it must be a number between "
            f"-{LARGEST_STRENGTH:,.0f} and {LARGEST_STRENGTH:,.0f}."
        )
    return value


def _is_zero(text: str) -> bool:
    try:
        return float(text.replace(MINUS, "-")) == 0
    except ValueError:
        return False


def _chosen(words: str) -> Iterator[int]:
    n_named = 0
    for part in filter(None, re.split(r"[,\s]+", words)):
        found = re.fullmatch(r"(\d{1,5})(?:[-–](\d{1,5}))?", part)
        if found is None:
            raise WrittenError(
                f"“{_short(part)}” is no position: name some as 3, 5-8, or write last 2, new or "
                "all."
            )
        first, last = int(found[1]), int(found[2] or found[1])
        if last < first or last >= MOST_POSITIONS:
            raise WrittenError(
                f"“{part}” is no range of positions below {MOST_POSITIONS:,}, from low to high."
            )
        n_named += last + 1 - first
        if n_named > MOST_POSITIONS:
            raise WrittenError(f"More than {MOST_POSITIONS:,} positions are named.")
        yield from range(first, last + 1)


def _stretches(positions: list[int]) -> Iterator[tuple[int, int]]:
    first = None
    for here, following in zip(positions, [*positions[1:], None], strict=True):
        first = here if first is None else first
        if following != here + 1:
            yield first, here
            first = None


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _unquoted(line: str, text: str) -> str:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, str) or not found:
        raise WrittenError(f'“{_short(line)}” needs a text in double quotes: patch "other text".')
    return found


def _said(error: ValidationError, row: Row) -> str:
    first = error.errors()[0]["msg"].removeprefix("Value error, ")
    return f"{row.place} cannot be edited so: {first}."


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"
