"""Edits that do not fit are refused, with what to do."""

import pytest
from pydantic import ValidationError

from analysis.errors import AnalysisError, EditError
from analysis.protocol.edits import Direction, Edit, Positions, UnitRef
from analysis.protocol.experiments import Wanted
from analysis.protocol.prompts import Prompt


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (Edit(site="mlp.9", index=0, operation="zero"), "no site mlp.9"),
        (Edit(site="mlp.0", index=40, operation="zero"), "no unit mlp.0/40"),
        (
            Edit(
                site="mlp.0",
                index=0,
                operation="zero",
                positions=Positions(kind="chosen", chosen=(8,)),
            ),
            "position 8: the prompt has 8 tokens",
        ),
        (
            Edit(site="mlp.0", index=0, operation="zero", positions=Positions(kind="last", last=9)),
            "the last 9 tokens",
        ),
        (
            Edit(
                site="resid.0",
                operation="add",
                value=1.0,
                direction=Direction(kind="vector", vector=(1.0, 2.0)),
            ),
            "2 numbers, the residual stream has 24",
        ),
        (
            Edit(
                site="resid.5",
                operation="add",
                value=1.0,
                direction=Direction(kind="vector", vector=(1.0,) * 24),
            ),
            "no layer 5",
        ),
        (
            Edit(
                site="resid.0",
                operation="add",
                value=1.0,
                direction=Direction(kind="unit", unit=UnitRef(site="mlp.0", index=99)),
            ),
            "no unit mlp.0/99",
        ),
        (Edit(site="mlp.0", index=0, operation="resample"), "no reference windows"),
    ],
)
def test_places_that_are_not_there(edit, told, subject):
    with pytest.raises(EditError, match=told) as refused:
        subject().experiment(edit)
    assert refused.value.hint


def test_two_edits_of_one_unit_at_one_place_contradict_each_other(subject):
    asked = subject()
    zero = Edit(site="mlp.0", index=3, operation="zero")
    put = Edit(site="mlp.0", index=3, operation="set", value=2.0)
    with pytest.raises(EditError, match=r"mlp.0/3 has two edits at position 0, zero and set 2"):
        asked.experiment(zero, put)
    apart = [
        edit.model_copy(update={"positions": Positions(kind="chosen", chosen=(place,))})
        for place, edit in enumerate((zero, put))
    ]
    asked.experiment(*apart)


def test_tokens_that_are_not_in_the_vocabulary(subject):
    asked = subject()
    with pytest.raises(AnalysisError, match="320"):
        asked.experiment(tokens=(4, 320))
    with pytest.raises(EditError, match="no token 320"):
        asked.experiment(wanted=Wanted(targets=(320,)))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), 1e9])
def test_strengths_that_are_no_numbers_or_too_large(value):
    with pytest.raises(ValidationError):
        Edit(site="mlp.0", index=0, operation="set", value=value)


@pytest.mark.parametrize(
    "entries",
    [
        {"site": "mlp.0", "operation": "zero"},
        {"site": "resid.0", "operation": "zero", "index": 1},
        {"site": "resid.0", "operation": "add", "value": 1.0},
        {"site": "attn.0", "index": 0, "operation": "add", "value": 1.0},
        {"site": "attn.0", "index": 0, "operation": "set", "value": -1.0},
        {"site": "mlp.0", "index": 0, "operation": "set"},
        {"site": "mlp.0", "index": 0, "operation": "zero", "value": 1.0},
        {"site": "mlp.0", "index": 0, "operation": "patch"},
        {"site": "mlp.0", "index": 0, "operation": "zero", "source": {"text": "a"}},
        {"site": "mlp.01", "index": 0, "operation": "zero"},
        {"site": "mlp.0", "index": 0, "operation": "zero", "positions": {"kind": "chosen"}},
        {
            "site": "mlp.0",
            "index": 0,
            "operation": "zero",
            "positions": {"kind": "chosen", "chosen": [1, 1]},
        },
        {
            "site": "resid.0",
            "operation": "add",
            "value": 1.0,
            "direction": {"kind": "vector", "vector": [1.0, float("nan")]},
        },
    ],
)
def test_edits_that_say_too_little_or_too_much(entries):
    with pytest.raises(ValidationError):
        Edit.model_validate(entries)


@pytest.mark.parametrize(
    "entries", [{}, {"text": ""}, {"tokens": []}, {"text": "a", "tokens": [1]}, {"tokens": [-1]}]
)
def test_prompts_that_are_empty_or_two_things_at_once(entries):
    with pytest.raises(ValidationError):
        Prompt.model_validate(entries)


def test_a_prompt_longer_than_the_context(subject):
    with pytest.raises(AnalysisError, match="33 tokens; the model's context is 32"):
        subject().experiment(tokens=(4,) * 33)
