"""`patchclamp bench team`: a team that judges at the same time, and what becomes of it.

A store of made-up explanations is filled, on PostgreSQL for 100 people and on SQLite for 20; a
campaign asks three of them about each; `patchclamp serve` serves it in a process of its own, and
everybody judges over HTTP for a minute, looking at each item for 5 seconds on average, which is
faster than people are. Then the store is compared with what the server had acknowledged.
"""

import os
import re
import statistics
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import Engine, select

from app.bench.annotators import Seen, Work, doubled, judge_together
from app.bench.databases import MISSING, databases
from app.bench.measurement import Measurement
from app.settings import Settings
from app.store.accounts.members import set_role
from app.store.accounts.people import create_account
from app.store.accounts.tokens import create_token
from app.store.audit.verifying import verify
from app.store.campaigning import Plan, create_campaign
from app.store.choice import Choice
from app.store.engine import open_engine, open_session
from app.store.migrating import upgrade
from app.store.synthetic import fill_synthetic
from app.store.tables import AssignmentTable, JudgementTable

PEOPLE: Final = {"sqlite": 20, "postgresql": 100}
PREFIX: Final = {"sqlite": "team.sqlite.", "postgresql": "team."}
SECONDS, QUICK_SECONDS = 60.0, 8.0
LOOKS: Final = 5.0
PER_ITEM: Final = 3
LAYERS, NEURONS = 6, 256
FEWEST: Final = 20
"""Requests of a kind that percentiles are told of."""
MODEL, SLUG = "synthetic", "bench"
ADDRESS: Final = re.compile(r"Patchclamp is at (http://\S+)")


def measure(
    quick: bool,
    *,
    people: dict[str, int] | None = None,
    seconds: float | None = None,
    looks: float = LOOKS,
    neurons: int = NEURONS,
) -> Iterator[Measurement]:
    """SQLite first; `quick` is a few seconds of it."""
    seconds = seconds or (QUICK_SECONDS if quick else SECONDS)
    there_are = databases()
    if "postgresql" not in there_are:
        _say(MISSING)
    for database, opened in there_are.items():
        n_people = (people or PEOPLE)[database]
        with opened() as settings:
            engine = open_engine(settings)
            upgrade(engine)
            _say(f"filling {database}")
            tokens = _fill(engine, settings, n_people, neurons)
            with _served(settings) as url:
                _say(f"{n_people} people judge for {seconds:.0f} s")
                campaign = f"{url}/api/v1/models/{MODEL}/campaigns/{SLUG}"
                seen = judge_together(Work(campaign, seconds, looks), tokens)
            for told in [*seen.errors, *seen.refused][:10]:
                _say(told)
            where = f"{n_people} people, {seconds:.0f} s, {database}"
            yield from _figures(PREFIX[database], engine, seen, seconds, where)
            engine.dispose()


def _fill(engine: Engine, settings: Settings, n_people: int, neurons: int) -> dict[str, str]:
    """The token of each annotator."""
    fill_synthetic(engine, data=settings.data, layers=LAYERS, neurons=neurons, heads=2, windows=64)
    tokens = {}
    with open_session(engine, commit=True) as session:
        create_account(session, name="boss", is_administrator=True)
        plan = Plan(
            title="Benchmark", slug=SLUG, n_per_item=PER_ITEM,
            choice=Choice(n=LAYERS * neurons, seed=1), guidelines="Look at the random windows.",
        )  # fmt: skip
        create_campaign(session, model=MODEL, plan=plan, actor="boss")
        for number in range(n_people):
            name = f"annotator-{number}"
            account_id = create_account(session, name=name)
            set_role(session, name=name, model=MODEL, role="annotator")
            scopes = ("see", "annotate")
            tokens[name] = create_token(
                session, account_id=account_id, name="bench", scopes=scopes, lasts=None
            )
    return tokens


