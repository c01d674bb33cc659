"""A circuit from a file, for the model that it is of.

    found = read_circuit(engine, file, model="toy")
    with open_session(engine, commit=True) as session:
        keep_read(session, found, actor="me")

Reading may take seconds, and is done before the store is written to.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from analysis.protocol.circuits import Circuit
from app.exchange.circuits.attribution_graph import GraphFile
from app.exchange.faults import WrongModelError, shown
from app.exchange.input import InputFile
from app.store.engine import open_session
from app.store.queries.model import get_model
from app.store.slugs import is_named
from app.store.views.circuit import CircuitLine
from app.store.writing_circuits import keep_circuit


@dataclass(frozen=True)
class ReadCircuit:
    circuit: Circuit
    model: str
    slug: str
    """What the file calls it."""
    file: str
    file_sha256: str


def read_circuit(
    engine: Engine,
    file: InputFile,
    *,
    model: str | None = None,
    their_name: str | None = None,
    check: Callable[[str], None] | None = None,
) -> ReadCircuit:
    """Of the model, or of the one that the file names; `their_name` is what the file calls it.
    `check` is given the model's name before anything is told of it, and may raise.

    Raises NotFoundError where there is no such model, FileFaultError for what is wrong with the
    file, WrongModelError where it is about another model.
    """
    found = GraphFile(file)
    name = found.scan if model is None else model
    if check is not None:
        check(name)
    with open_session(engine) as session:
        place = get_model(session, name=name)
    if found.scan not in (place.name, their_name):
        called = shown(found.scan)
        raise WrongModelError(
            found.where.at("scan"),
            f"it is a graph of {called}, not of {place.name}",
            hint=f"Import it for model {called}; or, where this is the same network under "
            "another name, say what it is called there (--their-name, their_name).",
        )
    circuit = found.circuit(model=place.name, n_layers=place.n_layers)
    return ReadCircuit(circuit, place.name, found.slug, file.name, file.digest())


def keep_read(
    session: Session,
    found: ReadCircuit,
    *,
    actor: str,
    slug: str | None = None,
    title: str | None = None,
) -> CircuitLine:
    """Under the slug that is given, or the file's, or, where a circuit cannot be called so, one of
    its title. Raises ConflictError where that is taken, BadRequestError where what is given is
    none, or a node is of no unit of the model."""
    if slug is None and is_named(found.slug):
        slug = found.slug
    return keep_circuit(
        session,
        model=found.model,
        circuit=found.circuit,
        actor=actor,
        slug=slug,
        title=title,
        file=found.file,
        file_sha256=found.file_sha256,
    )
