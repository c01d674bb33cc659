"""What is said of a proof's numbers: margins, random circuits of the same make, what is missing."""

import re

import pytest

from analysis.protocol.proofs import Curve, Estimate, Incompleteness, Matched, Point, Proof
from app.bench.made_circuits import make_circuit
from app.bench.made_proofs import make_proof
from app.rendering.circuit import estimate
from app.rendering.proof import (
    area,
    by_ablation,
    incompleteness_text,
    legend,
    margin,
    margins,
    matched_text,
    missing,
    nothing_new,
    share,
    why_missing,
)


@pytest.fixture
def proof() -> Proof:
    return make_proof(make_circuit(nodes=50, links=0))


def words(markup: str) -> str:
    return re.sub(r"<[^>]*>", "", markup)


def test_none_of_the_random_circuits_as_near_is_told_with_the_chance_of_that() -> None:
    said = matched_text(Matched(n=20, n_as_near=0, mean=0.12, lowest=-0.05, highest=0.31))
    assert said == (
        "of 20 random circuits with as many neurons and as many heads of every layer, none comes "
        "as near to a faithfulness of 1 as this one (−0.05 to 0.31, 0.12 on average). One more "
        "drawn like them would come out nearest in at most 1 of 21 cases: p ≤ 0.048."
    )


def test_each_random_circuit_as_near_makes_it_likelier_to_be_chance() -> None:
    said = matched_text(Matched(n=20, n_as_near=3, mean=0.12, lowest=-0.05, highest=1.31))
    assert "3 come as near" in said
    assert "be among the 4 nearest in at most 4 of 21 cases: p ≤ 0.19." in said


def test_a_single_random_circuit_has_no_range() -> None:
    said = matched_text(Matched(n=1, n_as_near=1, mean=0.5, lowest=0.5, highest=0.5))
    assert said.startswith("of 1 random circuit with")
    assert "1 comes as near to a faithfulness of 1 as this one (0.50)." in said
    assert "p ≤ 1.0." in said


def test_margins_are_told_of_every_other_ranking_and_not_where_all_units_are_kept(
    proof: Proof,
) -> None:
    found = margins(proof)
    assert found is not None
    assert found.of == ["ig_kept", "ig", "active", "loudest", "random"]
    sizes = [n for n, _ in found.rows]
    assert sizes == sorted(sizes)
    assert (sizes[0], sizes[-1]) == (1, 500)
    assert all(set(row) == set(found.of) for _, row in found.rows)


@pytest.mark.parametrize(("kept", "size"), [(50, 50), (14, 10), (15, 20), (0, 1), (9000, 500)])
def test_the_margin_beside_the_areas_is_at_the_size_nearest_to_the_circuit(
    proof: Proof, kept: int, size: int
) -> None:
    found = margins(proof)
    assert found is not None
    assert found.near(kept)[0] == size


def test_a_proof_without_margins_has_none(proof: Proof) -> None:
    point = Point(n_units=1, share=0.1, faithfulness=Estimate(value=0.5))
    curves = tuple(Curve(of=of, points=(point,), cpr=0.5, cmd=0.5) for of in ("circuit", "random"))
    assert margins(proof.model_copy(update={"curves": curves})) is None
    assert margins(proof.model_copy(update={"curves": ()})) is None


@pytest.mark.parametrize(
    ("value", "said", "strong"),
    [
        (Estimate(value=0.31, low=0.2, high=0.4), "+0.31 [0.20, 0.40]", True),
        (Estimate(value=-0.31, low=-0.4, high=-0.2), "−0.31 [−0.40, −0.20]", True),
        (Estimate(value=0.031, low=-0.01, high=0.07), "+0.03 [−0.01, 0.07]", False),
        (Estimate(value=0.0, low=0.0, high=0.0), "0.00 [0.00, 0.00]", False),
        (Estimate(value=-0.001), "0.00 no interval", False),
        (None, "not run", False),
    ],
)
def test_a_margin_has_its_sign_and_is_strong_where_it_is_sure(
    value: Estimate | None, said: str, strong: bool
) -> None:
    shown = margin(value)
    assert words(shown) == said
    assert ("<strong>" in shown) == strong


