"""Tasks, circuits and proofs, for tests that keep them."""

from analysis.protocol.circuits import Circuit, Graph, Link, Node
from analysis.protocol.edits import UnitRef
from analysis.protocol.experiments import TokenText
from analysis.protocol.proofs import (
    Apart,
    Behaviour,
    Curve,
    Drop,
    Estimate,
    Incompleteness,
    Matched,
    Otherwise,
    Point,
    Proof,
    Row,
)
from analysis.tasks.task import Generated, Imported, Metric, Pair, Side, Task

ODD_SLUGS = ("", "-a", "a/b", "a b", "ä", "a\0", "\ud800", "../x", "<b>", "a\n", "x" * 101)
NEURON = UnitRef(site="mlp.0", index=3)
HEAD = UnitRef(site="attn.0", index=1)
ROWS = (
    Row(
        prompt="Ann, Tom;\n\"and\" Sue", counterfactual="ä", whole=3.0, circuit=-0.5, rest=0.0,
        empty=-3.0, kl=0.25, right=True, new=("template", "word"),
    ),
    Row(
        prompt='=HYPERLINK("http://a")', counterfactual="@SUM(A1)", whole=1e-9, circuit=1.0,
        rest=0.1, empty=-2.0, kl=0.0, right=False,
    ),
    Row(
        prompt="-1 +", counterfactual="'quoted", whole=1.0, circuit=1.0, rest=0.1, empty=-2.0,
        kl=0.0, right=None,
    ),
)  # fmt: skip
"""Two of them with what a spreadsheet would take for formulas."""


def pair(number: int = 0) -> Pair:
    return Pair(
        clean=Side(text="Ann and Tom met, Tom thanked", tokens=(1, 2, 3, 4, 100 + number)),
        counterfactual=Side(text="Ann and Tom met, Ann thanked", tokens=(1, 2, 3, 5, 100 + number)),
        right=(TokenText(id=7, text=" Ann"),),
        wrong=(TokenText(id=8, text=" Tom"),),
        name=f"pair {number}",
    )


def generated(n: int = 2, generator: str = "pronouns", seed: int = 0) -> Task:
    return Task(
        name=generator,
        source=Generated(
            generator=generator, version=1, seed=seed, n_words=9, n_left_out=1, n_refused=0
        ),
        pairs=tuple(pair(number) for number in range(n)),
        tokenizer_sha256="0" * 64,
    )


def imported(name: str = "Who thanked whom?", n: int = 2) -> Task:
    return Task(
        name=name,
        source=Imported(file="thanks.jsonl", sha256="ab" * 32),
        metric=Metric(kind="kl"),
        pairs=tuple(pair(number) for number in range(n)),
    )


def graph() -> Graph:
    """A head at two positions, a neuron, what is left of the layer, and the logits."""
    return Graph(
        prompt="Ann and Tom",
        tokens=("Ann", " and", " Tom"),
        n_layers=1,
        nodes=(
            Node(id="a0.h1.0", kind="head", layer=0, position=0, unit=HEAD, effect=0.5, exact=0.75),
            Node(id="a0.h1.2", kind="head", layer=0, position=2, unit=HEAD, effect=0.25, exact=0.5),
            Node(id="m0.3", kind="neuron", layer=0, unit=NEURON, effect=-2.0),
            Node(id="rest.0", kind="rest", layer=0, position=2),
            Node(id="logits", kind="logit", layer=1, position=2, label=" Tom"),
        ),
        links=(
            Link(source="a0.h1.2", target="logits", weight=0.25),
            Link(source="m0.3", target="logits", weight=-2.0),
        ),
    )


def found() -> Circuit:
    return Circuit(
        graph=graph(),
        method="nested",
        ablation="resample",
        n_pairs=34,
        n_units=10,
        ranking=((HEAD, 0.75), (NEURON, 0.5)),
        warnings=("Its prompts are few.",),
    )


def elsewhere() -> Circuit:
    """As an attribution graph is imported: no task, no method."""
    return Circuit(graph=graph().model_copy(update={"links": ()}))


def without_units() -> Circuit:
    """Of features alone: any model can have it."""
    node = Node(id="f", kind="feature", layer=0, position=0)
    return Circuit(graph=Graph(prompt="Ann", tokens=("Ann",), n_layers=1, nodes=(node,)))


def proof(*, faithfulness: float = 0.9, **options) -> Proof:
    """With something of everything that a proof may have."""
    whole = Estimate(value=3.0, low=2.5, high=3.5)
    kept = Estimate(value=faithfulness, low=None, high=None)
    point = Point(n_units=2, share=0.2, faithfulness=kept)
    beside = point.model_copy(update={"margin": Estimate(value=0.4, low=0.1, high=0.6)})
    loudest = Curve(
        of="loudest", points=(beside,), cpr=0.4, cmd=0.6, cpr_interval=(0.3, 0.5),
    )  # fmt: skip
    given = {
        "ablation": "resample",
        "prompts": "held_out",
        "n_prompts": 14,
        "whole": whole,
        "empty": Estimate(value=-3.0),
        "curves": (Curve(of="circuit", points=(point,), cpr=0.8, cmd=0.2), loudest),
        "n_kept": 2,
        "faithfulness": kept,
        "completeness": Estimate(value=0.1),
        "random": Estimate(value=0.05),
        "drops": (Drop(unit=NEURON, lost=Estimate(value=0.3)),),
        "behaviours": (
            Behaviour(of="whole", metric=whole, spread=0.5, kl=Estimate(value=0.0)),
            Behaviour(of="circuit", right=kept, metric=whole, spread=0.5, kl=kept),
        ),
        "matched": Matched(n=20, n_as_near=0, mean=0.1, lowest=-0.1, highest=0.3),
        "incompleteness": Incompleteness(halves=((0.5, 0.75), (0.25, 0.25))),
        "otherwise": (
            Otherwise(ablation="zero", faithfulness=kept, completeness=kept, random=kept),
        ),
        "apart": (Apart(new="answer", n_prompts=3, faithfulness=kept),),
        "rows": ROWS,
    }
    return Proof(**{**given, **options})
