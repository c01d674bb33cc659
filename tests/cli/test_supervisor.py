"""The supervisor waits for what its children have under way, unless it is asked twice."""

import io
import sys
import threading
import time

import pytest

from app.supervisor import Child, Supervisor

LEAVES_WHEN_ASKED = """
import os, signal, sys, time
asked = []
def say(text):  # not print, which a signal may find under way
    os.write(1, text.encode() + b"\\n")
def note(number, frame):
    asked.append(number)
    say(f"asked {len(asked)}")
signal.signal(signal.SIGTERM, note)
say("ready")
while len(asked) < int(sys.argv[1]):
    time.sleep(0.02)
"""


@pytest.mark.parametrize("times", [1, 2])
def test_children_are_asked_as_often_as_the_supervisor(times: int) -> None:
    output = io.StringIO()
    child = Child("child", [sys.executable, "-c", LEAVES_WHEN_ASKED, str(times)])
    supervisor = Supervisor([child], output=output)
    running = threading.Thread(target=supervisor.run, daemon=True)
    running.start()
    _wait_for("ready", output)
    supervisor.stop()
    _wait_for("asked 1", output)
    if times == 2:
        running.join(0.5)
        assert running.is_alive()
        supervisor.stop()
    running.join(15)
    assert not running.is_alive()
    said = output.getvalue()
    assert f"asked {times}" in said
    assert "killing" not in said


def _wait_for(words: str, output: io.StringIO) -> None:
    until = time.monotonic() + 15
    while words not in output.getvalue():
        assert time.monotonic() < until, output.getvalue()
        time.sleep(0.02)
