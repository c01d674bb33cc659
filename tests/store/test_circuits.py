"""Circuits: kept with their units, proved, listed, found from a unit, renamed, deleted."""

import pytest
from sqlalchemy import Engine, delete, event, func, select

from analysis.protocol.circuits import Circuit, Graph, Node
from analysis.protocol.edits import UnitRef
from analysis.protocol.proofs import Proof
from app.errors import BadRequestError, ConflictError, NotFoundError
from app.store import writing_tasks
from app.store.circuit_request import CircuitRequest
from app.store.engine import open_session
from app.store.queries.circuit import (
    circuits_of_unit,
    get_circuit,
    get_line,
    list_circuits,
    list_proofs,
)
from app.store.queries.job import create_job
from app.store.tables import CircuitTable, CircuitUnitTable, ModelTable, ProofTable, RunTable
from app.store.views.circuit import CircuitLine
from app.store.writing_circuits import delete_circuit, keep_circuit, keep_proof, rename_circuit
from app.store.writing_tasks import keep_task
from tests.store import rows
from tests.store.circuits import ODD_SLUGS, elsewhere, found, generated, proof, without_units


@pytest.fixture
def toy(engine: Engine) -> Engine:
    """Two models, the first with a task."""
    with open_session(engine, commit=True) as session:
        for name in ("toy", "other"):
            model = rows.model(name)
            model.tokenizer_sha256 = "0" * 64
            session.add(model)
            session.flush()
            session.add_all([rows.site(model.id), rows.site(model.id, "attn.0", 2)])
            session.add(rows.run(model.id, "circuit"))
        session.flush()
        keep_task(session, model="toy", task=generated(), actor="me")
    return engine


def keep(engine: Engine, circuit=None, *, model: str = "toy", **options):
    with open_session(engine, commit=True) as session:
        return keep_circuit(
            session, model=model, circuit=circuit or found(), **{"actor": "me", **options}
        )


def prove(engine: Engine, slug: str, **options):
    with open_session(engine, commit=True) as session:
        return keep_proof(session, model="toy", slug=slug, proof=proof(**options))


def of_unit(engine: Engine, site: str = "attn.0", index: int = 1, **options):
    with open_session(engine) as session:
        return circuits_of_unit(session, model="toy", site=site, index=index, **options)


def test_a_circuit_is_read_back_as_it_was_found(toy: Engine):
    made = keep(toy, task="pronouns-2", run_id=1, title="  Who is\nmeant? ")
    with open_session(toy) as session:
        view = get_circuit(session, model="toy", slug=made.slug)
    assert made == CircuitLine(**{name: getattr(view, name) for name in CircuitLine.model_fields})
    assert Circuit.model_validate_json(view.circuit) == found()
    assert (view.slug, view.title, view.origin) == ("who-is-meant", "Who is meant?", "found")
    assert (view.method, view.ablation, view.n_prompts, view.run_id) == (
        "nested",
        "resample",
        34,
        1,
    )
    assert (view.n_nodes, view.n_links, view.n_units) == (5, 2, 2)
    assert (view.task, view.on and view.on.name) == ("pronouns-2", "pronouns")
    assert (view.proved_on, view.faithfulness, view.random, view.proofs) == (None, None, None, [])


def test_a_circuit_made_elsewhere_says_from_which_file(toy: Engine):
    made = keep(toy, elsewhere(), file="dallas.json", file_sha256="ab" * 32)
    assert (made.origin, made.file, made.file_sha256) == ("imported", "dallas.json", "ab" * 32)
    assert (made.task, made.method, made.run_id) == (None, None, None)
    assert (made.title, made.slug) == ("Ann and Tom", "ann-and-tom")


def test_a_circuit_is_called_after_its_task_and_the_next_gets_a_number(toy: Engine):
    made = [keep(toy, task="pronouns-2").slug for _ in range(3)]
    assert made == ["pronouns-2", "pronouns-2-2", "pronouns-2-3"]


def test_a_slug_that_is_taken_is_refused_with_what_to_do(toy: Engine):
    keep(toy, slug="mine")
    with pytest.raises(ConflictError, match="circuit that is called 'mine' already") as refused:
        keep(toy, slug="mine")
    assert "Give another slug" in (refused.value.hint or "")
    assert keep(toy, model="other", slug="mine").slug == "mine"


@pytest.mark.parametrize("slug", ODD_SLUGS)
def test_a_slug_with_odd_characters_is_refused_and_not_found(toy: Engine, slug: str):
    with pytest.raises(BadRequestError, match="cannot be called"):
        keep(toy, slug=slug)
    with open_session(toy) as session, pytest.raises(NotFoundError):
        get_circuit(session, model="toy", slug=slug)


@pytest.mark.parametrize("slug", ["compare", "import", "new"])
def test_words_that_addresses_need_are_no_slugs(toy: Engine, slug: str):
    with pytest.raises(BadRequestError, match="stands for something else"):
        keep(toy, slug=slug)
    assert keep(toy, title=slug).slug == f"{slug}-2"


