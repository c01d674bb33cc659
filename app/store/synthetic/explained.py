"""Very many explanations without any neuron's numbers: words drawn by Zipf's law, for search.

Rows are drawn column by column and written as the store holds them, because a million claims one
by one would take longer than what is measured over them.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Engine, text

from app.store.engine import begin, open_session
from app.store.packing import pack_scores
from app.store.search import index
from app.store.search.keys import explanation_key
from app.store.search.vectors import write_vectors
from app.store.search.words import joined, words_of
from app.store.tables import Base, ModelTable, RunTable, SiteTable
from app.store.writing import insert_rows
from app.store.writing_explanations import SCORED, WRITTEN, ScoreRow

COMMON: Final = "capital"
COMMON_SHARE: Final = 0.3
SCORED_SHARE: Final = 0.9
N_WORDS: Final = 50_000
LONGEST: Final = 14
"""Words of a text."""
N_SITES: Final = 60
N_DIMS: Final = 384
CHUNK: Final = 20_000
TOGETHER: Final = 1_000
"""Vectors that are drawn at once."""
METHODS: Final = ("rules", "output", "language_model")
MOMENT: Final = datetime(2026, 11, 21, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Explained:
    """What can be asked for."""

    model: str
    sites: list[str]
    rare: list[str]
    """Words of a few dozen texts."""
    middle: list[str]
    """Of about one text in a thousand."""
    frequent: list[str]
    """Of about one in ten."""
    pairs: list[tuple[str, str]]
    """Words that stand side by side somewhere."""
    n_vectors: int

    def vector_near(self, number: int) -> NDArray[np.float32]:
        """As of a question: its cosine with the embedding of that text is some 0.7."""
        drawn = np.random.default_rng((2, number)).normal(size=(1, N_DIMS)).astype(np.float32)
        other = _unit(drawn @ _axes())
        both = 0.7 * _vectors(number, 1) + 0.7 * other
        return np.asarray(_unit(both)[0], np.float32)

    def nearest_of_all(self, vectors: NDArray[np.float32], n: int) -> list[list[int]]:
        """For each of `vectors` [question, n_dims] the ids of the `n` explanations with the highest
        cosine of all, the nearest first."""
        best = np.full((n, len(vectors)), -np.inf, np.float32)
        ids = np.zeros((n, len(vectors)), np.int64)
        for first in range(0, self.n_vectors, CHUNK):
            some = _vectors(first, min(CHUNK, self.n_vectors - first)).astype(np.float16)
            cosines = np.concatenate([best, some.astype(np.float32) @ vectors.T])
            numbers = np.arange(first + 1, first + len(some) + 1)[:, None]
            both = np.concatenate([ids, np.broadcast_to(numbers, (len(some), len(vectors)))])
            order = np.argsort(-cosines, axis=0, kind="stable")[:n]
            best, ids = (np.take_along_axis(one, order, 0) for one in (cosines, both))
        return [column.tolist() for column in ids.T]


def fill_explained(engine: Engine, n: int, *, seed: int = 0, vectors: bool = True) -> Explained:
    """Of one model with 60 sites; needs an empty store that is migrated."""
    generator = np.random.default_rng(seed)
    model_id, run_id, site_ids = _add_model(engine, n)
    words = _vocabulary()
    tally = np.zeros(N_WORDS, np.int64)
    pairs: list[tuple[str, str]] = []
    rebuild = _without_gin(engine)
    for start in range(0, n, CHUNK):
        ids = np.arange(start + 1, min(start + CHUNK, n) + 1)
        drawn = np.minimum(generator.zipf(1.15, (len(ids), LONGEST)) - 1, N_WORDS - 1)
        np.add.at(tally, drawn, 1)
        pairs.append((words[drawn[0, 0]], words[drawn[0, 1]]))
        with begin(engine) as connection:
            _write(connection, generator, words, drawn, ids, model_id, run_id, site_ids)
            if vectors:
                write_vectors(connection, ids.tolist(), _vectors(start, len(ids)))
    if rebuild is not None:
        with begin(engine) as connection:
            connection.execute(text(rebuild))
    return _explained(words, tally, pairs, n)


def _explained(
    words: list[str], tally: NDArray[np.int64], pairs: list[tuple[str, str]], n: int
) -> Explained:
    def between(low: float, high: float) -> list[str]:
        return [words[at] for at in np.flatnonzero((tally >= low) & (tally < high))[:500].tolist()]

    return Explained(
        model="explained",
        sites=[f"mlp.{layer}" for layer in range(N_SITES)],
        rare=between(5, 40),
        middle=between(n / 2000, n / 500),
        frequent=between(n / 20, n / 4),
        pairs=pairs,
        n_vectors=n,
    )


def _write(
    connection: Connection,
    generator: np.random.Generator,
    words: list[str],
    drawn: NDArray[np.int64],
    ids: NDArray[np.int64],
    model_id: int,
    run_id: int,
    site_ids: list[int],
) -> None:
    n = len(ids)
    lengths = generator.integers(5, LONGEST + 1, n).tolist()
    common = (generator.random(n) < COMMON_SHARE).tolist()
    scored = (generator.random(n) < SCORED_SHARE).tolist()
    rs = generator.beta(3, 4, n).tolist()
    moment: Any = MOMENT
    if connection.dialect.name == "sqlite":
        moment = MOMENT.strftime("%Y-%m-%d %H:%M:%S.%f")
    rows, scores, entries = [], [], []
    packed = pack_scores({"corpus_r": (0.5, 0.4, 0.6, None, 0.4, 0.0)})
    for at, number in enumerate(ids.tolist()):
        r = rs[at] if scored[at] else None
        sentence = " ".join(words[word] for word in drawn[at, : lengths[at]].tolist())
        sentence = f"{COMMON} {sentence}." if common[at] else f"{sentence}."
        key = explanation_key(number, r)
        site = site_ids[number % N_SITES]
        method = METHODS[number % len(METHODS)]
        rows.append((
            number, model_id, site, number // N_SITES, run_id, run_id, method, "made up", "current",
            None, 1, 100.0, 3, 20, moment, key, sentence, "{}", None,
        ))  # fmt: skip
        if r is not None:
            score = ScoreRow("test", "program", "scored", None, 96, 20, 12_192, 0, r, 0.01, packed)
            scores.append((number, run_id, *score))
        facets = (index.facet_of_model(model_id), index.facet_of_site(site), method)
        entries.append(index.Entry(key, (joined(words_of(sentence)), ""), facets))
    insert_rows(connection, Base.metadata.tables["explanations"], WRITTEN, rows)
    insert_rows(connection, Base.metadata.tables["scores"], SCORED, scores)
    index.put(connection, index.EXPLANATIONS, entries)


def _vectors(first: int, n: int) -> NDArray[np.float32]:
    """Of the explanations numbered from `first`, of unit length; always the same."""
    parts = []
    for group in range(first // TOGETHER, (first + n - 1) // TOGETHER + 1):
        drawn = np.random.default_rng((1, group)).normal(size=(TOGETHER, N_DIMS))
        start = group * TOGETHER
        parts.append(drawn[max(0, first - start) : first + n - start])
    return _unit(np.concatenate(parts).astype(np.float32) @ _axes())


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


@cache
def _axes() -> NDArray[np.float32]:
    """In random directions, with a variance of 1 / (1 + k / 6): so falls the spectrum of 1,400
    sentences embedded by all-MiniLM-L6-v2. Where all had the same, everything would be as near."""
    drawn = np.random.default_rng(7).normal(size=(N_DIMS, N_DIMS))
    directions, _ = np.linalg.qr(drawn)
    spread = (1 + np.arange(N_DIMS) / 6) ** -0.5
    return np.asarray(spread[:, None] * directions.T, np.float32)


def _vocabulary() -> list[str]:
    consonants, vowels = "bdfgklmnprtv", "aeiou"
    made = []
    for number in range(N_WORDS):
        word, rest = "", number + 60
        while rest:
            rest, part = divmod(rest, 60)
            word += consonants[part // 5] + vowels[part % 5]
        made.append(word)
    return made


def _add_model(engine: Engine, n: int) -> tuple[int, int, list[int]]:
    with open_session(engine, commit=True) as session:
        model = ModelTable(
            name="explained", title="Explained", source="synthetic", source_kind="plain",
            folder=None, architecture="plain", facts={"gated": True}, n_layers=N_SITES,
            n_parameters=1, weights_sha256="0", tokenizer_sha256="0", created_at=MOMENT,
        )  # fmt: skip
        session.add(model)
        session.flush()
        sites = [
            SiteTable(
                model_id=model.id, name=f"mlp.{layer}", kind="mlp", layer=layer,
                n_units=n // N_SITES + 1,
            )
            for layer in range(N_SITES)
        ]  # fmt: skip
        session.add_all(sites)
        run = RunTable(
            kind="sweep", method="sweep", method_version="1", status="finished", model_id=model.id,
            parameters={}, seed=0, dtype="float32", device="cpu", code_version="0", machine={},
            measured={}, command="", started_at=MOMENT,
        )  # fmt: skip
        session.add(run)
        session.flush()
        model.current_run_id = run.id
        return model.id, run.id, [site.id for site in sites]


def _without_gin(engine: Engine) -> str | None:
    """On PostgreSQL an index that is made at the end takes a fraction of the time."""
    if engine.dialect.name != "postgresql":
        return None
    name = f"ix_{index.EXPLANATIONS}_words"
    with begin(engine) as connection:
        connection.execute(text(f"DROP INDEX {name}"))
    return f"CREATE INDEX {name} ON {index.EXPLANATIONS} USING gin (words)"
