"""A circuit as a job: from a stored task to a circuit with its proofs."""

import re
from typing import get_args

import pytest
from sqlalchemy import select

from analysis.circuits.planted.asking import task_pairs
from analysis.circuits.planted.truth import Node
from analysis.errors import TaskError
from analysis.protocol.proofs import CurveOf
from analysis.tasks.task import Metric, Task
from analysis.worker.circuits import job, needs
from app.errors import BadRequestError, ConflictError
from app.rendering.event import happened
from app.store.engine import open_session
from app.store.queries.circuit import circuits_of_unit
from app.store.queries.task import get_task
from app.store.tables import CircuitTable, JobEventTable, JobTable, RunTable
from app.store.views.job import JobEventView
from app.store.writing_circuits import keep_circuit
from tests.store.circuits import without_units
from tests.worker.circuits.conftest import MODEL, TASK, Bench


def test_a_job_keeps_the_circuit_that_was_planted_with_its_proofs(bench: Bench) -> None:
    done = bench.run(slug="chain")
    view, circuit = bench.circuit(done["circuit"])
    kept = {Node(n.unit.site, n.unit.index) for n in circuit.graph.nodes if n.unit is not None}
    assert bench.planted.causal <= kept
    assert view.slug == "chain"
    assert view.on is not None
    assert view.on.slug == TASK
    proofs = bench.proofs("chain")
    assert {proof.prompts for proof in proofs} >= {"finding"}
    for proof in proofs:
        assert proof.faithfulness.value > 0.85
        assert proof.completeness.value < 0.15
        assert proof.n_kept == len(kept)
    deciding = proofs[0]
    assert {each.of for each in deciding.curves} == set(get_args(CurveOf))
    assert deciding.curves[0].points[-1].faithfulness.value == pytest.approx(1, abs=1e-4)
    ways = {(link.source, link.target) for link in circuit.graph.links}
    for source, target in bench.planted.edges:
        names = [
            {"embedding": "embedding", "logits": "logits"}.get(
                node.site, f"{node.site}/{node.index}"
            )
            for node in (source, target)
        ]
        assert tuple(names) in ways


def test_the_circuit_says_how_far_its_links_agree_with_path_patching(bench: Bench) -> None:
    _, circuit = bench.circuit(bench.run()["circuit"])
    assert circuit.link_agreement is not None
    assert circuit.link_agreement.r == pytest.approx(1, abs=0.01)
    assert circuit.link_agreement.accounted == pytest.approx(1, abs=0.05)
    assert any(link.exact is not None for link in circuit.graph.links)
    assert circuit.backups == ()


def test_the_circuit_keeps_what_is_measured_of_the_pair_that_is_drawn(bench: Bench) -> None:
    view, circuit = bench.circuit(bench.run()["circuit"])
    assert view.on is not None
    with open_session(bench.engine) as session:
        task = Task.model_validate_json(get_task(session, model=MODEL, slug=view.on.slug).task)
    drawn = circuit.drawn
    assert drawn is not None
    (pair,) = [
        pair
        for pair in task.pairs
        if (pair.clean.text, pair.counterfactual.text, pair.right, pair.wrong)
        == (circuit.graph.prompt, drawn.counterfactual, drawn.right, drawn.wrong)
    ]
    assert len(pair.clean.tokens) == len(circuit.graph.tokens)
    assert (drawn.metric, drawn.raised) == (task.metric.kind, task.metric.raised)


def test_the_run_says_how_it_was_found_and_the_task_what_the_model_makes_of_it(
    bench: Bench,
) -> None:
    done = bench.run()
    with open_session(bench.engine) as session:
        run = session.get_one(RunTable, done["run_id"])
        assert run.status == "finished"
        assert run.measured["units"] == done["units"]
        assert run.measured["estimated_seconds"] > 0
        assert run.measured["estimated_bytes"] > 0
        assert run.command.startswith(f"patchclamp circuit {MODEL} {TASK}")
        task = get_task(session, model=MODEL, slug=TASK)
        assert task.competence["verdict"] in {"can do", "cannot do"}
        unit = bench.circuit(done["circuit"])[1].graph.nodes[0].unit
        found = circuits_of_unit(session, model=MODEL, site=unit.site, index=unit.index)
        assert [each.slug for each in found.items] == [done["circuit"]]


