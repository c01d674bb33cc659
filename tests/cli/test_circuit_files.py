"""`circuits export` and `circuits import`: what users see."""

import gzip
import json
from pathlib import Path

import pytest

from app.settings import Settings
from app.store.engine import open_engine, open_session
from tests.cli.conftest import Run
from tests.exchange.graphs import document, error, feature, graph_file, link
from tests.store import rows


@pytest.fixture
def toy(store: Settings) -> Settings:
    engine = open_engine(store)
    with open_session(engine, commit=True) as session:
        model = rows.model()
        model.n_layers = 4
        session.add(model)
    engine.dispose()
    return store


@pytest.mark.usefixtures("toy")
def test_a_graph_goes_in_and_out_and_what_was_odd_is_told(run: Run, tmp_path: Path) -> None:
    nodes = [feature(0, 2, clerp="\x1b[31m"), error(2)]
    file = graph_file(tmp_path, document(nodes=nodes, links=[link("0_2_2", "gone\x1b", 1.0)]))
    told = run("circuits", "import", str(file.path), "--model", "toy")
    assert told.returncode == 0, told.stderr
    assert told.stdout == "Imported capital-texas: 2 nodes and 0 links.\n"
    assert told.stderr.splitlines()[-2:] == [
        "Nodes under ids that other nodes have too, or that cannot be kept: 1; they are renamed, "
        "as '0_2_2~2'.",
        "Links to or from nodes that the file does not have: 1, such as 'gone\\x1b'; they are left "
        "out.",
    ]
    out = tmp_path / "new" / "out.json.gz"
    arguments = ("circuits", "export", "toy", "capital-texas", "--to", str(out))
    told = run(*arguments)
    assert told.returncode == 0, told.stderr
    assert told.stdout.startswith("2 nodes and 0 links, ")
    whole = json.loads(gzip.decompress(out.read_bytes()))
    assert [node["clerp"] for node in whole["nodes"]] == ["\x1b[31m", ""]
    refused = run(*arguments)
    assert refused.returncode == 1
    assert "is there already" in refused.stderr
    assert json.loads(run(*arguments[:4]).stdout) == whole


@pytest.mark.usefixtures("toy")
def test_what_is_wrong_with_a_file_is_one_sentence_and_what_to_do(run: Run, tmp_path: Path) -> None:
    file = graph_file(tmp_path, document(nodes=[feature(clerp=5)]))
    told = run("circuits", "import", str(file.path), "--model", "toy")
    assert told.returncode == 1
    assert told.stderr.splitlines() == [
        "patchclamp: graph.json, node 1, field clerp: expected a text, found 5",
        "Nothing of it is kept. Mend the file, or make it again, and import that.",
    ]
    other = run("circuits", "export", "toy", "none", "--to", str(tmp_path / "x.json"))
    assert other.returncode == 1
    assert "has no circuit 'none'" in other.stderr
    assert not (tmp_path / "x.json").exists()