def test_the_legend_begins_with_the_circuit_and_ends_at_random(proof: Proof) -> None:
    assert [c.of for c in legend(proof)] == [
        "circuit",
        "ig_kept",
        "ig",
        "active",
        "loudest",
        "random",
    ]


def test_areas_have_intervals_where_there_are_some() -> None:
    assert words(area(0.6, (0.5, 0.7))) == "0.60 [0.50, 0.70]"
    assert words(area(-0.001, None)) == "0.00"


def test_shares_of_prompts_are_per_cent_and_a_task_without_answers_has_none() -> None:
    assert words(share(Estimate(value=0.94, low=0.88, high=0.974))) == "94\u202f% [88, 97]"
    assert words(share(Estimate(value=0.0))) == "0\u202f% no interval"
    assert words(share(None)) == "no answers"


def test_a_mean_is_told_with_its_spread_before_its_interval() -> None:
    shown = estimate(Estimate(value=1.0, low=0.5, high=1.5), 1.25)
    assert words(shown) == "1.00 ± 1.25 [0.50, 1.50]"


def test_the_ablation_that_the_circuit_was_found_by_stands_first(proof: Proof) -> None:
    rows = by_ablation(proof, "resample")
    assert [(row.ablation, row.said) for row in rows] == [
        ("resample", "the circuit’s own"), ("mean", ""), ("zero", ""),
    ]  # fmt: skip
    assert rows[0].faithfulness == proof.faithfulness
    other = by_ablation(proof, "zero")
    assert [(row.ablation, row.said) for row in other] == [
        ("zero", "the circuit’s own"), ("resample", "this proof’s"), ("mean", ""),
    ]  # fmt: skip


def test_a_single_ablation_stands_beside_nothing(proof: Proof) -> None:
    assert by_ablation(proof.model_copy(update={"otherwise": ()}), "resample") == []


def test_what_an_older_proof_lacks_is_named(proof: Proof) -> None:
    assert missing(proof) == []
    old = proof.model_copy(
        update={
            "behaviours": (), "matched": None, "incompleteness": None, "otherwise": (), "rows": (),
            "curves": (),
        }
    )  # fmt: skip
    assert missing(old) == [
        "what each network says", "random circuits of the same make", "incompleteness",
        "the other ablations", "its rows",
    ]  # fmt: skip
    assert "from before they were asked for" in why_missing(old)


def test_a_circuit_of_one_unit_has_no_halves(proof: Proof) -> None:
    assert missing(proof.model_copy(update={"incompleteness": None, "n_kept": 1})) == []


def test_what_only_the_deciding_proof_has_is_said_to_be_there(proof: Proof) -> None:
    other = proof.model_copy(update={"prompts": "finding", "matched": None, "otherwise": ()})
    assert missing(other) == ["random circuits of the same make", "the other ablations"]
    assert "on held-out prompts alone" in why_missing(other)


def test_ablations_that_told_nothing_are_in_the_remarks(proof: Proof) -> None:
    silent = proof.model_copy(update={"otherwise": ()})
    assert missing(silent) == ["the other ablations"]
    assert "remarked above" in why_missing(silent)


def test_halves_are_told_by_how_far_circuit_and_model_are_apart() -> None:
    said = incompleteness_text(Incompleteness(halves=((0.5, 0.75), (0.25, 0.25), (0.5, 0.45))))
    assert said.endswith(
        "differ in faithfulness by 0.10 on average (3 halves, 0.25 at most); near 0 is good."
    )
    assert incompleteness_text(Incompleteness(halves=((0.5, 0.75),))).endswith(
        "(1 half); near 0 is good."
    )


def test_why_nothing_is_told_of_what_is_new(proof: Proof) -> None:
    assert nothing_new(proof, "answer") == "none"
    assert nothing_new(proof, "word").startswith("undefined: on these the model does no more")
