"""Attribution graphs in the store: under which model and slug, and what is refused."""

from pathlib import Path

import pytest
from sqlalchemy import Engine

from analysis.protocol.circuits import Circuit
from app.errors import BadRequestError, ConflictError, NotFoundError
from app.exchange.circuits.importing import keep_read, read_circuit
from app.exchange.faults import WrongModelError
from app.exchange.input import InputFile
from app.store.engine import open_session
from app.store.queries.circuit import get_circuit
from app.store.views.circuit import CircuitLine
from tests.exchange.graphs import document, feature, graph_file
from tests.store import rows


@pytest.fixture
def toy(engine: Engine) -> Engine:
    with open_session(engine, commit=True) as session:
        model = rows.model()
        model.n_layers = 4
        session.add(model)
        session.flush()
        session.add(rows.site(model.id, "mlp.2"))
    return engine


def import_(engine: Engine, file: InputFile, **options) -> CircuitLine:
    named = {name: options.pop(name) for name in ("model", "their_name") if name in options}
    found = read_circuit(engine, file, **{"model": "toy", **named})
    with open_session(engine, commit=True) as session:
        return keep_read(session, found, actor="me", **options)


def test_a_graph_is_kept_under_the_slug_of_its_file_with_what_it_is_from(
    toy: Engine, tmp_path: Path
) -> None:
    file = graph_file(tmp_path, document())
    view = import_(toy, file)
    assert (view.slug, view.title, view.model) == ("capital-texas", "The capital of Texas", "toy")
    assert (view.origin, view.file, view.task, view.method) == (
        "imported",
        "graph.json",
        None,
        None,
    )
    assert view.file_sha256 == file.digest()
    assert (view.n_nodes, view.n_links) == (4, 3)
    with open_session(toy) as session:
        kept = Circuit.model_validate_json(
            get_circuit(session, model="toy", slug=view.slug).circuit
        )
    assert kept == read_circuit(toy, file.again(), model="toy").circuit


def test_a_slug_that_is_taken_is_refused_and_another_may_be_given(
    toy: Engine, tmp_path: Path
) -> None:
    file = graph_file(tmp_path, document())
    import_(toy, file)
    with pytest.raises(ConflictError, match="'capital-texas' already"):
        import_(toy, file.again())
    assert import_(toy, file.again(), slug="other", title="Austin").title == "Austin"


def test_a_slug_that_no_circuit_can_have_is_made_of_the_prompt(toy: Engine, tmp_path: Path) -> None:
    for slug in ("../x", "", "a b", "x" * 200):
        metadata = document()["metadata"] | {"slug": slug, "prompt": f"A prompt {len(slug)}"}
        made = import_(toy, graph_file(tmp_path, document(metadata=metadata)))
        assert made.slug == f"a-prompt-{len(slug)}"


def test_a_graph_of_another_model_is_refused_unless_it_is_said_to_be_the_same(
    toy: Engine, tmp_path: Path
) -> None:
    metadata = document()["metadata"] | {"scan": "gemma-2-2b"}
    file = graph_file(tmp_path, document(metadata=metadata))
    with pytest.raises(WrongModelError, match="a graph of 'gemma-2-2b', not of toy") as refused:
        import_(toy, file)
    assert "Import it for model 'gemma-2-2b'; or" in str(refused.value.hint)
    assert import_(toy, file.again(), their_name="gemma-2-2b").model == "toy"


def test_what_a_file_calls_its_model_is_quoted_short_and_on_one_line(
    toy: Engine, tmp_path: Path
) -> None:
    metadata = document()["metadata"] | {"scan": "a\n\x1b[31mERROR " + "b" * 300}
    with pytest.raises(WrongModelError) as refused:
        import_(toy, graph_file(tmp_path, document(metadata=metadata)))
    for told in (refused.value.detail, str(refused.value.hint)):
        assert told.isprintable()
        assert "b" * 60 not in told


def test_without_a_model_it_is_the_one_that_the_file_names(toy: Engine, tmp_path: Path) -> None:
    assert import_(toy, graph_file(tmp_path, document()), model=None).model == "toy"
    metadata = document()["metadata"] | {"scan": "gemma-2-2b"}
    with pytest.raises(NotFoundError, match="gemma-2-2b"):
        import_(toy, graph_file(tmp_path, document(metadata=metadata)), model=None)


def test_a_node_of_a_unit_that_the_model_does_not_have_is_refused(
    toy: Engine, tmp_path: Path
) -> None:
    nodes = [feature(2, feature_type="neuron", feature=8)]
    with pytest.raises(BadRequestError, match=r"mlp\.2/8, which toy does not have"):
        import_(toy, graph_file(tmp_path, document(nodes=nodes, links=[])))


def test_a_file_that_is_not_there_is_an_error_that_says_so(toy: Engine, tmp_path: Path) -> None:
    with pytest.raises(BadRequestError, match=r"none\.json cannot be read"):
        import_(toy, InputFile(tmp_path / "none.json", "none.json"))
