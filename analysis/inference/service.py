"""One service: its models, arrays, queue, and the requests that are under way."""

import asyncio
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager, suppress
from typing import Final

from pydantic import ValidationError

from analysis.inference.admission import Admission
from analysis.inference.arrays import ArrayShelf
from analysis.inference.counting import Counts
from analysis.inference.exchange import Exchange, Gone
from analysis.inference.lane import Lane
from analysis.inference.operations import Operation
from analysis.inference.options import Options
from analysis.inference.refusing import Refused, refused, stopping, stuck
from analysis.inference.shelf import Loaded, Shelf
from analysis.inference.ticket import Ticket
from analysis.inference.turns import Turns
from analysis.inference.watch import Stuck, Watch
from analysis.interventions.surroundings import Surroundings
from analysis.protocol.base import Message
from analysis.protocol.lines import MEDIA_TYPE, line_of
from analysis.protocol.model import ModelSpec
from analysis.protocol.refusals import Refusal
from analysis.protocol.service import ModelsAnswer

LAST_LINE_SECONDS: Final = 2.0


class Service:
    """Made and used on one event loop."""

    def __init__(self, options: Options, operations: Mapping[str, Operation]) -> None:
        self.options = options
        self.counts = Counts()
        self.arrays = ArrayShelf(options.array_bytes)
        self._operations = operations
        self._shelf = Shelf(options)
        self._lane = Lane("compute")
        self._admission = Admission(options.queue)
        self._tickets: set[Ticket] = set()
        self._watch = Watch(options.stuck_seconds)
        self._stopping = False

    def require_ready(self) -> None:
        """Refused: it takes no requests."""
        if self._stopping:
            raise Refused(stopping())
        found = self._watch.stuck()
        if found is not None:
            raise Refused(stuck(*found))

    def look_for_stuck(self) -> Stuck | None:
        """What keeps the thread though nobody waits for it; those who wait behind it are told."""
        found = self._watch.stuck()
        if found is not None:
            for ticket in self._tickets:
                ticket.end(stuck(*found))
        return found

    def stop(self) -> None:
        """Takes no more requests, and ends those under way at their next layer."""
        self._stopping = True
        for ticket in self._tickets:
            ticket.end(stopping())

    def place(self) -> str:
        """Where in the code the thread that computes is: the innermost functions, for the log."""
        return self._lane.place()

    def close(self) -> None:
        self._shelf.close()
        self._lane.close()

    def describe(self) -> ModelsAnswer:
        return ModelsAnswer(
            models=self._shelf.describe(),
            budget_bytes=self.options.memory,
            used_bytes=self._shelf.used_bytes,
            waiting=self._admission.waiting,
        )

    def count(self) -> bytes:
        """Everything that was counted, in Prometheus' text format."""
        described = self.describe()
        found = self._watch.stuck()
        self.counts.stuck.set(0 if found is None else found.seconds)
        self.counts.waiting.set(described.waiting)
        self.counts.loaded.set(sum(not model.loading for model in described.models))
        self.counts.used.set(described.used_bytes)
        self.counts.budget.set(described.budget_bytes)
        return self.counts.text()

    async def answer(self, exchange: Exchange) -> None:
        """One operation, from the request to the end of its answer."""
        operation = self._operations.get(exchange.parameters["operation"])
        outcome = "ok"
        try:
            answer = await self._perform(exchange, operation)
            await (exchange.end() if answer is None else exchange.answer(answer))
        except Gone:
            outcome = "cancelled"
        except Refused as error:
            outcome = error.refusal.reason
            await _tell(exchange, error.refusal)
        finally:
            label = "unknown" if operation is None else operation.name
            self.counts.requests.labels(label, outcome).inc()

    async def _perform(self, exchange: Exchange, operation: Operation | None) -> bytes | None:
        """The answer; None where it was sent line by line."""
        self.require_ready()
        if operation is None:
            raise refused(
                "unknown_operation",
                "There is no such operation.",
                hint="Web side and inference service may be of different versions.",
            )
        body = await exchange.body(self.options.body_bytes)
        with ExitStack() as held:
            held.enter_context(self._admission.place(takes_minutes=operation.takes_minutes))
            request = _read(operation, body)
            spec: ModelSpec = request.model  # type: ignore[attr-defined]
            ticket = held.enter_context(self._ticket())
            async with exchange.watched(ticket):
                entry = held.enter_context(self._shelf.held(spec))
                loaded = await self._shelf.loaded(entry, ticket)
                turns = self._turns(operation, loaded, request, ticket)
                try:
                    return await self._take(exchange, turns, ticket)
                finally:
                    self._count(operation, turns)
                    if turns.begun and not turns.over:
                        what = f"{operation.name} of the model {spec.name!r}"
                        self._leave(turns, what, held.pop_all())

    async def _take(self, exchange: Exchange, turns: Turns, ticket: Ticket) -> bytes | None:
        """Turn after turn until there is nothing more."""
        while True:
            turn = await ticket.computed(turns.submit(self._lane))
            if not turns.streams:
                return turn
            if not exchange.begun:
                await exchange.begin(200, MEDIA_TYPE.encode())
            if turn is None:
                return None
            await exchange.go_on(turn, seconds=ticket.left)

    def _leave(self, turns: Turns, what: str, held: ExitStack) -> None:
        """What is under way may go on to its next check; model and place are held until then."""
        loop = asyncio.get_running_loop()
        self._watch.begin(turns, what)
        held.callback(self._watch.end, turns)

        def left(_: Future[None]) -> None:
            with suppress(RuntimeError):  # the service has ended before
                loop.call_soon_threadsafe(held.close)

        turns.leave(self._lane).add_done_callback(left)

    def _turns(
        self, operation: Operation, loaded: Loaded, request: Message, ticket: Ticket
    ) -> Turns:
        options = self.options
        ticket.begin(options.sweep_seconds if operation.takes_minutes else options.seconds)
        around = Surroundings(
            check=ticket.check,
            array=self.arrays.get,
            traces=loaded.traces,
            code_version=options.code_version,
        )
        free = self._shelf.free_memory
        return Turns(operation, loaded.model, request, around, free_memory=free)

    @contextmanager
    def _ticket(self) -> Iterator[Ticket]:
        ticket = Ticket()
        self._tickets.add(ticket)
        try:
            yield ticket
        finally:
            self._tickets.discard(ticket)

    def _count(self, operation: Operation, turns: Turns) -> None:
        if turns.queue_seconds is not None:
            self.counts.wait.observe(turns.queue_seconds)
            self.counts.model.labels(operation.name).observe(turns.model_seconds)
            self._admission.took(turns.model_seconds)


def _read(operation: Operation, body: bytes) -> Message:
    """Refused: the body is no such request."""
    try:
        return operation.request.model_validate_json(body)
    except ValidationError as error:
        told = "; ".join(
            f"{'.'.join(map(str, wrong['loc'])) or 'the request'}: {wrong['msg']}"
            for wrong in error.errors(include_url=False, include_input=False)[:3]
        )
        raise refused(
            "bad_request",
            f"The request is not valid. {told}"[:1000],
            hint="Mend what is named, and ask again.",
        ) from None


async def _tell(exchange: Exchange, refusal: Refusal) -> None:
    """A refusal as the answer, or as the last line of one that was begun."""
    if not exchange.begun:
        await exchange.refuse(refusal)
        return
    with suppress(Gone):
        await exchange.go_on(line_of(refusal), seconds=LAST_LINE_SECONDS)
        await exchange.end()
