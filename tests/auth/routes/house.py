"""A store with two models and one of everything of each, and people who may do this or that with
the first of them alone."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, insert, select, update
from sqlalchemy.orm import Session

from app.auth.need import Need, Subject
from app.auth.rights import Right
from app.bench.kept_circuits import fill_circuits
from app.settings import Settings
from app.store.accounts.logins import begin_login
from app.store.accounts.members import ROLES, set_role
from app.store.accounts.people import create_account
from app.store.accounts.tokens import create_token
from app.store.campaigning import Plan, create_campaign, set_status
from app.store.commenting import comment
from app.store.engine import open_engine, open_session
from app.store.experimenting import create_experiment
from app.store.judging import Rating, judge
from app.store.listing import Named, add_units, create_unit_list
from app.store.queries.job import create_job, request_cancel
from app.store.queries.model import get_model
from app.store.requests import SweepRequest
from app.store.steering import create_vector
from app.store.synthetic import fill_synthetic
from app.store.tables import (
    ArtifactTable,
    CommentTable,
    CorpusTable,
    DocumentTable,
    ExplanationTable,
    ModelTable,
    RunTable,
    SiteTable,
)
from app.store.topics import unit_topic
from app.store.writing_tasks import keep_task
from tests.kept import migrate
from tests.store.circuits import generated
from tests.store.experiments import conducted

CORPUS = "starter"
MAKER = "somebody"
"""Of everything: nobody of those who ask."""
MODELS = ("synthetic", "synthetic-2")
DAY = timedelta(days=1)
SIZES: dict[str, Any] = {
    "models": 2, "layers": 1, "neurons": 8, "heads": 2, "windows": 24, "window_length": 16,
    "exemplars_per_kind": 2,
}  # fmt: skip
NOTHING: dict[str, str] = {
    "model": "synthetic-3", "site": "mlp.0", "index": "1", "explanation": "987654321",
    "run": "987654321", "job": "0123456789abcdef0123456789abcdef", "experiment": "AAAAAAAAAAAA",
    "list": "BBBBBBBBBBBB", "corpus": "no-such-corpus", "circuit": "no-such-circuit",
    "task": "no-such-task", "vector": "987654321", "artifact": "0" * 64, "proof": "987654321",
    "comment": "987654321",
    "campaign": "no-such-campaign",
}  # fmt: skip
"""Names that nothing has."""


@dataclass(frozen=True)
class House:
    subjects: tuple[dict[str, str], dict[str, str]]
    """What is of the first model, and what is of the second: names by kind."""
    credentials: dict[str, dict[str, str]]
    """Headers, by who sends them."""


def make_house(data: Path) -> House:
    engine = open_engine(Settings(data=data, database_url=None))
    migrate(engine)
    fill_synthetic(engine, data=data, **SIZES)
    for model in MODELS:
        fill_circuits(engine, model=model, layers=1, neurons=8, heads=2, nodes=10)
    with open_session(engine, commit=True) as session:
        read_a_corpus(session, MODELS[1], "secret-corpus")
    subjects = [fill(engine, model) for model in MODELS]
    credentials = add_people(engine)
    engine.dispose()
    return House((subjects[0], subjects[1]), credentials)


def read_a_corpus(session: Session, model: str, name: str) -> None:
    """A corpus of its own, with one document, that a run of this model alone has read."""

    def copied(table: Any, row: Any, **changes: Any) -> int:
        values = {c.name: getattr(row, c.key) for c in table.__table__.columns if c.key != "id"}
        done: Any = session.execute(insert(table).values(values | changes))
        return int(done.inserted_primary_key[0])

    corpus_id = copied(CorpusTable, session.scalars(select(CorpusTable)).first(), name=name)
    document = session.scalars(select(DocumentTable).filter_by(number=0)).first()
    copied(DocumentTable, document, corpus_id=corpus_id)
    model_id = session.scalars(select(ModelTable.id).filter_by(name=model)).one()
    run = session.scalars(select(RunTable).filter_by(model_id=model_id, kind="sweep")).first()
    copied(RunTable, run, corpus_id=corpus_id, window_set_id=None)


def fill(engine: Engine, model: str) -> dict[str, str]:
    """One of everything of the model; their names."""
    with open_session(engine, commit=True) as session:
        view = get_model(session, name=model)
        assert view.current_run_id is not None
        claim = session.execute(
            select(ExplanationTable.id, SiteTable.name, ExplanationTable.unit_index)
            .join(SiteTable, SiteTable.id == ExplanationTable.site_id)
            .where(ExplanationTable.model_id == SiteTable.model_id)
            .where(SiteTable.model_id.in_(select(ModelTable.id).filter_by(name=model)))
            .where(ExplanationTable.status == "current")
            .order_by(ExplanationTable.id)
        ).first()
        assert claim is not None
        experiment = create_experiment(
            session, model=model, conducted=conducted(f"The {model} sat"), actor=MAKER
        )
        values = [1.0] * view.facts["d_model"]
        vector = create_vector(
            session, model=model, site="resid.0", label="calm", values=values, actor=MAKER
        )
        made_for = generated().model_copy(update={"tokenizer_sha256": view.tokenizer_sha256})
        task = keep_task(session, model=model, task=made_for, actor=MAKER)
        request = SweepRequest(model=model, corpus=CORPUS)
        job = create_job(session, request=request, actor=MAKER)
        request_cancel(session, job_id=job.id, actor=MAKER)
        create_job(session, request=SweepRequest(model=model, corpus=CORPUS, seed=1), actor=MAKER)
        made = create_unit_list(session, name=f"units of {model}", actor=MAKER, model=model)
        add_units(session, slug=made.slug, units=[Named(model, "mlp.0", 1)], actor=MAKER)
        said = comment(
            session, unit_topic(session, model=model, site="mlp.0", index=1), text="!", actor=MAKER
        )
        campaign = create_campaign(session, model=model, plan=Plan(title="C"), actor=MAKER)
        set_status(session, model=model, slug=campaign.slug, status="ended", actor=MAKER)
        judge(session, explanation_id=claim.id, actor=MAKER, rating=Rating("accept"))
        artifact = select(ArtifactTable.sha256).where(ArtifactTable.run_id == view.current_run_id)
        return {
            "model": model,
            "site": claim.name,
            "index": str(claim.unit_index),
            "explanation": str(claim.id),
            "run": str(view.current_run_id),
            "job": job.id,
            "experiment": experiment.slug,
            "list": made.slug,
            "comment": str(renumbered(session, said.id)),
            "corpus": CORPUS if model == MODELS[0] else "secret-corpus",
            "circuit": "names",
            "task": task.slug,
            "vector": str(vector.index),
            "artifact": session.scalars(artifact).first() or "",
            "campaign": campaign.slug,
            "proof": "1" if model == MODELS[0] else "3",
        }


def renumbered(session: Session, comment_id: int) -> int:
    """A number that stands nowhere else on a page."""
    number = 700_000_000 + comment_id
    session.execute(update(CommentTable).filter_by(id=comment_id).values(id=number))
    return number


def add_people(engine: Engine) -> dict[str, dict[str, str]]:
    """One of each role with the first model; one without any; an administrator; and tokens of the
    administrator, each with one right."""
    found: dict[str, dict[str, str]] = {}
    with open_session(engine, commit=True) as session:
        for name in (*ROLES, "outsider", "administrator"):
            account_id = create_account(
                session, name=name, is_administrator=name == "administrator"
            )
            if name in ROLES:
                set_role(session, name=name, model=MODELS[0], role=name)
            secret = begin_login(session, account_id=account_id, device="a test", lasts=DAY)
            found[name] = {"cookie": f"patchclamp-8765={secret}"}
        for right in Right:
            token = create_token(
                session, account_id=account_id, name=right, scopes=[right], lasts=DAY
            )
            found[f"token to {right}"] = {"authorization": f"Bearer {token}"}
    return found | {"nobody": {}}


def address(path: str, subjects: Mapping[str, str]) -> str:
    """The route's path, filled."""
    slugs = ("experiments", "lists", "circuits", "tasks", "campaigns")
    kind = next((kind[:-1] for kind in slugs if f"/{kind}/{{slug}}" in path), "circuit")
    filled = {
        "model": subjects["model"], "site": subjects["site"], "index": subjects["index"],
        "explanation_id": subjects["explanation"], "number": subjects["explanation"],
        "run_id": subjects["run"], "job_id": subjects["job"], "slug": subjects[kind],
        "corpus": subjects["corpus"], "name": subjects["corpus"], "sha256": subjects["artifact"],
        "proof_id": subjects["proof"], "source": subjects["site"], "form": "jsonl",
        "token": "q2lyY3VpdC1ncmFwaC1maWxl", "secret": "none-of-ours", "token_id": "987654321",
        "login_id": "987654321", "assignment_id": "987654321", "link_id": "987654321",
        "bookmark_id": "987654321", "comment_id": subjects["comment"], "export_id": "987654321",
    }  # fmt: skip
    if path.startswith("/people") or "/people/{name}" in path:
        filled["name"] = "outsider"
    if "vectors" in path:
        filled["index"] = subjects["vector"]
    if "corpora" in path:
        filled["number"] = "0"
    if path.startswith("/{model}/{source"):
        filled["source"] = "0-mlp"
    return re.sub(r"\{(\w+)(?::\w+)?\}", lambda part: filled[part[1]], path)


def sent(need: Need, subjects: Mapping[str, str]) -> dict[str, Any]:
    """What makes the request name these: of a body nothing else, so that no handler takes it."""
    named = [one for one in (need.of, *need.beside, need.made) if hasattr(one, "place")]
    json: dict[str, Any] = {}
    form: dict[str, str] = {}
    query: dict[str, str] = {}
    for one in named:
        value = subjects[one.kind]
        if isinstance(one, Subject) and one.before:
            value += f"{one.before}1" if one.kind == "run" else f"{one.before}names"
        if one.place == "json":
            first, _, second = one.name.partition(".")
            json[first] = {second: value} if second else value
        elif one.place != "path":
            (form if one.place == "form" else query)[one.name] = value
    if form:
        return {"data": form, "params": query}
    return {"json": json, "params": query}
