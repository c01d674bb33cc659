"""`patchclamp bench pages`: what a page costs the server, and whether a larger store costs more.

Two made-up stores are filled in one temporary folder: one as large as the demo's, one with a
million neurons. Both are then asked in turn for the same kinds of pages, in this process and over
no network, by a client that keeps nothing. Each answer is measured twice, from the request to its
first byte, compression included: by the clock, as the application itself says in `Server-Timing`,
and in CPU time of the process, in which the client waits meanwhile. On a machine that does other
things the clock also counts waiting for a core; CPU time does not.
"""

import asyncio
import random
import re
import shutil
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Final

import httpx
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.bench.measurement import Measurement
from app.main import create_app
from app.settings import Settings
from app.store.migrating import upgrade
from app.store.synthetic import SyntheticModel, fill_synthetic

WARM_UP: Final = 20
REQUESTS, QUICK_REQUESTS = 400, 80
KINDS: Final = ("neuron", "units", "units_scanned", "model", "api_unit")
WHAT: Final = {
    "neuron": "page of a neuron",
    "units": "page of a site's table, 50 units",
    "units_scanned": "the same, sorted or filtered by a column without an index",
    "model": "page of a model: map and eight units",
    "api_unit": "one unit as JSON",
}
WITH_TAIL: Final = ("neuron", "units")
"""Those that have a 99th percentile beside the median."""
GROWING: Final = (*WITH_TAIL, "units_scanned")
"""Those whose growth is given."""
SORTS: Final = {"index": 0.0, "density": 1.0, "maximum": 4.0, "kurtosis": 12.0}
"""Indexed columns, with a bound below which pages begin at random, so that they lie anywhere."""

SCANNED: Final = (
    *(f"sort={name}&order=desc" for name in ("above", "mean", "variance", "skewness", "minimum")),
    "dead=true",
    "flagged=true",
)


@dataclass(frozen=True)
class Size:
    """Of a store."""

    layers: int
    neurons: int
    """Per layer."""
    heads: int = 9
    full: int = 300
    """Neurons and heads with all that a sweep keeps; the others have numbers and one window."""
    windows: int = 400
    vocabulary: int = 49_152

    @property
    def words(self) -> str:
        return f"store of {self.layers * self.neurons:,} neurons in {self.layers} layers"


DEMO: Final = Size(layers=30, neurons=1536)
MILLION: Final = Size(layers=32, neurons=31_250)
STAND_IN: Final = Size(layers=8, neurons=12_500)
"""Few, large layers: a site of it is as much larger than the demo's as a page can notice."""
PER_KIND: Final = 12

Taken = tuple[float, float]
"""Milliseconds of one answer: by the clock, and of CPU time."""
Milliseconds = dict[str, list[Taken]]
CLOCK, CPU = 0, 1
MEASURES: Final = {"": (CLOCK, "server time"), "cpu_": (CPU, "CPU time")}


@dataclass
class _Served:
    client: httpx.AsyncClient
    processor: "_Processor"
    model: SyntheticModel
    size: Size
    taken: Milliseconds

    def choose(self, kind: str, chance: random.Random) -> str:
        """The address of a randomly chosen page."""
        site, index = chance.choice([unit for unit in self.model.full if unit[0][:3] == "mlp"])
        if kind == "neuron":
            return f"/m/{self.model.name}/{site}/{index}"
        if kind == "units":
            return f"/m/{self.model.name}/{site}?{_part_of_table(chance)}"
        if kind == "units_scanned":
            return f"/m/{self.model.name}/{site}?{chance.choice(SCANNED)}"
        if kind == "model":
            return f"/m/{self.model.name}?seed={chance.randrange(1_000_000)}"
        return f"/api/v1/models/{self.model.name}/sites/{site}/units/{index}"

    async def ask(self, path: str) -> Taken:
        answer = await self.client.get(path)
        answer.raise_for_status()
        clock = float(_DURATION.search(answer.headers["server-timing"])[1])  # type: ignore[index]
        return clock, self.processor.milliseconds


