"""Bodies that go to the disk as they come: what is left of those that are too long or never end."""

import asyncio
from os import utime
from pathlib import Path

import pytest
from fastapi import Request
from starlette.testclient import TestClient

from app.api import receiving
from app.api.receiving import Reception, received, receiving_places
from app.errors import BadRequestError, LeftError, SlowError, TooManyError
from app.exchange.uploads import Uploads
from app.main import create_app
from app.settings import Settings

PART = {"type": "http.request", "body": b"x" * 10, "more_body": True}


@pytest.fixture
def reception(tmp_path: Path) -> Reception:
    return Reception(Uploads(tmp_path / "uploads"), receiving_places())


def send(reception: Reception, messages: list[dict], *, most: int | None = None) -> list[dict]:
    """The messages that were not asked for; whoever sends too few stays silent."""

    async def receive() -> dict:
        return messages.pop(0) if messages else await asyncio.sleep(10, {})

    async def run() -> None:
        request = Request({"type": "http", "method": "PUT", "headers": []}, receive)
        async with received(request, reception, most=most):
            pass

    asyncio.run(run())
    return messages


def left(reception: Reception) -> list[Path]:
    return list(reception.uploads.folder.iterdir())


def test_no_more_is_received_than_was_announced(reception):
    messages = [PART] * 5
    with pytest.raises(BadRequestError, match="than the 25 that were announced"):
        send(reception, messages, most=25)
    assert len(messages) == 2
    assert left(reception) == []


def test_a_body_that_does_not_come_in_time_is_given_up(reception, monkeypatch):
    monkeypatch.setattr(receiving, "BODY_SECONDS", 0.05)
    with pytest.raises(SlowError, match="was not there after"):
        send(reception, [PART])
    assert left(reception) == []


def test_who_leaves_before_all_was_sent_is_gone_and_so_is_what_came(reception):
    with pytest.raises(LeftError):
        send(reception, [PART, {"type": "http.disconnect"}])
    assert left(reception) == []


def test_only_a_few_files_arrive_at_once_and_places_are_given_back(reception):
    whole = [PART, PART | {"more_body": False}]
    for _ in range(receiving.MOST_AT_ONCE + 1):
        assert send(reception, list(whole)) == []
    places = [reception.places.taken() for _ in range(receiving.MOST_AT_ONCE)]
    for place in places:
        place.__enter__()
    with pytest.raises(TooManyError, match="8 files are being received"):
        send(reception, list(whole))


def test_what_a_crash_left_behind_is_swept_away_at_the_start(tmp_path):
    app = create_app(Settings(data=tmp_path))
    folder = app.state.uploads.folder
    folder.mkdir(parents=True)
    for name, at in (("part-old", 1e9), ("part-new", None)):
        (folder / name).write_bytes(b"x")
        if at is not None:
            utime(folder / name, (at, at))
    (folder / "folder").mkdir()
    utime(folder / "folder", (1e9, 1e9))
    with TestClient(app):
        assert sorted(path.name for path in folder.iterdir()) == ["folder", "part-new"]
