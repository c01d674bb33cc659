"""What to beware of in a proof: when it is said, and when not."""

import pytest

from analysis.protocol.proofs import Ablation, Estimate, Incompleteness, Otherwise, Proof
from app.bench.made_circuits import make_circuit
from app.bench.made_proofs import make_proof
from app.rendering.proof import by_ablation
from app.rendering.proof_cautions import larger, of_incompleteness, of_one_ablation


def proof(**values: object) -> Proof:
    return make_proof(make_circuit(nodes=50, links=0)).model_copy(update=values)


def under(ablation: Ablation, value: float) -> Otherwise:
    some = Estimate(value=value)
    return Otherwise(ablation=ablation, faithfulness=some, completeness=some, random=some)


def test_the_smallest_measured_size_that_is_faithful_is_named() -> None:
    made = proof(n_kept=5, faithfulness=Estimate(value=0.4))
    own = next(curve for curve in made.curves if curve.of == "circuit")
    enough = [
        point.n_units
        for point in own.points
        if point.faithfulness.value >= 0.8 and point.n_units > 5 and point.share < 1
    ]
    found = larger(made)
    assert found is not None
    assert found.n_units == min(enough)


def test_all_units_of_the_model_are_no_larger_circuit() -> None:
    made = proof(n_kept=5, faithfulness=Estimate(value=0.4))
    last = [
        curve.model_copy(update={"points": curve.points[-1:]})
        for curve in made.curves
        if curve.of == "circuit"
    ]
    assert larger(made.model_copy(update={"curves": tuple(last)})) is None


@pytest.mark.parametrize(
    ("own", "others", "begins"),
    [
        (0.9, (0.1, 0.7), "It holds under the ablation that it was found by"),
        (0.9, (0.6, 0.7), None),
        (0.7, (0.2, 0.7), "It depends on the ablation: faithfulness is 0.70"),
        (0.7, (1.2, 0.7), "It depends on the ablation: faithfulness is 0.70"),
        (0.4, (0.3, 0.2), None),
    ],
)
def test_ablations_that_do_not_agree_are_told(
    own: float, others: tuple[float, float], begins: str | None
) -> None:
    rest = (under("mean", others[0]), under("zero", others[1]))
    rows = by_ablation(proof(faithfulness=Estimate(value=own), otherwise=rest), "resample")
    told = of_one_ablation(rows, "resample")
    assert (told is None) if begins is None else (told is not None and told.startswith(begins))


def test_halves_that_leave_nothing_say_little() -> None:
    halves = Incompleteness(halves=((0.05, 0.1), (-0.1, 0.0)))
    told = of_incompleteness(proof(faithfulness=Estimate(value=0.95), incompleteness=halves))
    assert told is not None
    assert "neither does more than 0.20 of what the model does" in told


def test_a_circuit_far_from_the_model_says_little_by_its_halves() -> None:
    halves = Incompleteness(halves=((0.5, 0.6),))
    told = of_incompleteness(proof(faithfulness=Estimate(value=0.43), incompleteness=halves))
    assert told is not None
    assert "with all of its units the circuit is at 0.43 already" in told


def test_halves_of_a_faithful_circuit_that_still_do_something_need_no_caution() -> None:
    halves = Incompleteness(halves=((0.5, 0.6), (0.0, 0.1)))
    made = proof(faithfulness=Estimate(value=0.95), incompleteness=halves)
    assert of_incompleteness(made) is None
