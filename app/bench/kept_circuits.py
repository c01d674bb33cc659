"""Made-up circuits in a synthetic store: two that were found, one of them proved; one imported."""

from sqlalchemy import Engine

from app.bench.made_circuits import make_circuit, make_imported
from app.bench.made_proofs import make_proof
from app.store.engine import open_session
from app.store.writing_circuits import keep_circuit, keep_proof

ACTOR = "somebody"


def fill_circuits(
    engine: Engine, *, model: str, layers: int, neurons: int, heads: int, nodes: int = 40
) -> list[str]:
    """Their slugs: `names`, `names-again`, `imported`. Of a model with so many sites and units."""
    found = make_circuit(nodes=nodes, links=8 * nodes, layers=layers, neurons=neurons, heads=heads)
    again = make_circuit(
        nodes=nodes, links=4 * nodes, layers=layers, neurons=neurons, heads=heads, seed=1
    )
    with open_session(engine, commit=True) as session:
        for slug, title, circuit in (
            ("names", "Who gets the drink?", found), ("names-again", "The same, other seed", again),
        ):  # fmt: skip
            keep_circuit(session, model=model, circuit=circuit, actor=ACTOR, slug=slug, title=title)
        for held_out in (False, True):
            proof = make_proof(found, held_out=held_out)
            keep_proof(session, model=model, slug="names", proof=proof)
        keep_circuit(
            session, model=model, circuit=make_imported(), actor=ACTOR, slug="imported",
            title="A graph of features", file="features.json", file_sha256="ab" * 32,
        )  # fmt: skip
    return ["names", "names-again", "imported"]
