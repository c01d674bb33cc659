"""Operations that do what a test needs: sleep, count, fail."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import torch

from analysis.inference.operations import Operation
from analysis.protocol.base import Message
from analysis.protocol.experiments import GeneratedToken, TokenText
from analysis.protocol.model import ModelSpec


class Work(Message):
    model: ModelSpec
    number: int = 0
    seconds: float = 0.0
    steps: int = 1


class Done(Message):
    number: int
    name: str = ""


class Bench:
    """Notes in which order things were begun, and holds them up while `gate` is closed."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.checks = 0
        self.gate = threading.Event()
        self.gate.set()
        self.ended = threading.Event()
        self.fail: Callable[[], None] = lambda: None
        self.keep: Callable[[Any, Any], None] = lambda _model, _around: None

    def operations(self) -> list[Operation]:
        return [
            Operation("work", Work, run=self.work),
            Operation("tokens", Work, stream=self.tokens),
            Operation("minutes", Work, stream=self.tokens, takes_minutes=True),
            Operation("careless", Work, stream=careless),
        ]

    def work(self, model: Any, request: Work, around: Any) -> Done:
        """Computes for so many seconds, in small steps."""
        self.begun.append(request.number)
        self.fail()
        self.keep(model, around)
        until = time.monotonic() + request.seconds
        try:
            while time.monotonic() < until or not self.gate.is_set():
                around.check()
                self.checks += 1
                time.sleep(0.002)
        finally:
            self.ended.set()
        last = model.run(torch.tensor([[1 + request.number % 8]]))
        return Done(number=request.number, name=f"{float(last.sum()):.6f}")

    def tokens(self, model: Any, request: Work, around: Any) -> Iterator[GeneratedToken]:  # noqa: ARG002
        """A stream without an end, as many steps as asked for."""
        try:
            for step in range(request.steps):
                around.check()
                self.begun.append(request.number)
                self.fail()
                time.sleep(request.seconds)
                yield token(step)
        finally:
            self.ended.set()


def token(step: int) -> GeneratedToken:
    return GeneratedToken(which="clean", step=step, token=TokenText(id=1, text="a"), logprob=-0.5)


def careless(model: Any, request: Work, around: Any) -> Iterator[GeneratedToken]:  # noqa: ARG001
    with torch.inference_mode():
        for step in range(3):
            yield token(step)