class _Processor:
    """Around the application: notes the CPU time of the process up to the first byte."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.milliseconds = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.process_time()

        async def note(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.milliseconds = 1000 * (time.process_time() - started)
            await send(message)

        await self.app(scope, receive, note)


_DURATION: Final = re.compile(r"dur=([\d.]+)")


def measure(
    quick: bool,
    *,
    sizes: tuple[Size, Size] | None = None,
    requests: int | None = None,
) -> Iterator[Measurement]:
    """Both stores in turn; `quick` puts a tenth of the neurons in the large one and asks less."""
    small, large = sizes or (DEMO, STAND_IN if quick else MILLION)
    n = requests or (QUICK_REQUESTS if quick else REQUESTS)
    folder = Path(tempfile.mkdtemp(prefix="patchclamp-bench-"))
    try:
        taken = asyncio.run(_run(folder, (small, large), n))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for size, suffix, milliseconds in zip((small, large), ("", ".1m"), taken, strict=True):
        stand_in = suffix and size.layers * size.neurons != MILLION.layers * MILLION.neurons
        where = f"{size.words}{', standing in for a million' if stand_in else ''}"
        yield from _figures(milliseconds, suffix, f"{where}; {n} requests")
    for kind, (prefix, (which, measure_words)) in product(GROWING, MEASURES.items()):
        before, after = (statistics.median(t[which] for t in store[kind]) for store in taken)
        words = (
            f"{WHAT[kind]}: median {measure_words}, {large.words} ÷ {small.words}, asked in turn"
        )
        yield Measurement(f"pages.{kind}.{prefix}growth", after / before, "1", words)


def _figures(taken: Milliseconds, suffix: str, where: str) -> Iterator[Measurement]:
    for kind in KINDS:
        for prefix, (which, measure_words) in MEASURES.items():
            values = [one[which] for one in taken[kind]]
            percentiles = statistics.quantiles(values, n=100, method="inclusive")
            for p in (50, 99) if kind in WITH_TAIL else (50,):
                share = "median" if p == 50 else "99th percentile"
                words = f"{WHAT[kind]}: {share} of {measure_words}; {where}"
                name = f"pages.{kind}.{prefix}p{p}_ms{suffix}"
                yield Measurement(name, percentiles[p - 1], "ms", words)


async def _run(folder: Path, sizes: Sequence[Size], n: int) -> list[Milliseconds]:
    """Milliseconds by kind of page, for each store."""
    async with AsyncExitStack() as stack:
        served = [
            await stack.enter_async_context(_serve(folder / str(number), size))
            for number, size in enumerate(sizes)
        ]
        for turn in range(-WARM_UP, n):
            for kind in KINDS:
                await _ask_all(served[:: 1 if turn % 2 else -1], kind, turn)
            if turn % 50 == 0:
                _say(f"{turn} of {n} requests of each kind to each store")
    return [one.taken for one in served]


async def _ask_all(served: Sequence[_Served], kind: str, turn: int) -> None:
    for one in served:
        chance = random.Random(f"{kind} {turn}")  # noqa: S311 - a sample, no secret
        taken = await one.ask(one.choose(kind, chance))
        if turn >= 0:
            one.taken[kind].append(taken)


@asynccontextmanager
async def _serve(data: Path, size: Size) -> AsyncIterator[_Served]:
    _say(f"filling a {size.words}")
    app = create_app(Settings(data=data, database_url=None, log_level="error"))
    upgrade(app.state.engine)
    (model,) = fill_synthetic(
        app.state.engine, data=data, layers=size.layers, neurons=size.neurons, heads=size.heads,
        windows=size.windows, exemplars_per_kind=PER_KIND, vocabulary_size=size.vocabulary,
        full_exemplars=size.full,
    )  # fmt: skip
    processor = _Processor(app)
    transport = httpx.ASGITransport(processor)
    headers = {"accept": "text/html"}
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(
            transport=transport, base_url="http://localhost", headers=headers
        ) as client,
    ):
        yield _Served(client, processor, model, size, defaultdict(list))


def _part_of_table(chance: random.Random) -> str:
    sort = chance.choice(list(SORTS))
    if sort == "index":
        return "order=" + chance.choice(("asc", "desc"))
    return f"sort={sort}&order=desc&{sort}_max={SORTS[sort] * chance.random():.4f}"


def _say(text: str) -> None:
    sys.stderr.write(f"bench pages: {text}\n")
    sys.stderr.flush()
