"""The project names no place on the machine that it was written on."""

import re
from pathlib import Path

from tests.contracts.tree import ROOT, own_files, shown

HOMES = re.compile(r"/(?:home|Users)/[a-z]\w*/|/roo[t]/\w")


def test_no_file_names_the_folder_or_the_home_of_whoever_wrote_it() -> None:
    here = [f"{folder}/" for folder in (ROOT, ROOT.parent, Path.home()) if len(folder.parts) > 2]
    found = [
        f"{shown(path)}: {place}"
        for path in own_files()
        for place in (*here, HOMES)
        if re.search(place if place is HOMES else re.escape(place), path.read_text())
    ]
    assert found == []