def test_a_circuit_that_is_too_large_is_refused(toy: Engine, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(writing_tasks, "LARGEST_CONTENT", 100)
    with pytest.raises(BadRequestError, match="The circuit is 0 MiB of JSON") as refused:
        keep(toy)
    assert "take fewer nodes" in (refused.value.hint or "")


def test_text_that_is_no_unicode_is_refused(toy: Engine):
    node = Node(id="n", kind="feature", layer=0, extra={"label": "\ud800"})
    circuit = found().model_copy(update={"graph": graph_of(node), "ranking": ()})
    with pytest.raises(BadRequestError, match="no Unicode"):
        keep(toy, circuit)


def graph_of(*nodes: Node) -> Graph:
    return Graph(prompt="a", tokens=("a",), n_layers=1, nodes=nodes)


@pytest.mark.parametrize(("site", "index"), [("mlp.7", 0), ("mlp.0", 8), ("attn.0", 2)])
def test_units_that_the_model_does_not_have_are_refused(toy: Engine, site: str, index: int):
    node = Node(id="n", kind="neuron", layer=0, unit=UnitRef(site=site, index=index))
    circuit = found().model_copy(update={"graph": graph_of(node), "ranking": ()})
    with pytest.raises(BadRequestError, match=f"{site}/{index}, which toy does not have"):
        keep(toy, circuit)


def test_a_circuit_without_units_is_kept(toy: Engine):
    assert keep(toy, without_units()).n_units == 0


def test_a_unit_is_told_its_circuits_newest_first(toy: Engine):
    slugs = [keep(toy, task="pronouns-2").slug for _ in range(3)]
    first = of_unit(toy, limit=2)
    rest = of_unit(toy, limit=2, cursor=first.next_cursor)
    assert [line.slug for line in first.items + rest.items] == slugs[::-1]
    assert rest.next_cursor is None
    line = rest.items[0]
    assert (line.task, line.title, line.origin) == ("pronouns-2", "pronouns-2", "found")
    # of its two nodes together; first as the circuit ranks it, though the neuron's is larger
    assert (line.effect, line.exact, line.rank, line.n_units) == (0.75, 1.25, 1, 2)
    neuron = of_unit(toy, "mlp.0", 3).items[0]
    assert (neuron.effect, neuron.exact, neuron.rank) == (-2.0, None, 2)
    assert of_unit(toy, "mlp.0", 2).items == []


def test_units_that_are_not_ranked_come_by_the_size_of_their_effect(toy: Engine):
    keep(toy, elsewhere())
    assert of_unit(toy, "mlp.0", 3).items[0].rank == 1
    assert of_unit(toy).items[0].rank == 2


@pytest.mark.parametrize(
    ("site", "index"), [("mlp.0", 8), ("mlp.0", 2**40), ("mlp.9", 0), ("mlp.0\0", 0)]
)
def test_there_are_no_circuits_of_a_unit_that_is_not_there(toy: Engine, site: str, index: int):
    with pytest.raises(NotFoundError, match="has no unit"):
        of_unit(toy, site, index)


def test_proofs_come_newest_first(toy: Engine):
    slug = keep(toy).slug
    lines = [prove(toy, slug, faithfulness=value) for value in (0.5, 0.75)]
    with open_session(toy) as session:
        proofs = list_proofs(session, model="toy", slug=slug)
        assert get_circuit(session, model="toy", slug=slug).proofs == proofs
    assert [each.faithfulness for each in proofs] == [0.75, 0.5]
    assert [(each.id, each.created_at) for each in lines[::-1]] == [
        (each.id, each.created_at) for each in proofs
    ]
    assert Proof.model_validate_json(proofs[0].proof) == proof(faithfulness=0.75)


def test_nothing_reads_a_whole_circuit_while_the_store_is_written_to(toy: Engine):
    read: list[str] = []

    @event.listens_for(toy, "before_cursor_execute")
    def note(_connection, _cursor, statement: str, *_rest: object) -> None:
        read.append(statement)

    slug = keep(toy, task="pronouns-2").slug
    prove(toy, slug)
    assert any(statement.startswith("INSERT INTO proof") for statement in read)
    assert not [s for s in read if s.startswith("SELECT") and ".content" in s]


def test_a_job_that_began_anew_replaces_what_it_kept_before(toy: Engine):
    with open_session(toy, commit=True) as session:
        request = CircuitRequest(model="toy", task="pronouns")
        job_id = create_job(session, request=request, actor="me").id
        ids = []
        for _ in range(2):
            run = rows.run(1, "circuit")
            run.job_id = job_id
            session.add(run)
            session.flush()
            ids.append(run.id)
    other = keep(toy, title="Mine", run_id=1).slug
    for run_id in ids:
        slug = keep(toy, slug="asked-for", run_id=run_id).slug
        for _ in range(2):
            with open_session(toy, commit=True) as session:
                keep_proof(session, model="toy", slug=slug, proof=proof(), run_id=run_id)
    with open_session(toy) as session:
        lines = list_circuits(session, model="toy").items
        proofs = list_proofs(session, model="toy", slug="asked-for")
    assert [(line.slug, line.run_id) for line in lines] == [("asked-for", ids[1]), (other, 1)]
    assert [each.run_id for each in proofs] == [ids[1]]


def test_lists_tell_the_proof_on_held_out_prompts_by_the_circuits_own_ablation(toy: Engine):
    slug = keep(toy).slug

    def told(**options):
        prove(toy, slug, **options)
        with open_session(toy) as session:
            line = get_line(session, model="toy", slug=slug)
        return line.proved_on, line.faithfulness

    assert told(prompts="finding", ablation="zero", faithfulness=0.1) == ("finding", 0.1)
    assert told(prompts="finding", faithfulness=0.2) == ("finding", 0.2)
    assert told(ablation="mean", faithfulness=0.3) == ("held_out", 0.3)
    assert told(faithfulness=0.4) == ("held_out", 0.4)
    assert told(prompts="finding", faithfulness=0.5) == ("held_out", 0.4)
    assert told(ablation="zero", faithfulness=0.6) == ("held_out", 0.4)
    assert told(faithfulness=0.7) == ("held_out", 0.7)
    with open_session(toy) as session:
        line = list_circuits(session, model="toy").items[0]
    assert (line.proved_on, line.faithfulness, line.random) == ("held_out", 0.7, 0.05)


def test_circuits_are_listed_by_model_task_and_origin_newest_first(toy: Engine):
    made = [keep(toy, task="pronouns-2").slug for _ in range(3)]
    brought = keep(toy, elsewhere(), file="dallas.json").slug
    keep(toy, model="other")

    def listed(**options) -> list[str]:
        with open_session(toy) as session:
            return [line.slug for line in list_circuits(session, model="toy", **options).items]

    assert listed() == [brought, *made[::-1]]
    assert listed(task="pronouns-2") == made[::-1]
    assert listed(origin="imported") == [brought]
    with open_session(toy) as session:
        first = list_circuits(session, model="toy", limit=3)
        rest = list_circuits(session, model="toy", limit=3, cursor=first.next_cursor)
    assert [line.slug for line in first.items + rest.items] == listed()
    with pytest.raises(NotFoundError, match="no task 'none'"):
        listed(task="none")
    with pytest.raises(BadRequestError, match="no origin of circuits 'x'"):
        listed(origin="x")


def test_a_circuit_is_renamed_and_keeps_its_slug(toy: Engine):
    slug = keep(toy, title="Before").slug
    with open_session(toy, commit=True) as session:
        view = rename_circuit(session, model="toy", slug=slug, title=" After ", actor="me")
    assert (view.title, view.slug) == ("After", "before")
    for title in (" ", "x" * 201):
        with open_session(toy, commit=True) as session, pytest.raises(BadRequestError):
            rename_circuit(session, model="toy", slug=slug, title=title, actor="me")


def test_a_deleted_circuit_takes_its_units_and_proofs_along(toy: Engine):
    slug = keep(toy, task="pronouns-2", run_id=1).slug
    prove(toy, slug)
    with open_session(toy, commit=True) as session:
        delete_circuit(session, model="toy", slug=slug, actor="me")
    assert counts(toy) == (0, 0, 0)
    with open_session(toy) as session, pytest.raises(NotFoundError, match="no circuit"):
        get_circuit(session, model="toy", slug=slug)
    assert of_unit(toy).items == []


@pytest.mark.parametrize("table", [ModelTable, RunTable])
def test_circuits_go_with_their_model_and_their_run(toy: Engine, table):
    slug = keep(toy, task="pronouns-2", run_id=1).slug
    with open_session(toy, commit=True) as session:
        kept = keep_proof(session, model="toy", slug=slug, proof=proof(), run_id=1)
    assert kept.run_id == 1
    assert counts(toy) == (1, 2, 1)
    with open_session(toy, commit=True) as session:
        session.execute(delete(table).where(table.id == 1))
    assert counts(toy) == (0, 0, 0)


def counts(engine: Engine) -> tuple[int, ...]:
    with open_session(engine) as session:
        return tuple(
            session.scalars(select(func.count()).select_from(table)).one()
            for table in (CircuitTable, CircuitUnitTable, ProofTable)
        )


def test_a_missing_model_is_told(toy: Engine):
    with pytest.raises(NotFoundError, match="no model 'none'"):
        keep(toy, model="none")
    with open_session(toy) as session, pytest.raises(NotFoundError, match="no model 'none'"):
        get_circuit(session, model="none", slug="a")
    with pytest.raises(NotFoundError, match="no task 'none'"):
        keep(toy, task="none")
