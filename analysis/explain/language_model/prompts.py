"""What the explainer and the judges are told, with worked examples of our own.

A change here changes results: raise VERSION with it, and store it with what was made.
"""

from typing import Literal

import numpy as np

from analysis.assistants.question import Message
from analysis.explain.language_model.excerpts import (
    DATA_RULE,
    claim,
    enclosed,
    marked,
    numbered,
    pairs,
    running,
)
from analysis.explain.language_model.records import Excerpt

VERSION = 1
Style = Literal["pairs", "marked"]

PAIRS_SYSTEM = (
    "You study single neurons of a language model. You are shown excerpts that a neuron has read, "
    "one token a line, and after a tab how strongly it responded to that token, having read "
    "everything before it: from 0 (not at all) to 10 (its strongest). Find what the tokens with "
    "high numbers have in common and those with 0 lack: the token itself, what it is part of, or "
    "what came before it. Say it in one short sentence, as particular as the evidence allows. Say "
    "nothing about numbers, tokens or neurons; name what sets it off.\n\n"
    f"{DATA_RULE}\n\n"
    'Answer with one JSON object: {"explanation": "…"}.'
)
MARKED_SYSTEM = (
    "You study single neurons of a language model. You are shown excerpts that a neuron has read; "
    "what it responded to most stands between ⟪ and ⟫. Find what the marked parts have in common "
    "and the rest lacks: the words themselves, what they are part of, or what came before them. "
    "Say it in one short sentence, as particular as the evidence allows. Say nothing about marks "
    "or neurons; name what sets it off.\n\n"
    f"{DATA_RULE}\n\n"
    'Answer with one JSON object: {"explanation": "…"}.'
)
SIMULATION_SYSTEM = (
    "You predict a neuron of a language model. You are told what sets it off, and shown a text of "
    "numbered tokens, one a line. For every number say how strongly the neuron responds to that "
    "token, having read only what stands before it: a whole number from 0 (not at all) to 10 (its "
    "strongest). Most tokens leave most neurons at 0.\n\n"
    f"{DATA_RULE}\n\n"
    'Answer with one JSON object that has every number as a key: {"1": 0, "2": 7, …}.'
)
DETECTION_SYSTEM = (
    "You check what is claimed about a neuron of a language model. You are told what is said to "
    "set it off, and shown numbered texts. For each text say whether something in it would set the "
    "neuron off if the claim were true: true or false. Some of the texts may be near misses, and "
    "any number of them may fit, none and all included.\n\n"
    f"{DATA_RULE}\n\n"
    'Answer with one JSON object, in the order of the texts: {"verdicts": [true, false, …]}.'
)
FUZZING_SYSTEM = (
    "You check what is claimed about a neuron of a language model. You are told what is said to "
    "set it off, and shown numbered texts in which some parts stand between ⟪ and ⟫. For each text "
    "say whether the marked parts are the ones that would set the neuron off if the claim were "
    "true: true, or false where the marks are elsewhere. Any number of them may be right, none and "
    "all included.\n\n"
    f"{DATA_RULE}\n\n"
    'Answer with one JSON object, in the order of the texts: {"verdicts": [true, false, …]}.'
)


def explaining(excerpts: list[Excerpt], highest: float, style: Style) -> tuple[Message, ...]:
    """Asks for an explanation of what is high in the excerpts."""
    system = PAIRS_SYSTEM if style == "pairs" else MARKED_SYSTEM
    return (
        Message("system", system),
        *_EXAMPLES[style],
        Message("user", _evidence(excerpts, highest, style)),
    )


def simulating(explanation: str, excerpt: Excerpt) -> tuple[Message, ...]:
    return (
        Message("system", SIMULATION_SYSTEM),
        *_SIMULATED,
        Message("user", _simulated(explanation, excerpt)),
    )


def detecting(explanation: str, excerpts: list[Excerpt]) -> tuple[Message, ...]:
    texts = [running(excerpt) for excerpt in excerpts]
    return (
        Message("system", DETECTION_SYSTEM),
        *_DETECTED,
        Message("user", _judged(explanation, texts)),
    )


