"""Tables of judgements read row by row: our own raw one, or as little as who said what of what."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from app.errors import BadRequestError
from app.exchange.comma_separated import read_cells, unescaped
from app.exchange.faults import FileFaultError, Where, expected
from app.exchange.fields import Fields, parse_json, parse_object
from app.exchange.input import InputFile
from app.exchange.judgements.columns import NEEDED, READ
from app.exchange.judgements.encoding import Form
from app.exchange.judgements.naming import LONGEST_ANNOTATOR, check_origin
from app.exchange.parquet import read_rows
from app.store.claiming import LONGEST_TEXT
from app.store.judging import LONGEST_NOTE, Rating
from app.store.paging import LARGEST_INTEGER
from app.store.queries.given import NOT_ASKED, SEVERAL

TRUE: Final = ("true", "1", "yes")
FALSE: Final = ("false", "0", "no", "")
MOST_TAGS: Final = 1000
LONGEST_SECONDS: Final = 1e9


@dataclass(frozen=True)
class ReadJudgement:
    """One row: what is judged as the file names it, who judged, and what they said."""

    where: Where
    model: str | None
    site: str | None
    index: int | None
    explanation: int | None
    text: str | None
    annotator: str
    origin: str | None
    rating: Rating
    created_at: datetime | None
    came: dict[str, Any]
    """What has no place here, and is kept with it."""


def form_of(name: str) -> Form:
    """By the ending of the file's name. Raises BadRequestError."""
    bare = name.removesuffix(".gz")
    if bare.endswith((".jsonl", ".ndjson")):
        return "jsonl"
    if bare.endswith(".csv"):
        return "csv"
    if name.endswith(".parquet"):
        return "parquet"
    raise BadRequestError(
        f"By its name, {name[:100]} is no table of judgements.",
        hint="Give a file that ends in .jsonl, .csv or .parquet.",
    )


def read(file: InputFile, form: Form) -> Iterator[ReadJudgement | FileFaultError]:
    """Each row, or what is wrong with it. FileFaultError is raised where no more can be read."""
    for where, take in _rows(file, form):
        try:
            fields = take()
            if fields is not None:
                yield _parse(where, fields)
        except FileFaultError as fault:
            yield fault


def _rows(file: InputFile, form: Form) -> Iterator[tuple[Where, Any]]:
    if form == "jsonl":
        for number, line in enumerate(file.lines(), start=1):
            where = file.where(number)
            yield where, lambda w=where, t=line: parse_object(w, t) if t.strip() else None
    elif form == "csv":
        for where, header, cells in read_cells(file, needed=NEEDED):
            yield where, lambda w=where, h=header, c=cells: _of_cells(w, h, c)
    else:
        for where, row in read_rows(file, known=tuple(READ), needed=NEEDED):
            yield where, lambda w=where, r=row: _of_row(w, r)


def _of_cells(where: Where, header: list[str], cells: list[str]) -> Fields:
    if len(cells) != len(header):
        raise FileFaultError(where, f"expected {len(header)} cells, found {len(cells)}")
    values: dict[str, Any] = {}
    for name, cell in zip(header, cells, strict=True):
        kind = READ.get(name)
        if kind is None or not cell:
            continue
        values[name] = _of_cell(where.at(name), kind, cell)
    return Fields(where, values)


def _of_cell(where: Where, kind: str, cell: str) -> object:
    if kind in ("whole", "number"):
        try:
            return int(cell) if kind == "whole" else float(cell)
        except ValueError:
            raise expected(where, "a number", cell) from None
    text = unescaped(cell)
    if kind == "texts":
        return parse_json(where, text) if text.startswith("[") else text.split(",")
    return text


def _of_row(where: Where, row: dict[str, Any]) -> Fields:
    at = row.get("created_at")
    return Fields(where, row | {"created_at": at.isoformat() if isinstance(at, datetime) else at})


def _parse(where: Where, fields: Fields) -> ReadJudgement:
    site, index = fields.maybe_text("site"), fields.maybe_whole("index")
    if "unit" in fields:
        site, index = _unit(where.at("unit"), fields.text("unit"))
    explanation = None
    if "explanation" in fields:
        explanation = fields.whole("explanation", most=LARGEST_INTEGER)
    if explanation is None and (site is None or index is None):
        raise FileFaultError(
            where, "it does not say what is judged",
            hint="Name an explanation by its id, or a unit: `site` and `index`, or `unit`.",
        )  # fmt: skip
    annotator = " ".join(fields.text("annotator", longest=LONGEST_ANNOTATOR).split())
    if not annotator or not annotator.isprintable():
        raise expected(where.at("annotator"), "a name", annotator)
    return ReadJudgement(
        where=where,
        model=fields.maybe_text("model"),
        site=site,
        index=index,
        explanation=explanation,
        text=fields.maybe_text("text", longest=LONGEST_TEXT),
        annotator=annotator,
        origin=_origin(where, fields),
        rating=_rating(where, fields),
        created_at=fields.moment("created_at"),
        came=_came(where, fields),
    )


def _origin(where: Where, fields: Fields) -> str | None:
    origin = fields.maybe_text("origin")
    if not origin:
        return None
    try:
        return check_origin(origin)
    except BadRequestError as error:
        raise FileFaultError(where.at("origin"), error.detail, hint=error.hint) from None


def _rating(where: Where, fields: Fields) -> Rating:
    tags = fields.raw("tags")
    if tags is not None and (
        not isinstance(tags, list)
        or len(tags) > MOST_TAGS
        or not all(isinstance(tag, str) for tag in tags)
    ):
        raise expected(where.at("tags"), "a list of texts", tags)
    steps = {
        name: fields.whole(name, least=1, most=5) if name in fields else None
        for name in ("specificity", "sensitivity")
    }
    verdict = fields.text("verdict")
    note = fields.maybe_text("note", longest=LONGEST_NOTE) or ""
    rating = Rating(
        verdict,  # type: ignore[arg-type]  # `checked` looks
        **steps,
        several_meanings=_flag(where.at("several_meanings"), fields.raw("several_meanings")),
        tags=tuple(tags or ()),
        note=note,
    )
    try:
        return rating.checked()
    except BadRequestError as error:
        raise FileFaultError(where, error.detail, hint=error.hint) from None


def _flag(where: Where, value: object) -> bool:
    if value is None or isinstance(value, bool):
        return bool(value)
    said = str(value).strip().lower()
    if said in TRUE or said in FALSE:
        return said in TRUE
    raise expected(where, "true or false", value)


def _came(where: Where, fields: Fields) -> dict[str, Any]:
    """Of our own raw table: what was measured there, and in which campaign."""
    found: dict[str, Any] = {
        "seconds": fields.maybe_number("seconds", least=0, most=LONGEST_SECONDS),
        "campaign": fields.maybe_text("campaign"),
        "guideline": fields.maybe_whole("guideline"),
        "expected": fields.maybe_text("expected", longest=20),
    }
    peeked = fields.raw("peeked")
    if peeked not in (None, ""):
        found["peeked"] = _flag(where.at("peeked"), peeked)
    if fields.raw(SEVERAL) in (None, ""):
        found[NOT_ASKED] = [SEVERAL]
    return {name: value for name, value in found.items() if value is not None and value != ""}


def _unit(where: Where, named: str) -> tuple[str, int]:
    site, _, index = named.partition("/")
    if not site or not index.isdecimal() or not index.isascii() or len(index) > 9:
        raise expected(where, "a unit such as mlp.12/345", named)
    return site, int(index)