@contextmanager
def _served(settings: Settings) -> Iterator[str]:
    """The address of a web process of its own, as `patchclamp serve` starts one."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("PATCHCLAMP_")
    } | {
        "PATCHCLAMP_DATA": str(settings.data),
        "PATCHCLAMP_PORT": "0",
        "PATCHCLAMP_LOG_LEVEL": "error",
    }
    if settings.database_url is not None:
        environment["PATCHCLAMP_DATABASE_URL"] = settings.database_url.get_secret_value()
    server = subprocess.Popen(
        [sys.executable, "-m", "app", "serve"],
        env=environment, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        yield _address(server)
    finally:
        server.terminate()
        server.communicate()


def _address(server: subprocess.Popen[str]) -> str:
    for line in server.stdout or ():
        if found := ADDRESS.search(line):
            return found.group(1)
    raise RuntimeError("the server did not start")


def _figures(
    prefix: str, engine: Engine, seen: Seen, seconds: float, where: str
) -> Iterator[Measurement]:
    stored, per_item, per_person = _stored(engine)
    lost = sum(stored.get(number) != [note] for number, note in seen.acknowledged.items())
    twice = (
        sum(len(notes) - 1 for notes in stored.values())
        + sum(max(0, n - PER_ITEM) for n in per_item.values())
        + sum(n - 1 for n in per_person.values())
    )
    every = [value for kind in seen.taken.values() for value in kind]
    fault = verify(engine).fault
    for name, value, unit, words in (
        ("lost", lost, "1", "answers that were acknowledged and are not stored as they were sent"),
        ("doubled", twice, "1", "judgements that are stored more than once, of an item more than "
         f"{PER_ITEM}, or of one person and item more than one"),
        ("errors", len(seen.errors), "1", "5xx, broken connections, no answer within a minute"),
        ("refused", len(seen.refused), "1", "4xx"),
        ("handed_twice", doubled(seen.handed.values()), "1", "items that one person was handed "
         "twice"),
        ("log_faults", int(fault is not None), "1", "whether the audit log does not verify"),
        ("judgements", len(seen.acknowledged), "1", "answers that were acknowledged"),
        ("idle", seen.idle, "1", "times that somebody was told that there is nothing to judge"),
        ("requests_per_second", len(every) / seconds, "1/s", "of all kinds"),
    ):  # fmt: skip
        yield Measurement(f"{prefix}{name}", value, unit, f"{words}; {where}")
    for name, values in (("", every), *((f"{kind}.", seen.taken[kind]) for kind in seen.taken)):
        if len(values) < FEWEST:
            continue
        percentiles = statistics.quantiles(values, n=100, method="inclusive")
        for percentile in (50, 95, 99):
            words = f"{name.rstrip('.') or 'a request of any kind'}: percentile {percentile}"
            yield Measurement(
                f"{prefix}{name}p{percentile}_ms", percentiles[percentile - 1], "ms",
                f"{words}; {where}, {len(values)} requests",
            )  # fmt: skip


def _stored(
    engine: Engine,
) -> tuple[dict[int, list[str]], Counter[int], Counter[tuple[int, str]]]:
    """Notes of judgements by assignment; how many there are by item, and by item and person."""
    notes: dict[int, list[str]] = {}
    per_item: Counter[int] = Counter()
    per_person: Counter[tuple[int, str]] = Counter()
    with open_session(engine) as session:
        rows = session.execute(
            select(AssignmentTable.id, AssignmentTable.item_id, JudgementTable.note,
                   JudgementTable.actor)
            .join(JudgementTable, JudgementTable.assignment_id == AssignmentTable.id)
        )  # fmt: skip
        for row in rows:
            notes.setdefault(row.id, []).append(row.note)
            per_item[row.item_id] += 1
            per_person[row.item_id, row.actor] += 1
    return notes, per_item, per_person


def _say(words: str) -> None:
    sys.stderr.write(f"bench team: {words}\n")
    sys.stderr.flush()
