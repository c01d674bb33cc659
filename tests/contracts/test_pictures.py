"""Pictures of the documentation are those that `make screenshots` takes, no more and no fewer."""

import re
import struct

from tests.contracts.tree import ROOT, own_files
from tests.screenshots.pictures import PICTURES

FOLDER = ROOT / "docs" / "pictures"
LARGEST, LARGEST_OF_ALL = 250_000, 3_000_000


def named() -> set[str]:
    """Files of pictures that pages show."""
    pages = [path for path in own_files() if path.suffix == ".md"]
    shown = (re.findall(r"!\[[^\]]+\]\((\S+)\)", page.read_text()) for page in pages)
    return {picture.rpartition("/")[2] for found in shown for picture in found}


def test_every_picture_that_is_shown_is_there_and_is_taken_by_the_script() -> None:
    taken = {f"{picture.name}.png" for picture in PICTURES}
    assert len(taken) == len(PICTURES)
    assert named() == taken == {file.name for file in FOLDER.iterdir()}
    assert not [*(ROOT / "docs").glob("*.png")]


def test_pictures_are_small_enough_to_be_kept() -> None:
    sizes = {file.name: file.stat().st_size for file in FOLDER.iterdir()}
    assert {name for name, size in sizes.items() if size > LARGEST} == set()
    assert sum(sizes.values()) < LARGEST_OF_ALL


def test_pictures_are_as_large_as_the_script_takes_them() -> None:
    for picture in PICTURES:
        header = (FOLDER / f"{picture.name}.png").read_bytes()[:24]
        width, height = struct.unpack(">II", header[16:24])
        if not picture.within:
            assert (width, height) == (picture.width, picture.height), picture.name
