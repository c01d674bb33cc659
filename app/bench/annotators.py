"""Simulated annotators: each a person with a token of their own, who judges over HTTP for a while.

A person asks for an item and its windows, looks at them, keeps a draft now and then, answers or
skips, and gets the next item with the answer. Now and then an answer is sent twice, as a browser
does whose connection broke. How long they look is drawn from an exponential distribution.
"""

import asyncio
import random
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

VERDICTS: Final = ("accept", "edit", "reject", "unsure")
DRAFT, SKIP, TWICE = 0.2, 0.04, 0.05
"""Shares of items."""
TIMEOUT: Final = 60.0
"""Seconds; whoever waits for longer counts as an error."""
AGAIN: Final = 0.2
"""Seconds until somebody asks again who was told that all are busy."""


@dataclass
class Seen:
    """What the annotators saw of the server, all together."""

    taken: dict[str, list[float]] = field(default_factory=dict)
    """Milliseconds by kind of request."""
    acknowledged: dict[int, str] = field(default_factory=dict)
    """Note of each answer that the server said it has, by assignment."""
    handed: dict[int, tuple[str, str]] = field(default_factory=dict)
    """(person, unit) of each assignment."""
    errors: list[str] = field(default_factory=list)
    """Of the server: 5xx, connections that broke, answers that took too long."""
    refused: list[str] = field(default_factory=list)
    """4xx, which nobody here should get."""
    idle: int = 0
    """Answers that there is nothing to judge."""


@dataclass(frozen=True)
class Work:
    url: str
    """Of the campaign: `http://127.0.0.1:8765/api/v1/models/toy/campaigns/rules`."""
    seconds: float
    """So long everybody judges."""
    looks: float
    """Seconds that a person looks at an item, on average."""


def judge_together(work: Work, tokens: dict[str, str]) -> Seen:
    """`tokens` by the person's name. They begin at moments within one look."""
    return asyncio.run(_judge_together(work, tokens))


async def _judge_together(work: Work, tokens: dict[str, str]) -> Seen:
    seen = Seen()
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    async with httpx.AsyncClient(limits=limits, timeout=TIMEOUT) as client:
        people = [
            _Person(name, token, work, client, seen, random.Random(name))  # noqa: S311 - no secret
            for name, token in tokens.items()
        ]
        await asyncio.gather(*(person.judge() for person in people))
    return seen


@dataclass
class _Person:
    name: str
    token: str
    work: Work
    client: httpx.AsyncClient
    seen: Seen
    chance: random.Random

    async def judge(self) -> None:
        until = time.perf_counter() + self.work.seconds
        await asyncio.sleep(self.chance.uniform(0, self.work.looks))
        following: dict[str, Any] | None = None
        while time.perf_counter() < until:
            if following is None:
                following = await self._ask("next", "POST", "/next")
            item = following.get("assignment") if following else None
            if item is None:
                self.seen.idle += 1
                following = None
                await asyncio.sleep(AGAIN)
                continue
            self.seen.handed[item["id"]] = (self.name, f"{item['site']}/{item['index']}")
            following = await self._answer(item)

    async def _answer(self, item: dict[str, Any]) -> dict[str, Any] | None:
        """What comes next."""
        place = f"/assignments/{item['id']}"
        await self._ask("windows", "GET", f"{place}/windows")
        looked = self.chance.expovariate(1 / self.work.looks)
        await asyncio.sleep(looked)
        body = {
            "verdict": self.chance.choice(VERDICTS),
            "specificity": self.chance.randint(1, 5),
            "note": f"{self.name} on {item['id']}",
        }
        if self.chance.random() < DRAFT:
            await self._ask("draft", "PUT", f"{place}/draft", body)
        if self.chance.random() < SKIP:
            skipped = await self._ask("skip", "POST", f"{place}/skip", {"reason": "not my field"})
            return None if skipped is None else skipped["following"]
        submitted = None
        for _ in range(2 if self.chance.random() < TWICE else 1):
            sent = {**body, "seconds": looked}
            submitted = await self._ask("submit", "POST", f"{place}/submit", sent)
        if submitted is None:
            return None
        self.seen.acknowledged[item["id"]] = str(body["note"])
        following: dict[str, Any] = submitted["following"]
        return following

    async def _ask(
        self, kind: str, method: str, path: str, body: dict[str, Any] | None = None
    ) -> dict[str, Any] | None:
        started = time.perf_counter()
        try:
            answer = await self.client.request(
                method, f"{self.work.url}{path}", json=body,
                headers={"Authorization": f"Bearer {self.token}"},
            )  # fmt: skip
        except httpx.HTTPError as error:
            self.seen.errors.append(f"{kind}: {error!r}")
            await asyncio.sleep(AGAIN)
            return None
        self.seen.taken.setdefault(kind, []).append(1000 * (time.perf_counter() - started))
        if answer.is_success:
            told: dict[str, Any] = answer.json()
            return told
        where = self.seen.errors if answer.is_server_error else self.seen.refused
        where.append(f"{kind}: {answer.status_code} {answer.text[:200]}")
        await asyncio.sleep(AGAIN)
        return None


def doubled(pairs: Iterable[object]) -> int:
    """How many come again."""
    every = list(pairs)
    return len(every) - len(set(every))
