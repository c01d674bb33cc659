"""Files that are announced, sent and taken."""

import os
from pathlib import Path

import pytest

from app.errors import BadRequestError, ConflictError, NotFoundError, TooManyError
from app.exchange import uploads as module
from app.exchange.uploads import Uploads


class Clock:
    def __init__(self) -> None:
        self.now = 1e9

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def uploads(tmp_path: Path, clock: Clock) -> Uploads:
    return Uploads(tmp_path / "uploads", clock=clock)


def sent(tmp_path: Path, content: bytes = b"abc") -> Path:
    path = tmp_path / "received"
    path.write_bytes(content)
    return path


def test_a_file_is_taken_once_under_the_name_that_it_was_announced_by(
    uploads: Uploads, tmp_path: Path
) -> None:
    token = uploads.announce(name="graph.json", n_bytes=3)
    assert uploads.keep(token, sent(tmp_path)) == 3
    with uploads.taken(token) as file:
        assert (file.name, file.whole()) == ("graph.json", b"abc")
    assert list((tmp_path / "uploads").iterdir()) == []
    with pytest.raises(NotFoundError, match="No file is announced"), uploads.taken(token):
        pass


def test_a_file_that_was_not_sent_is_not_taken(uploads: Uploads) -> None:
    token = uploads.announce(name="graph.json", n_bytes=3)
    with pytest.raises(ConflictError, match="never sent"), uploads.taken(token):
        pass


def test_another_size_than_announced_is_refused_and_may_be_sent_again(
    uploads: Uploads, tmp_path: Path
) -> None:
    token = uploads.announce(name="graph.json", n_bytes=3)
    with pytest.raises(BadRequestError, match="4 bytes were sent, and 3 were announced"):
        uploads.keep(token, sent(tmp_path, b"abcd"))
    assert uploads.keep(token, sent(tmp_path)) == 3


def test_nobody_sends_to_an_address_that_was_not_answered(uploads: Uploads, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        uploads.keep("../x", sent(tmp_path))


def test_what_is_not_taken_within_the_hour_is_gone(
    uploads: Uploads, tmp_path: Path, clock: Clock
) -> None:
    token = uploads.announce(name="a", n_bytes=3)
    uploads.keep(token, sent(tmp_path))
    clock.now += module.SECONDS + 1
    with pytest.raises(NotFoundError), uploads.taken(token):
        pass
    uploads.announce(name="b", n_bytes=3)
    assert not (tmp_path / "uploads" / token).exists()


def test_others_drive_out_only_what_had_its_time(
    uploads: Uploads, tmp_path: Path, clock: Clock
) -> None:
    tokens = [uploads.announce(name=f"{n}", n_bytes=3) for n in range(module.MOST)]
    clock.now += module.SURE_SECONDS - 1
    with pytest.raises(TooManyError, match="8 files are announced") as refused:
        uploads.announce(name="one more", n_bytes=3)
    assert refused.value.retry_after == 1
    uploads.keep(tokens[1], sent(tmp_path))
    clock.now += 1
    uploads.announce(name="one more", n_bytes=3)
    with pytest.raises(NotFoundError):
        uploads.keep(tokens[0], sent(tmp_path))
    with uploads.taken(tokens[1]) as file:
        assert file.whole() == b"abc"


def test_what_another_run_of_the_server_left_is_gone_after_an_hour(
    uploads: Uploads, tmp_path: Path, clock: Clock
) -> None:
    folder = tmp_path / "uploads"
    folder.mkdir()
    for name, age in (("old", module.SECONDS + 1), ("new", 1.0)):
        (folder / name).write_bytes(b"x")
        os.utime(folder / name, (clock.now - age, clock.now - age))
    uploads.sweep()
    assert [path.name for path in folder.iterdir()] == ["new"]
