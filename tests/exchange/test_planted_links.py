"""An export into a folder in which somebody has planted links: nothing elsewhere is touched."""

import json
import os
from pathlib import Path

import pytest
from sqlalchemy import Engine

from app.errors import BadRequestError
from app.exchange.exporting import export

MINE = b"what I wrote\n"


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    path = tmp_path / "home" / "notes.txt"
    path.parent.mkdir()
    path.write_bytes(MINE)
    return path


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A folder that is reached through a link, which is the user's own choice."""
    (tmp_path / "disk" / "out").mkdir(parents=True)
    (tmp_path / "linked").symlink_to(tmp_path / "disk")
    return tmp_path / "linked" / "out"


@pytest.mark.parametrize("plant", [os.symlink, os.link])
@pytest.mark.parametrize("name", ["explanations-0.jsonl.gz.part", "explanations-0.jsonl.gz"])
def test_a_link_in_place_of_a_file_is_replaced_and_not_written_through(
    explained: Engine, out: Path, mine: Path, plant: object, name: str
) -> None:
    assert callable(plant)
    plant(mine, out / name)
    export(explained, model="toy", form="jsonl", to=out)
    assert mine.read_bytes() == MINE
    written = out / "explanations-0.jsonl.gz"
    assert written.is_file()
    assert not written.is_symlink()
    assert not (out / "explanations-0.jsonl.gz.part").exists()


@pytest.mark.parametrize("plant", [os.symlink, os.link])
def test_a_manifest_that_is_a_link_is_refused(
    explained: Engine, out: Path, mine: Path, plant: object
) -> None:
    assert callable(plant)
    plant(mine, out / "export.jsonl")
    for overwrite in (False, True):
        with pytest.raises(BadRequestError, match=r"export\.jsonl is a link") as refused:
            export(explained, model="toy", form="jsonl", to=out, overwrite=overwrite)
        assert refused.value.hint is not None
    assert mine.read_bytes() == MINE


def test_a_folder_that_is_a_link_is_not_written_into(
    explained: Engine, out: Path, mine: Path
) -> None:
    (out / "v1").symlink_to(mine.parent)
    with pytest.raises(BadRequestError, match="v1 is a link"):
        export(explained, model="toy", form="neuronpedia", to=out)
    assert [path.name for path in mine.parent.iterdir()] == [mine.name]


def test_beginning_anew_takes_nothing_away_behind_a_link(
    explained: Engine, out: Path, mine: Path
) -> None:
    export(explained, model="toy", form="jsonl", to=out)
    (out / "aside").symlink_to(mine.parent)
    line = {"piece": "x", "files": [[f"aside/{mine.name}", 1, "x"]], "n_explanations": 1}
    with (out / "export.jsonl").open("a") as manifest:
        manifest.write(json.dumps(line) + "\n")
    with pytest.raises(BadRequestError, match="aside is a link"):
        export(explained, model="toy", form="jsonl", to=out, overwrite=True)
    assert mine.read_bytes() == MINE


def test_what_is_no_file_is_not_waited_for(explained: Engine, out: Path) -> None:
    os.mkfifo(out / "export.jsonl")
    with pytest.raises(BadRequestError, match="not what an export makes there"):
        export(explained, model="toy", form="jsonl", to=out)