def fuzzing(explanation: str, texts: list[str]) -> tuple[Message, ...]:
    """`texts` are quoted and marked already."""
    return (
        Message("system", FUZZING_SYSTEM),
        *_FUZZED,
        Message("user", _judged(explanation, texts)),
    )


def _evidence(excerpts: list[Excerpt], highest: float, style: Style) -> str:
    shown = [
        pairs(e, highest) if style == "pairs" else marked(e, e.activations > highest / 2)
        for e in excerpts
    ]
    return "\n\n".join(enclosed(f"excerpt {n}", text) for n, text in enumerate(shown, 1))


def _simulated(explanation: str, excerpt: Excerpt) -> str:
    return (
        f"It is set off by: {claim(explanation)}\n\n{enclosed('text', numbered(excerpt))}\n\n"
        f"The levels of 1 to {len(excerpt.tokens)}:"
    )


def _judged(explanation: str, texts: list[str]) -> str:
    shown = "\n\n".join(enclosed(f"text {n}", text) for n, text in enumerate(texts, 1))
    return f"The claim: {claim(explanation)}\n\n{shown}\n\nVerdicts on {len(texts)} texts:"


def _read(*tokens: tuple[str, float]) -> Excerpt:
    activations = np.array([level for _, level in tokens], dtype=np.float32)
    return Excerpt(tuple(token for token, _ in tokens), activations, document=0)


_TIDES = _read(
    ("The", 0), (" ferry", 0), (" leaves", 0), (" every", 0), (" Tuesday", 9.4), (" at", 0),
    (" noon", 0), (",", 0), (" but", 0), (" on", 0), (" Fri", 8.1), ("day", 10), (" it", 0),
    (" waits", 0), (" for", 0), (" the", 0), (" tide", 0), (".", 0),
)  # fmt: skip
_MARKET = _read(
    ("Market", 0), (" is", 0), (" held", 0), (" in", 0), (" May", 0), (" and", 0), (" on", 0),
    (" Sat", 7.5), ("ur", 8.8), ("days", 9.9), (" in", 0), (" winter", 0),
)  # fmt: skip
_OVEN = _read(
    ("Do", 0), (" not", 0), (" open", 6.2), (" the", 0.4), (" oven", 1.1), (";", 0), (" never", 0),
    (" lift", 7), (" the", 0), (" lid", 0), (" while", 0), (" it", 0), (" boils", 0),
)  # fmt: skip
_PATH = _read(
    ("You", 0), (" must", 0), (" not", 0), (" leave", 6.6), (" the", 0), (" path", 0),
    (",", 0), (" and", 0), (" you", 0), (" may", 0), (" rest", 0), (".", 0),
)  # fmt: skip
_DAYS = "names of days of the week"
_FORBIDDEN = "verbs that say what must not be done, right after a word like not or never"


def _worked(style: Style) -> tuple[Message, ...]:
    cases = (([_TIDES, _MARKET], 10.0, _DAYS), ([_OVEN, _PATH], 7.0, _FORBIDDEN))
    return tuple(
        message
        for excerpts, highest, answer in cases
        for message in (
            Message("user", _evidence(excerpts, highest, style)),
            Message("assistant", f'{{"explanation": "{answer}"}}'),
        )
    )


_EXAMPLES = {"pairs": _worked("pairs"), "marked": _worked("marked")}
_SIMULATED = (
    Message("user", _simulated(_DAYS, _MARKET)),
    Message(
        "assistant",
        '{"1": 0, "2": 0, "3": 0, "4": 0, "5": 0, "6": 0, "7": 0, "8": 7, "9": 8, "10": 9, '
        '"11": 0, "12": 0}',
    ),
)
_DETECTED = (
    Message("user", _judged(_FORBIDDEN, [running(_PATH), running(_TIDES), running(_OVEN)])),
    Message("assistant", '{"verdicts": [true, false, true]}'),
)
_FUZZED = (
    Message(
        "user",
        _judged(
            _DAYS,
            [
                marked(_MARKET, np.arange(12) == 4),
                marked(_TIDES, _TIDES.activations > 0),
            ],
        ),
    ),
    Message("assistant", '{"verdicts": [false, true]}'),
)
