"""Someone sees at the top of a circuit which two prompts are drawn, and what is measured."""

import pytest
from starlette.testclient import TestClient

from analysis.protocol.circuits import Circuit
from analysis.protocol.experiments import TokenText
from analysis.tasks.task import Metric, Pair, Side, Task
from app.bench.made_circuits import make_circuit
from app.store.engine import open_session
from app.store.writing_circuits import keep_circuit
from app.store.writing_tasks import keep_task
from tests.pages.test_reading_a_circuit import NAMES, words_of
from tests.store.circuits import imported

OWN = "/m/synthetic/circuits/own"
CLEAN = "When Mary and John went, John gave a drink to"


def pair(clean: str, other: str, right: int = 1, number: int = 0) -> Pair:
    return Pair(
        clean=Side(text=clean, tokens=(9, 2, number)),
        counterfactual=Side(text=other, tokens=(9, 3, number)),
        right=(TokenText(id=right, text=" Mary"),),
        wrong=tuple(TokenText(id=100 + n, text=f" John{n}") for n in range(6)),
    )


def task(*pairs: Pair, metric: Metric | None = None) -> Task:
    return imported().model_copy(update={"pairs": pairs, "metric": metric or Metric()})


def drawn() -> Circuit:
    circuit = make_circuit(nodes=5, links=8, layers=1, neurons=8, heads=2)
    return circuit.model_copy(update={"graph": circuit.graph.model_copy(update={"prompt": CLEAN})})


def top(pages: TestClient, asked: Task) -> str:
    """The words above the graph, of a circuit that was found on this."""
    with open_session(pages.app.state.engine, commit=True) as session:  # type: ignore[attr-defined]
        slug = keep_task(session, model="synthetic", task=asked, actor="me").slug
        keep_circuit(
            session, model="synthetic", circuit=drawn(), actor="me", slug="own", task=slug
        )  # fmt: skip
    page = pages.get(OWN).text
    return words_of(page[page.index("<h1>") : page.index("</header>", page.index("<h1>"))])


def test_both_prompts_the_answers_and_the_metric_are_told(own_pages: TestClient) -> None:
    said = top(own_pages, task(pair("Another", "prompt", number=1), pair(CLEAN, "Mary gave it to")))
    assert f"clean prompt, drawn {CLEAN} counterfactual prompt Mary gave it to" in said
    assert "right ·Mary wrong ·John0 ·John1 ·John2 ·John3 and 2 more" in said
    assert "metric difference of logits: the right answers’ minus the wrong ones’" in said


def test_pairs_of_one_prompt_are_told_apart_by_their_answer(own_pages: TestClient) -> None:
    said = top(own_pages, task(pair(CLEAN, "is theirs", right=7), pair(CLEAN, "ours", number=1)))
    assert "counterfactual prompt ours" in said
    assert "one of" not in said


def test_where_only_the_counterfactual_differs_it_is_said_that_there_are_several(
    own_pages: TestClient,
) -> None:
    said = top(own_pages, task(pair(CLEAN, "one"), pair(CLEAN, "two", number=1)))
    assert "one of 2 that its task has for this prompt" in said


@pytest.mark.parametrize(
    ("metric", "words"),
    [
        (Metric(kind="kl"), "KL divergence of the next token"),
        (Metric(kind="log_probability"), "log-probability of the right answers"),
        (
            Metric(kind="own_tokens", raised=(TokenText(id=5, text=" up"),)),
            "up with ·up metric difference of logits of the task’s own tokens",
        ),
    ],
    ids=lambda value: value.kind if isinstance(value, Metric) else "",
)
def test_each_metric_has_a_name_in_words(own_pages: TestClient, metric: Metric, words: str) -> None:
    assert words in top(own_pages, task(pair(CLEAN, "Mary gave it to"), metric=metric))


def test_a_task_without_the_drawn_prompt_tells_its_metric_alone(own_pages: TestClient) -> None:
    said = top(own_pages, task(pair("Another", "prompt")))
    assert "clean prompt" not in said
    assert "metric difference of logits" in said


def test_a_circuit_without_a_task_has_no_pair(pages: TestClient) -> None:
    for slug in ("names", "imported"):
        page = pages.get(NAMES.replace("names", slug)).text
        assert "drawn-pair" not in page
