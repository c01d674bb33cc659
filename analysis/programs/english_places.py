"""Predicates as places: on “ king” after “ the”, inside quotes.

What comes out follows a verb: fires …, falls below its usual level ….
"""

from analysis.programs.english_tests import Detail, noun_of, participle_of, quoted
from analysis.programs.program import (
    WHOLE_WINDOW,
    Affix,
    Always,
    And,
    AnyOf,
    At,
    Comparison,
    Continues,
    DepthIs,
    Echo,
    Fading,
    Inside,
    Not,
    Or,
    PositionIs,
    Predicate,
    Repeated,
    TextEnds,
    TokenTest,
)

NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
OPPOSITES: dict[Comparison, Comparison] = {"<": ">=", ">=": "<", ">": "<=", "<=": ">", "=": "="}


def place_of(predicate: Predicate, detail: Detail) -> str:
    match predicate:
        case And(parts):
            return _all(parts, detail)
        case Or(parts):
            return _any(parts, detail)
        case Not(inner):
            return _but(inner, detail) or f"everywhere {_except(inner, detail)}"
        case At(back, test) | AnyOf(back, _, test) if _is_one_place(predicate):
            return f"{_distance(back)} {noun_of(test, detail, 'or' if back else 'and')}"
        case AnyOf(first, last, test):
            return f"with {noun_of(test, detail)} among {_stretch(first, last)}"
        case Fading(half_life, test):
            noun = noun_of(test, detail, "and")
            return f"in text rich in {noun}{_half_life(half_life, detail)}"
        case Echo(test):
            return f"where {noun_of(test, detail)} followed this token the last time"
        case TextEnds(text):
            return f"where the text so far ends in {quoted(text)}"
        case _:
            return _of_context(predicate)


def _of_context(predicate: Predicate) -> str:
    match predicate:
        case PositionIs(comparison, number):
            return _position(comparison, number)
        case DepthIs(comparison, number):
            return _depth(comparison, number)
        case Inside(place):
            return f"inside {place}"
        case Repeated(within):
            since = "earlier" if within >= WHOLE_WINDOW else f"among the {within} tokens before"
            return f"on tokens that occurred {since}"
        case Continues():
            return "where a pair of tokens is repeated"
        case Always():
            return "everywhere"
        case _:
            raise TypeError(f"{predicate!r} is no predicate")


def _any(parts: tuple[Predicate, ...], detail: Detail) -> str:
    shown = parts if len(parts) <= detail.most + 1 else parts[: detail.most]
    places = [place_of(part, detail) for part in shown]
    n_more = len(parts) - len(shown)
    return " or ".join([*places, *([f"in {n_more} other cases"] if n_more else [])])


def _all(parts: tuple[Predicate, ...], detail: Detail) -> str:
    """The token itself first, then what is around it, then what must not be."""
    here = [part.test for part in parts if isinstance(part, At) and part.back == 0]
    others = [part for part in parts if not (isinstance(part, At) and part.back == 0)]
    around, excluded = [], []
    for part in others:
        if isinstance(part, Not) and not _but(part.inner, detail):
            excluded.append(_except(part.inner, detail))
        else:
            text = place_of(part, detail)
            around.append(f"either {text}" if isinstance(part, Or) else text)
    if here:
        around = [text.removeprefix("on tokens ") for text in around]
    around.sort(key=lambda text: not text.startswith(("after ", "that ")))
    pieces = [f"on {_both(here, detail)}"] if here else []
    sentence = " ".join([*pieces, *around[:1]]) or "everywhere"
    sentence += "".join(f" and {text}" for text in around[1:])
    return sentence + "".join(f", {text}" for text in excluded)


def _both(tests: list[TokenTest], detail: Detail) -> str:
    """Several tests of one token: lower-case words ending in “ing”."""
    affixes = [test for test in tests if isinstance(test, Affix)]
    nouns = [test for test in tests if not isinstance(test, Affix)] or affixes[:1]
    participles = [participle_of(test) for test in affixes if test not in nouns]
    noun = " that are also ".join(noun_of(test, detail, "and") for test in nouns)
    return " ".join([noun, " and ".join(participles)]).strip()


def _but(inner: Predicate, detail: Detail) -> str:
    """The opposite where there is a word for it, else nothing."""
    match inner:
        case Inside(place):
            return f"outside {place}"
        case PositionIs(comparison, number) if comparison != "=":
            return _position(OPPOSITES[comparison], number)
        case DepthIs(comparison, number) if comparison != "=":
            return _depth(OPPOSITES[comparison], number)
        case AnyOf(first, last, test) if first > last:
            return f"without {noun_of(test, detail)} among {_stretch(first, last)}"
        case Fading(half_life, test):
            noun = noun_of(test, detail, "and")
            return f"in text poor in {noun}{_half_life(half_life, detail)}"
        case Repeated(within):
            if within >= WHOLE_WINDOW:
                return "on tokens that are new to the text"
            return f"on tokens that did not occur among the {within} tokens before"
        case Not(again):
            return place_of(again, detail)
        case Always():
            return "nowhere"
        case _:
            return ""


def _except(inner: Predicate, detail: Detail) -> str:
    return f"except {place_of(inner, detail)}"


def _half_life(half_life: int, detail: Detail) -> str:
    return f" (fading by half every {_tokens(half_life)})" if detail.measures else ""


def _is_one_place(predicate: Predicate) -> bool:
    return not isinstance(predicate, AnyOf) or predicate.first == predicate.last


def _distance(back: int) -> str:
    if back == 0:
        return "on"
    return "after" if back == 1 else f"{in_words(back)} tokens after"


def _stretch(first: int, last: int) -> str:
    if last == 0:
        return f"this token and the {in_words(first)} before"
    if last == 1:
        return f"the {in_words(first)} tokens before"
    return f"the tokens {in_words(last)} to {in_words(first)} before"


def _position(comparison: Comparison, number: int) -> str:
    match comparison:
        case "=":
            return "on the window's first token" if number == 0 else f"at position {number}"
        case "<" | "<=":
            n = number + (comparison == "<=")
            return "nowhere" if n == 0 else f"in the window's first {_tokens(n)}"
        case _:
            n = number + (comparison == ">")
            return "everywhere" if n == 0 else f"after the window's first {_tokens(n)}"


def _depth(comparison: Comparison, number: int) -> str:
    match comparison:
        case "=":
            return "outside brackets" if number == 0 else f"inside {_brackets(number)}"
        case "<" | "<=":
            n = number + (comparison == "<=")
            if n <= 1:
                return "outside brackets" if n else "nowhere"
            return f"inside fewer than {_brackets(n)}"
        case _:
            n = number + (comparison == ">")
            if n <= 1:
                return "inside brackets" if n else "everywhere"
            return f"inside at least {_brackets(n)}"


def _tokens(n: int) -> str:
    return "token" if n == 1 else f"{in_words(n)} tokens"


def _brackets(n: int) -> str:
    return f"{in_words(n)} {'pair' if n == 1 else 'pairs'} of brackets"


def in_words(n: int) -> str:
    return NUMBERS[n] if n < len(NUMBERS) else f"{n:,}"
