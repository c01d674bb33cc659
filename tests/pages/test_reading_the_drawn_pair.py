"""Someone sees at the top of a circuit which two prompts are drawn, and what is measured."""

import pytest
from starlette.testclient import TestClient

from analysis.protocol.circuits import Drawn
from analysis.protocol.experiments import TokenText
from app.bench.made_circuits import make_circuit
from app.store.engine import open_session
from app.store.writing_circuits import keep_circuit
from tests.pages.test_reading_a_circuit import NAMES, words_of

OWN = "/m/synthetic/circuits/own"
CLEAN = "When Mary and John went, John gave a drink to"
PAIR = Drawn(
    counterfactual="When Mary and John went, Mary gave a drink to",
    metric="logit_difference",
    right=(TokenText(id=1, text=" Mary"),),
    wrong=tuple(TokenText(id=100 + n, text=f" John{n}") for n in range(6)),
)


def top(pages: TestClient, drawn: Drawn) -> str:
    """The words above the graph of a circuit that was found on this."""
    made = make_circuit(nodes=5, links=8, layers=1, neurons=8, heads=2)
    graph = made.graph.model_copy(update={"prompt": CLEAN})
    circuit = made.model_copy(update={"graph": graph, "drawn": drawn})
    with open_session(pages.app.state.engine, commit=True) as session:  # type: ignore[attr-defined]
        keep_circuit(session, model="synthetic", circuit=circuit, actor="me", slug="own")
    page = pages.get(OWN).text
    return words_of(page[page.index("<h1>") : page.index("</header>", page.index("<h1>"))])


def test_both_prompts_the_answers_and_the_metric_are_told(own_pages: TestClient) -> None:
    said = top(own_pages, PAIR)
    assert f"clean prompt, drawn {CLEAN} counterfactual prompt {PAIR.counterfactual}" in said
    assert "right ·Mary wrong ·John0 ·John1 ·John2 ·John3 and 2 more" in said
    assert "metric difference of logits: the right answers’ minus the wrong ones’" in said


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"metric": "kl"}, "KL divergence of the next token"),
        ({"metric": "log_probability"}, "log-probability of the right answers"),
        (
            {"metric": "own_tokens", "raised": (TokenText(id=5, text=" up"),)},
            "up with ·up metric difference of logits of the task’s own tokens",
        ),
        (
            {"metric": "own_tokens", "lowered": (TokenText(id=6, text=" down"),)},
            "down with ·down metric",
        ),
    ],
)
def test_each_metric_has_a_name_in_words(
    own_pages: TestClient, changed: dict[str, object], words: str
) -> None:
    assert words in top(own_pages, PAIR.model_copy(update=changed))


def test_a_circuit_made_elsewhere_has_no_pair(pages: TestClient) -> None:
    for slug in ("names", "imported"):
        page = pages.get(NAMES.replace("names", slug)).text
        assert "drawn-pair" not in page
