"""Keeps child processes running: starts them again when they die, stops them together.

Children are in sessions of their own, so that Ctrl-C reaches only the supervisor, which then asks
them to stop in order. Each has a pipe from the supervisor as its standard input: when the
supervisor dies, however it dies, the pipe closes and the children leave by themselves.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import FrameType
from typing import Final, TextIO

from app.printable import escaped

FIRST_DELAY: Final = 0.5
LONGEST_DELAY: Final = 30.0
STEADY_SECONDS: Final = 60.0
"""A child that ran so long is started again at once when it dies."""
STOP_SECONDS: Final = 60.0
"""Longer than a worker takes to end its shard, save a checkpoint and hand its job back."""
HURRIED_SECONDS: Final = 25.0
"""The same when the children were asked twice,"""
APART_SECONDS: Final = 1.0
"""which they are with so much time in between: a worker takes signals close together for one."""
POLL_SECONDS: Final = 0.1


@dataclass
class Child:
    """One command that should always be running."""

    name: str
    command: Sequence[str]
    file_descriptors: Sequence[int] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    """Beside what it inherits: secrets, which everybody may read on a command line."""
    process: subprocess.Popen[str] | None = None
    started_at: float = 0.0
    start_at: float = 0.0
    delay: float = FIRST_DELAY
    pumps: list[threading.Thread] = field(default_factory=list)


class Supervisor:
    def __init__(self, children: Sequence[Child], *, output: TextIO | None = None) -> None:
        self._children = children
        self._output = output or sys.stdout
        self._width = max(len(child.name) for child in children)
        self._stopping = threading.Event()
        self._hurried = threading.Event()
        self._lock = threading.Lock()

    def run(self) -> None:
        """Returns when `stop` was called and every child is gone."""
        try:
            while not self._stopping.is_set():
                for child in self._children:
                    self._tend(child)
                self._stopping.wait(POLL_SECONDS)
        finally:
            self._stop_children()

    def stop(self) -> None:
        """A second call asks the children once more: they then leave what they have under way."""
        if self._stopping.is_set():
            self._hurried.set()
        self._stopping.set()

    @property
    def stopping(self) -> bool:
        return self._stopping.is_set()

    def stop_on_signals(self) -> None:
        def handle(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
            self.stop()

        signal.signal(signal.SIGTERM, handle)
        signal.signal(signal.SIGINT, handle)

    def say(self, text: str, name: str = "") -> None:
        """One line, with the name of who says it in front; what does not print is escaped."""
        with self._lock, contextlib.suppress(OSError, ValueError):
            label = f"{name:<{self._width}} | " if name else ""
            self._output.write(f"{label}{escaped(text)}\n")
            self._output.flush()

    def _tend(self, child: Child) -> None:
        now = time.monotonic()
        if child.process is None:
            if now >= child.start_at:
                self._start(child)
            return
        code = child.process.poll()
        if code is None:
            return
        child.process = None
        if now - child.started_at > STEADY_SECONDS:
            child.delay = FIRST_DELAY
        child.start_at = now + child.delay
        self.say(f"has ended ({_cause(code)}); starting again in {child.delay:g} s", child.name)
        child.delay = min(2 * child.delay, LONGEST_DELAY)

    def _start(self, child: Child) -> None:
        child.process = subprocess.Popen(  # noqa: S603 (our own command)
            child.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=child.file_descriptors,
            env=os.environ | child.environment,
            start_new_session=True,
            text=True,
            errors="replace",
        )
        child.started_at = time.monotonic()
        pump = threading.Thread(target=self._pump, args=(child, child.process), daemon=True)
        pump.start()
        child.pumps = [thread for thread in child.pumps if thread.is_alive()] + [pump]

    def _pump(self, child: Child, process: subprocess.Popen[str]) -> None:
        for line in process.stdout or ():
            self.say(line.rstrip("\n"), child.name)

    def _stop_children(self) -> None:
        running = [(child, child.process) for child in self._children if child.process]
        _terminate(running)
        begun = time.monotonic()
        self._wait_for(running, begun + STOP_SECONDS, unless=self._hurried)
        if self._hurried.is_set():
            self._wait_for(running, begun + APART_SECONDS)
            _terminate(running)
            self._wait_for(running, time.monotonic() + HURRIED_SECONDS)
        for child, process in running:
            if process.poll() is None:
                self.say("does not stop; killing it", child.name)
                process.kill()
                process.wait()
            for pump in child.pumps:
                pump.join(timeout=1)

    def _wait_for(
        self,
        running: Sequence[tuple[Child, subprocess.Popen[str]]],
        until: float,
        unless: threading.Event | None = None,
    ) -> None:
        """Returns when all have ended, or when it is time, or when `unless` is set."""
        while any(process.poll() is None for _, process in running):
            if time.monotonic() > until or (unless is not None and unless.is_set()):
                return
            time.sleep(POLL_SECONDS)


def _terminate(running: Sequence[tuple[Child, subprocess.Popen[str]]]) -> None:
    for _, process in running:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()


def leave_with_parent(leave: Callable[[], None]) -> None:
    """Calls `leave` when standard input ends: the supervisor at its other end is gone."""

    def watch() -> None:
        with contextlib.suppress(OSError, ValueError):
            while sys.stdin.read(4096):
                pass
        leave()

    threading.Thread(target=watch, name="parent", daemon=True).start()


def _cause(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"
