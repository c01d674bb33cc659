"""What a claim names, of each tail: the words that are looked for where people judge it.

Where the claim is a program's own English, the program is asked, which knows which words make the
unit fire and which make it fall. Of other words, what is quoted is taken, else all but those of any
claim; sentences that say where the unit falls are of the lower tail, and what follows a negation is
left out.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from analysis.programs.english import in_english
from analysis.programs.errors import ProgramError
from analysis.programs.netting import net_tokens
from analysis.programs.parsing import parse_program
from analysis.programs.program import (
    And,
    AnyOf,
    At,
    Echo,
    Fading,
    Near,
    Not,
    OneOf,
    Or,
    Predicate,
    Program,
    TextEnds,
)
from analysis.score.tails import Tail
from app.trials.reading import CUT, LONGEST_PROGRAM

TAILS: Final[tuple[Tail, Tail]] = ("upper", "lower")
LONGEST_QUOTE: Final = 60
LETTERS: Final = f"{{1,{LONGEST_QUOTE}}}"
QUOTED: Final = re.compile(
    rf"“([^”]{LETTERS})”|(?<!\w)\"([^\"]{LETTERS})\"(?!\w)|(?<!\w)`([^`]{LETTERS})`(?!\w)"
    rf"|(?:(?<=[\s([{{/—–:,;-])|^)['‘]((?:[^'’\n]|(?<=\w)['’](?=\w)){LETTERS})['’](?!\w)",
    re.MULTILINE,
)
"""An apostrophe opens after a blank or a bracket alone, and one between letters closes nothing."""
HELD: Final = "\x00"
"""Stands for a quotation while the text around it is read."""
CLAUSE: Final = re.compile(
    r"(?<=[.!?])\s+|[;,]\s+(?=lowest for\b)|;\s+(?=falls? below\b|less\b)", re.I
)
FALLS: Final = re.compile(
    r"\b(?:falls?|drops?|goes|dips?) (?:far |well )?(?:below|down)\b|\blowest for\b"
    r"|\bless,? (?:after|at|for|on)\b|\b(?:suppressed|inhibited|silenced) (?:by|on|at)\b"
    r"|\bnegative(?:ly)? (?:on|for|at)\b",
    re.I,
)
NEGATED: Final = re.compile(
    rf"\b(?:not(?! (?:only|just|merely))|never|except|excluding|other than|rather than|unless"
    rf"|without|\w+n['’]t)\b[^.;,)]*(?:,\s*(?:(?:or|nor|and)\s+)?{HELD}[^.;,)]*)*",
    re.I,
)
WORD: Final = re.compile(r"\w{3,}")
POSSESSIVE: Final = re.compile(r"(?<=\w)['’]s?(?!\w)")
COMMON: Final = (
    "about after all also and any are before below but can does each fires first for from has have "
    "highest its last level like lowest many mostly most names neuron not often only other others "
    "peaks seldom some such text than that the their them then there these they this token tokens "
    "unit usual usually where when which with word words"
)
SAID_OF_ALL: Final = frozenset(COMMON.split())
"""Words that are in explanations of anything."""


@dataclass(frozen=True)
class Named:
    """What a claim names of one tail."""

    words: frozenset[str] = frozenset()
    """In lower case and without the blanks around them; of several tokens too."""
    tokens: frozenset[str] = frozenset()
    """Tokens just as they are."""

    def __bool__(self) -> bool:
        return bool(self.words or self.tokens)


@dataclass(frozen=True)
class Claimed:
    """What a claim says of each tail."""

    named: dict[Tail, Named]
    tails: frozenset[Tail]
    """Of which it says something; none: it does not tell them apart."""
    program: Program | None
    """Whose own English it is."""


def read_claim(text: str, program: str | None) -> Claimed:
    """`program` is asked only where the text is what it says in English: people may have written
    other words beside it."""
    said = _program_of(text, program)
    if said is not None:
        named = {tail: _named_by(said, tail) for tail in TAILS}
        tails = frozenset(tail for tail in TAILS if _rules_of(said, tail))
        if any(named.values()):
            return Claimed(named, tails, said)
    clauses = clauses_of(text)
    found = {tail: Named(words_of(clauses[tail])) for tail in TAILS}
    return Claimed(found, frozenset(TAILS) if clauses["lower"] else frozenset(), said)


def clauses_of(text: str) -> dict[Tail, str]:
    """What it says of either tail; all is of the upper one where nothing tells of falling."""
    masked, quotes = _masked(text)
    parts = CLAUSE.split(masked)
    lower = [part for part in parts if FALLS.search(part)]
    upper = [part for part in parts if not FALLS.search(part)]
    fill = iter(quotes)
    # quotations go back in the order of the text, whichever clause they are in
    filled = {id(part): _filled(part, fill) for part in parts}
    return {
        "upper": " ".join(filled[id(part)] for part in upper),
        "lower": " ".join(filled[id(part)] for part in lower),
    }


def words_of(text: str) -> frozenset[str]:
    """What a clause names: what it quotes; else its words, but those of any claim. Nothing that is
    negated."""
    masked, quotes = _masked(text)
    kept = set(quotes)
    for negated in NEGATED.finditer(masked):
        before = masked[: negated.start()].count(HELD)
        kept -= set(quotes[before : before + negated[0].count(HELD)])
    quoted = {quote.strip().casefold() for quote in kept} - {""}
    if quoted:
        return frozenset(quoted)
    plain = POSSESSIVE.sub("", NEGATED.sub(" ", masked)).casefold()
    return frozenset(WORD.findall(plain)) - SAID_OF_ALL


def _masked(text: str) -> tuple[str, list[str]]:
    """With a sign in the place of each quotation, and what is quoted."""
    quotes: list[str] = []

    def hold(found: re.Match[str]) -> str:
        quotes.append(next(group for group in found.groups() if group is not None))
        return HELD

    return QUOTED.sub(hold, text.replace(HELD, " ")), quotes


def _filled(part: str, quotes: Iterator[str]) -> str:
    return re.sub(HELD, lambda _: f"“{next(quotes)}”", part)


def _program_of(text: str, source: str | None) -> Program | None:
    if source is None or len(source) > LONGEST_PROGRAM:
        return None
    try:
        program = parse_program(source)
        words = in_english(program)
    except ProgramError:
        return None
    says_it = text == words or (text.endswith(CUT) and words.startswith(text.removesuffix(CUT)))
    return program if says_it else None


def _rules_of(program: Program, tail: Tail) -> list[Predicate]:
    """Of rules that move the prediction towards this tail."""
    in_order = program.mode == "first"
    usual = program.base if in_order else 0.0
    rules = program.rules if in_order else net_tokens(program.rules)
    sign = 1 if tail == "upper" else -1
    return [rule.predicate for rule in rules if sign * (rule.level - usual) > 0]


def _named_by(program: Program, tail: Tail) -> Named:
    words: set[str] = set()
    tokens: set[str] = set()
    for predicate in _rules_of(program, tail):
        for leaf in _asked_for(predicate):
            match leaf:
                case TextEnds(text):
                    words.add(text.strip().casefold())
                case At(test=test) | AnyOf(test=test) | Fading(test=test) | Echo(test=test):
                    match test:
                        case OneOf(texts, folded) if folded:
                            words.update(text.strip().casefold() for text in texts)
                        case OneOf(texts) | Near(texts):
                            tokens.update(texts)
    return Named(frozenset(words - {""}), frozenset(tokens))


def _asked_for(predicate: Predicate) -> Iterator[Predicate]:
    """The leaves that are not negated."""
    match predicate:
        case Not():
            return
        case And(parts) | Or(parts):
            for part in parts:
                yield from _asked_for(part)
        case _:
            yield predicate
