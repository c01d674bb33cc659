"""Models whose neurons are known, to test blind explanation against the truth.

    planted = make_planted(folder, documents)
    planted.neurons    # site, index, kind, and the program that the neuron computes

Each planted neuron computes its program exactly (to about 1e-5); `planting` writes the weights.
Noise neurons have no rule: they multiply random signs of this token, of the one before and of the
position, so that every token, pair and place has mean 0. Helpers carry features to the next layer;
they are neither planted nor noise, and no test should count them. The rest of a site is dead.

The vocabulary is the documents' own: words with their leading blank, numbers, single signs, runs
of blanks and of line breaks; what is rare is <unk>.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from tokenizers import Regex, Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Split

from analysis.explain.planting import BOS, UNKNOWN, Role, plant
from analysis.programs.program import (
    Affix,
    And,
    AnyOf,
    At,
    Continues,
    DepthIs,
    Echo,
    Fading,
    HasShape,
    Not,
    OneOf,
    Predicate,
    Program,
    Repeated,
    Rule,
    TokenTest,
)
from analysis.programs.vocabulary import Vocabulary
from analysis.programs.writing import as_written

MOST_TOKENS = 4_000
DEEPEST_BRACKETS = 16
LEAST_SHARE = 0.004
"""Of all tokens that a planted set makes up: less would hardly be seen in a pool."""
N_NOISE = 48
PIECES = r"\n+| +(?= )| ?[A-Za-z]+| ?[0-9]+| ?[^\sA-Za-z0-9]|\s"

Kind = Literal[
    "token set", "affix", "shape", "previous", "topic", "fading", "depth", "induction", "echo",
    "repeated", "conjunction", "sign-flipped pair", "two meanings", "noise", "helper", "dead",
]  # fmt: skip


@dataclass(frozen=True)
class PlantedNeuron:
    site: str
    index: int
    kind: Kind
    program: Program | None
    """What it computes; None for noise, helpers and dead neurons."""


@dataclass(frozen=True)
class Planted:
    folder: Path
    neurons: tuple[PlantedNeuron, ...]

    def with_rule(self) -> list[PlantedNeuron]:
        return [neuron for neuron in self.neurons if neuron.program is not None]

    def noise(self) -> list[PlantedNeuron]:
        return [neuron for neuron in self.neurons if neuron.kind == "noise"]


def make_planted(folder: Path, documents: Sequence[str], *, seed: int = 0) -> Planted:
    """Writes a plain model of two layers whose vocabulary is that of the documents."""
    tokenizer, shares = _tokenizer(documents)
    wanted = _Drawing(shares, np.random.default_rng(seed)).all()
    texts = _texts(tokenizer)
    roles = plant(
        folder,
        tokenizer,
        Vocabulary(texts),
        [program for _, program in wanted],
        n_noise=N_NOISE,
        seed=seed,
    )
    return Planted(folder, tuple(_neuron(role, wanted) for role in roles))


def _neuron(role: Role, wanted: Sequence[tuple[Kind, Program]]) -> PlantedNeuron:
    if role.name == "planted":
        kind, program = wanted[role.number]
        return PlantedNeuron(role.site, role.index, kind, program)
    return PlantedNeuron(role.site, role.index, role.name, None)


def _tokenizer(documents: Sequence[str]) -> tuple[Tokenizer, dict[str, float]]:
    """Of the documents' own words; and their shares of all tokens, most frequent first."""
    split = Split(Regex(PIECES), behavior="isolated")
    counts: Counter[str] = Counter()
    for document in documents:
        counts.update(piece for piece, _ in split.pre_tokenize_str(document))
    ranked = sorted(counts, key=lambda piece: (-counts[piece], piece))[: MOST_TOKENS - 2]
    vocabulary = {text: number for number, text in enumerate([BOS, UNKNOWN, *ranked])}
    tokenizer = Tokenizer(WordLevel(vocabulary, unk_token=UNKNOWN))
    tokenizer.pre_tokenizer = split
    return tokenizer, {text: counts[text] / counts.total() for text in ranked}


def _texts(tokenizer: Tokenizer) -> list[str]:
    by_id = {number: text for text, number in tokenizer.get_vocab().items()}
    return [by_id[number] for number in range(len(by_id))]


