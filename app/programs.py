"""A person's program: read, said in words, measured, and tried on the pools of its unit.

This and `app.trying` are where the web side runs what `analysis` knows of programs and scores, in
this process and without torch, so that whoever writes a program sees its score at once, whatever
the workers do.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy.orm import Session

from analysis.programs.check import Check
from analysis.programs.english import in_english
from analysis.programs.errors import ProgramError
from analysis.programs.length import bits_of, bits_of_text, n_listed, n_rules
from analysis.programs.parsing import parse_program
from analysis.programs.program import Program
from analysis.programs.walking import n_searches
from analysis.programs.writing import write_program
from app.embedding import embed
from app.errors import BadRequestError, NotFoundError
from app.store.claiming import LONGEST_TEXT, Claim
from app.store.locating import check_index, locate_site
from app.store.queries.model import vocabulary_of
from app.store.queries.trial import read_trial
from app.store.writing_explanations import ScoreRow
from app.trying import UnreadableProgramError, try_program

LONGEST_PROGRAM: Final = 200_000
"""Characters that a person may send."""
CUT: Final = "… (cut here, because it is too long to be kept; the program says the rest)"
MOST_SEARCHES: Final = 40
"""Predicates that take long, in a program that is run while others wait for this process. The
language allows far more, which a worker runs."""


@dataclass(frozen=True)
class ReadProgram:
    """A program that can be run, with what is said of it."""

    program: Program
    source: str
    """As the language writes it."""
    words: str
    bits: float
    n_rules: int
    n_listed: int


def read_program(source: str, *, n_vocab: int, check: Check) -> ReadProgram:
    """Raises BadRequestError with line, column and what was expected there, and what `check`
    raises."""
    _check_length(source, "has")
    try:
        program = parse_program(source)
        check()
        written = write_program(program)
        _check_length(written, "has, as it would be kept,")
        check()
        if (n := n_searches(program)) > MOST_SEARCHES:
            raise BadRequestError(
                f"The program has {n:,} tests by regular expression, by what the text ends with, "
                f"or by nearness to many tokens; at most {MOST_SEARCHES} are run here.",
                hint="Write tokens that belong together as one set: token in {…}.",
            )
        return ReadProgram(
            program=program,
            source=written,
            words=_fitting(in_english(program)),
            bits=bits_of(program, n_vocab),
            n_rules=n_rules(program),
            n_listed=n_listed(program),
        )
    except ProgramError as error:
        raise UnreadableProgramError(error) from error


def make_claim(
    session: Session,
    unit: tuple[str, str, int],
    *,
    text: str,
    program: str | None,
    data: Path,
    check: Check,
) -> Claim:
    """What a person says of a unit (model, site, index). A program is scored on what it never saw;
    without words, it says what it does itself. Where no pools are kept, it has no scores."""
    model, site, index = unit
    place = locate_site(session, model=model, site=site)
    check_index(place, index)
    if program is None or not program.strip():
        bits = bits_of_text(text) if text.strip() else None
        return Claim(text=text, bits=bits, vector=embed(text))
    vocabulary = vocabulary_of(
        session, model_id=place.model_id, tokenizer_sha256=place.tokenizer_sha256
    )
    read = read_program(program, n_vocab=len(vocabulary), check=check)
    try:
        trial = read_trial(session, model=model, site=site, index=index, data=data)
    except NotFoundError:
        scores: list[ScoreRow] = []
    else:
        scores = try_program(read.program, trial, check)
    words = text.strip() or read.words
    return Claim(
        text=words,
        vector=embed(words),
        program=read.source,
        bits=read.bits,
        n_rules=read.n_rules,
        n_listed=read.n_listed,
        scores=scores,
    )


def _check_length(source: str, has: str) -> None:
    if len(source) > LONGEST_PROGRAM:
        raise BadRequestError(
            f"The program {has} {len(source):,} characters.",
            hint=f"Write it in at most {LONGEST_PROGRAM:,}.",
        )


def _fitting(words: str) -> str:
    """English as it can be kept: cut where it is too long, and said so."""
    if len(words) <= LONGEST_TEXT:
        return words
    kept = words[: LONGEST_TEXT - len(CUT) - 1].rsplit(" ", 1)[0]
    return f"{kept}{CUT}"