def test_time_and_memory_are_told_before_the_search_begins(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []

    def run(search: job.Search) -> job.Found:
        with open_session(bench.engine) as session:
            events = session.scalars(select(JobEventTable).order_by(JobEventTable.id)).all()
        told.extend(
            happened(JobEventView(id=e.id, job_id=e.job_id, at=e.at, kind=e.kind, data=e.data))
            for e in events
        )
        return found(search)

    found = job.Search.run
    monkeypatch.setattr(job.Search, "run", run)
    bench.run()
    assert any(
        said.startswith("It will take about") and "besides the model: " in said for said in told
    )


def test_the_same_seed_finds_the_same_circuit(bench: Bench) -> None:
    one, other = (bench.circuit(bench.run(seed=3)["circuit"])[1] for _ in range(2))
    assert one.graph == other.graph
    assert one.ranking == other.ranking


@pytest.mark.parametrize("ablation", ["mean", "zero"])
@pytest.mark.parametrize("method", ["nested", "atp", "relp", "atp_star"])
def test_a_circuit_is_found_by_every_ablation(bench: Bench, ablation: str, method: str) -> None:
    done = bench.run(ablation=ablation, method=method)
    _, circuit = bench.circuit(done["circuit"])
    assert circuit.ablation == ablation
    assert bench.proofs(done["circuit"])[0].faithfulness.value > 0.8


def test_a_task_of_one_pair_is_proved_on_what_it_was_found_on_and_says_so(bench: Bench) -> None:
    bench.keep(task_pairs(bench.planted)[:1], "one")
    done = bench.run(task="one")
    _, circuit = bench.circuit(done["circuit"])
    assert [proof.prompts for proof in bench.proofs(done["circuit"])] == ["finding"]
    assert any("No prompts are held out" in warning for warning in circuit.warnings)
    assert any("too few prompts to tell" in warning for warning in circuit.warnings)


def test_where_one_prompt_is_held_out_it_is_said_that_there_are_no_intervals(bench: Bench) -> None:
    one, other = task_pairs(bench.planted)[:2]
    pairs = [
        pair.model_copy(update={"words": (word,)}) for pair, word in ((one, "a"), (other, "b"))
    ]
    bench.keep(pairs, "two")
    _, circuit = bench.circuit(bench.run(task="two")["circuit"])
    assert "Only 1 prompt is held out: too few for intervals." in circuit.warnings


def test_a_feature_that_prompts_share_with_no_other_is_remarked_on_and_not_scrubbed(
    bench: Bench,
) -> None:
    pairs = [
        pair.model_copy(update={"words": (f"word {number}",)})
        for number, pair in enumerate(task_pairs(bench.planted))
    ]
    bench.keep(pairs, "alone")
    proof = bench.proofs(bench.run(task="alone")["circuit"])[0]
    (said,) = (remark for remark in proof.remarks if "the first word cannot be" in remark)
    alone = re.search(r"(\d+) of (\d+) prompts share it with no other", said)
    assert alone is not None
    assert alone[1] == alone[2] == str(proof.n_prompts)
    assert "first word" not in {scrub.feature for scrub in proof.scrubs}
    assert "template" in {scrub.feature for scrub in proof.scrubs}  # which all of them share


def test_of_a_task_without_answers_it_is_said_that_accuracy_cannot_be_told(bench: Bench) -> None:
    pairs = [
        pair.model_copy(update={"right": (), "wrong": ()}) for pair in task_pairs(bench.planted)
    ]
    bench.keep(pairs, "open", Metric(kind="kl"))
    _, circuit = bench.circuit(bench.run(task="open")["circuit"])
    assert circuit.warnings[0] == "The task names no answers, so that accuracy cannot be told."


def test_a_constant_metric_is_refused_before_anything_is_searched(bench: Bench) -> None:
    pair = task_pairs(bench.planted)[0]
    tokens = list(pair.clean.tokens)
    idle = next(at for at in range(len(tokens) - 1) if at not in pair.changed)
    tokens[idle] = next(token for token in tokens if token != tokens[idle])
    other = pair.counterfactual.model_copy(update={"tokens": tuple(tokens)})
    same = pair.model_copy(update={"counterfactual": other})
    bench.keep([same], "constant")
    with pytest.raises(TaskError, match="constant"):
        bench.run(task="constant")
    with open_session(bench.engine) as session:
        assert session.scalars(select(CircuitTable)).all() == []
        assert session.scalars(select(JobTable.status)).one() == "failed"


def test_a_slug_that_is_taken_is_refused_before_anything_is_searched(bench: Bench) -> None:
    bench.run(slug="mine")
    before = bench.circuit("mine")[0].created_at
    with pytest.raises(ConflictError, match="mine"):
        bench.run(slug="mine")
    with open_session(bench.engine) as session:
        assert session.scalars(select(JobTable.status)).all() == ["succeeded"]
    assert bench.circuit("mine")[0].created_at == before


def test_a_slug_that_is_taken_while_it_is_searched_costs_the_slug_and_not_the_circuit(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(search: job.Search) -> job.Found:
        with open_session(bench.engine, commit=True) as session:
            keep_circuit(session, model=MODEL, circuit=without_units(), actor="me", slug="mine")
        return found(search)

    found = job.Search.run
    monkeypatch.setattr(job.Search, "run", run)
    done = bench.run(slug="mine")
    assert done["circuit"] == TASK
    view, circuit = bench.circuit(TASK)
    assert (view.run_id, len(view.proofs) > 0) == (done["run_id"], True)
    assert circuit.warnings[-1] == (
        "It was to be called mine; while it was searched, another circuit took that slug."
    )
    assert bench.circuit("mine")[1] == without_units()


def test_a_search_that_needs_more_memory_than_there_is_says_how_much(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(needs, "memory_left", lambda: 1000)
    with pytest.raises(BadRequestError, match="needs about"):
        bench.run()


def test_one_prompt_is_compared_with_its_own_tokens_in_another_order(bench: Bench) -> None:
    prompt = " ".join(bench.texts[token] for token in task_pairs(bench.planted)[0].clean.tokens)
    done = bench.run(task=None, prompt=prompt, slug="prompt")
    view, circuit = bench.circuit("prompt")
    assert view.on is not None
    assert (view.title, view.actor) == (prompt[:80].strip(), "inline")
    assert view.on.source == "one prompt"
    assert circuit.warnings[0].startswith("The answer is the token that the model itself holds")
    assert bench.proofs("prompt")[0].faithfulness.low is None, "one clean prompt has no interval"
    assert done["task"] == view.on.slug
    assert any("No prompts are held out" in warning for warning in circuit.warnings)
    assert circuit.graph.nodes[-1].kind == "rest"