class _Drawing:
    """Programs of every kind, about tokens that are frequent enough to be found.

    `shares` has the words, most frequent first, and their share of all tokens.
    """

    def __init__(self, shares: Mapping[str, float], rng: np.random.Generator) -> None:
        self._words = [text for text in shares if text.strip().isalpha()]
        self._shares = shares
        self._rng = rng

    def all(self) -> list[tuple[Kind, Program]]:
        makers: list[tuple[Kind, int, Callable[[], Sequence[Program]]]] = [
            ("token set", 9, lambda: [self._one(At(0, self._set(2, 12, (5, 150))))]),
            ("previous", 5, lambda: [self._one(At(1, self._set(1, 6, (3, 100))))]),
            ("previous", 2, lambda: [self._one(At(2, self._set(2, 6, (3, 100))))]),
            ("topic", 7, lambda: [self._one(AnyOf(8 * (1 + self._below(2)), 1, self._topic()))]),
            ("fading", 5, lambda: [self._one(Fading(8 * (1 + self._below(2)), self._topic()))]),
            ("echo", 4, lambda: [self._one(Echo(self._set(2, 8, (2, 60), share=0.02)))]),
            ("conjunction", 7, lambda: [self._one(self._conjunction())]),
            ("sign-flipped pair", 4, self._pair),
            ("two meanings", 6, lambda: [self._two_meanings()]),
        ]
        drawn = [
            (kind, program)
            for kind, times, make in makers
            for _ in range(times)
            for program in make()
        ]
        return [*drawn, *self._fixed()]

    def _fixed(self) -> list[tuple[Kind, Program]]:
        endings = ("ing", "ed", "tion", "ly", "er")
        affixes = [At(0, Affix("ends", ending)) for ending in endings]
        affixes.append(At(0, Affix("starts", "re", folded=True)))
        shapes = [At(0, HasShape(shape)) for shape in ("number", "capitalised", "punctuation")]
        lower = At(0, HasShape("lower"))
        induction: list[Predicate] = [
            Continues(),
            And((Continues(), lower)),
            And((lower, Not(Continues()))),
        ]
        repeated: list[Predicate] = [Repeated(), And((lower, Not(Repeated())))]
        named: list[tuple[Kind, Sequence[Predicate]]] = [
            ("affix", affixes),
            ("shape", shapes),
            ("induction", induction),
            ("repeated", repeated),
        ]
        fixed = [
            (kind, self._one(predicate)) for kind, predicates in named for predicate in predicates
        ]
        return [*fixed, *(("depth", self._depth(sign)) for sign in (1.0, -1.0, 0.5))]

    def _one(self, predicate: Predicate) -> Program:
        return Program(0.0, (Rule(predicate, self._level()),))

    def _pair(self) -> Sequence[Program]:
        predicate, level = At(0, self._set(2, 8, (5, 120))), self._level()
        return [Program(0.0, (Rule(predicate, sign * level),)) for sign in (1.0, -1.0)]

    def _two_meanings(self) -> Program:
        one, other = At(0, self._set(2, 6, (5, 100))), At(1, self._set(2, 6, (5, 100)))
        return Program(0.0, (Rule(one, self._level()), Rule(other, self._level())))

    def _conjunction(self) -> Predicate:
        lower, frequent = At(0, HasShape("lower")), self._set(4, 12, (3, 80), share=0.03)
        match self._below(3):
            case 0:
                return And((lower, At(1, frequent)))
            case 1:
                return And((At(0, frequent), Not(At(1, self._set(2, 8, (3, 80))))))
            case _:
                return And((lower, AnyOf(8, 1, self._topic())))

    def _depth(self, scale: float) -> Program:
        """As many rules as brackets that may be open: their sum is the depth."""
        level = as_written(scale * self._level())
        return Program(
            0.0, tuple(Rule(DepthIs(">=", n), level) for n in range(1, DEEPEST_BRACKETS + 1))
        )

    def _topic(self) -> TokenTest:
        return self._set(3, 8, (40, 300))

    def _set(
        self, least: int, most: int, ranks: tuple[int, int], *, share: float = LEAST_SHARE
    ) -> OneOf:
        """Between so many words of these ranks, which make up this share of all tokens or more."""
        among = self._words[slice(*ranks)]
        while True:
            size = min(least + self._below(most - least + 1), len(among))
            chosen = sorted(self._rng.choice(len(among), size, replace=False).tolist())
            texts = tuple(among[number] for number in chosen)
            # A set that has grown to all there is must do.
            if sum(map(self._shares.__getitem__, texts)) >= share or size == len(among):
                return OneOf(texts)
            most += 1

    def _level(self) -> float:
        return as_written(float(f"{self._rng.uniform(0.5, 4.0):.3g}"))

    def _below(self, n: int) -> int:
        return int(self._rng.integers(n))
