"""`patchclamp bench search`: how long a search over a million explanations takes, on each database.

A store of made-up explanations is filled on SQLite and on PostgreSQL: words drawn by Zipf's law
from 50,000, one common word in three tenths of the texts, an r for nine tenths, a sentence
embedding each. Then the same kinds of questions are asked of both, in this process, through the
function that the page and the REST interface call, without the time that the embedding of the
question itself takes.
"""

import random
import statistics
import sys
import time
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from sqlalchemy import Engine, text

from app.bench.databases import MISSING, databases
from app.bench.measurement import Measurement
from app.store.engine import open_engine, open_session
from app.store.migrating import upgrade
from app.store.queries.search import search
from app.store.search.vectors import nearest
from app.store.synthetic.explained import COMMON, Explained, fill_explained
from app.store.views.search import SearchView

FULL, QUICK = 1_000_000, 50_000
REQUESTS, QUICK_REQUESTS = 60, 30
"""Of each kind."""
WARM_UP: Final = 3
NEAREST, QUESTIONS = 10, 50
"""Of search by meaning, to see how many it misses."""
SURE: Final = ("common", "site", "method", "score")
"""Kinds that must find something."""
WHAT: Final = {
    "rare": "one rare word",
    "common": "a word that 30 % of the texts have",
    "two": "a common and a rarer word",
    "common_two": "two common words",
    "phrase": "a phrase of two words",
    "site": "the common word, at one site",
    "method": "the common word, by one method",
    "score": "the common word, of r at least 0.5",
    "meaning": "a rarer word, and by meaning",
}


def measure(
    quick: bool, *, n: int | None = None, requests: int | None = None
) -> Iterator[Measurement]:
    """SQLite first; `quick` fills a twentieth."""
    n = n or (QUICK if quick else FULL)
    requests = requests or (QUICK_REQUESTS if quick else REQUESTS)
    there_are = databases()
    if "postgresql" not in there_are:
        _say(MISSING)
    for database, opened in there_are.items():
        with opened() as settings:
            engine = open_engine(settings)
            upgrade(engine)
            started = time.perf_counter()
            _say(f"filling {database} with {n:,} explanations")
            there = fill_explained(engine, n)
            if database == "postgresql":
                _analyse(engine)
            _say(f"filled in {time.perf_counter() - started:.0f} s")
            first = _first(engine, there)
            taken = _ask(engine, there, requests)
            recall = _recall(engine, there)
            engine.dispose()
        prefix = "search." if database == "sqlite" else f"search.{database}."
        yield from _figures(prefix, taken, f"{n:,} explanations, {database}, {requests} of a kind")
        words = "the first search by meaning, which reads all embeddings into memory"
        where = f"{n:,} explanations, {database}"
        yield Measurement(f"{prefix}meaning.first_seconds", first, "s", f"{words}; {where}")
        words = f"of the {NEAREST} nearest of all by cosine, how many are found as such"
        words = f"{words}; {where}, {QUESTIONS} questions"
        yield Measurement(f"{prefix}meaning.recall", recall, "1", words)


def _figures(prefix: str, taken: dict[str, list[float]], where: str) -> Iterator[Measurement]:
    together = [value for kind in taken if kind != "meaning" for value in taken[kind]]
    for name, values, words in (
        ("", together, "search by words, all kinds of questions"),
        *((f"{kind}.", values, WHAT[kind]) for kind, values in taken.items()),
    ):
        percentiles = statistics.quantiles(values, n=100, method="inclusive")
        yield Measurement(
            f"{prefix}{name}p50_ms", percentiles[49], "ms", f"{words}: median; {where}"
        )
        yield Measurement(
            f"{prefix}{name}p99_ms", percentiles[98], "ms", f"{words}: 99th percentile; {where}"
        )


def _ask(engine: Engine, there: Explained, requests: int) -> dict[str, list[float]]:
    """Milliseconds by kind of question, asked in turn."""
    taken: dict[str, list[float]] = {kind: [] for kind in WHAT}
    for turn in range(-WARM_UP, requests):
        for kind in WHAT:
            arguments = _question(kind, there, random.Random(f"{kind} {turn}"))  # noqa: S311
            started = time.perf_counter()
            with open_session(engine) as session:
                found: SearchView = search(session, **arguments)
            if turn >= 0:
                taken[kind].append(1000 * (time.perf_counter() - started))
            if kind in SURE and not found.items:
                raise RuntimeError(f"{kind}: {arguments} found nothing")
        if turn % 20 == 0:
            _say(f"{turn} of {requests} of each kind")
    return taken


def _first(engine: Engine, there: Explained) -> float:
    started = time.perf_counter()
    with open_session(engine) as session:
        search(session, **_question("meaning", there, random.Random("first")))  # noqa: S311
    return time.perf_counter() - started


def _recall(engine: Engine, there: Explained) -> float:
    """Of the nearest that a comparison with all vectors finds, the share that is found."""
    chance = random.Random("recall")  # noqa: S311 - a sample, no secret
    asked = [there.vector_near(chance.randrange(there.n_vectors)) for _ in range(QUESTIONS)]
    nearest_of_all = there.nearest_of_all(np.stack(asked), NEAREST)
    n_found = 0
    with open_session(engine) as session:
        for vector, wanted in zip(asked, nearest_of_all, strict=True):
            found = nearest(session, vector, n=NEAREST, least_cosine=-1)
            n_found += len({near.explanation_id for near in found} & {*wanted})
    return n_found / (NEAREST * QUESTIONS)


def _question(kind: str, there: Explained, chance: random.Random) -> dict[str, Any]:
    rare = chance.choice(there.rare)
    middle = chance.choice(there.middle)
    match kind:
        case "rare":
            return {"query": rare}
        case "two":
            return {"query": f"{COMMON} {middle}"}
        case "common_two":
            return {"query": f"{COMMON} {chance.choice(there.frequent)}"}
        case "phrase":
            return {"query": f'"{" ".join(chance.choice(there.pairs))}"'}
        case "site":
            return {"query": COMMON, "model": there.model, "site": chance.choice(there.sites)}
        case "method":
            return {"query": COMMON, "method": chance.choice(("rules", "output"))}
        case "score":
            return {"query": COMMON, "r_min": 0.5}
        case "meaning":
            seed = chance.randrange(there.n_vectors)
            return {"query": middle, "vector": there.vector_near(seed)}
        case _:
            return {"query": COMMON}


def _analyse(engine: Engine) -> None:
    """What a server does by itself within minutes."""
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text("VACUUM ANALYZE"))


def _say(words: str) -> None:
    sys.stderr.write(f"bench search: {words}\n")
    sys.stderr.flush()
