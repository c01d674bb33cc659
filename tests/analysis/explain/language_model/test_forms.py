"""Which answers are in their form: count, type and range are checked."""

from typing import Any

import pytest

from analysis.assistants.question import Form, UnfitAnswerError
from analysis.explain.language_model.forms import explanation_form, levels_form, verdicts_form


def test_answers_in_their_form_are_read() -> None:
    assert explanation_form().read({"explanation": " days of \n the week "}) == "days of the week"
    assert verdicts_form(2).read({"verdicts": [True, False]}) == [True, False]
    assert levels_form(3).read({"2": 10, "1": 0, "3": 7}) == [0, 10, 7]


@pytest.mark.parametrize(
    ("form", "value"),
    [
        (explanation_form(), {"explanation": ""}),
        (explanation_form(), {"explanation": 7}),
        (explanation_form(), {"explanation": "x" * 501}),
        (explanation_form(), {"explanation": "x\x1b[31m"}),
        (explanation_form(), {"explanation": "x", "verdicts": []}),
        (explanation_form(), {"text": "x"}),
        (verdicts_form(2), {"verdicts": [True]}),
        (verdicts_form(2), {"verdicts": [True, True, True]}),
        (verdicts_form(2), {"verdicts": [1, 0]}),
        (verdicts_form(2), {"verdicts": ["true", "false"]}),
        (verdicts_form(2), {"verdicts": "yes to all"}),
        (verdicts_form(2), {"verdicts": {"1": True, "2": True}}),
        (levels_form(2), {"1": 0}),
        (levels_form(2), {"1": 0, "2": 0, "3": 0}),
        (levels_form(2), {"0": 0, "1": 0}),
        (levels_form(2), {"1": 0, "2": 11}),
        (levels_form(2), {"1": 0, "2": -1}),
        (levels_form(2), {"1": 0, "2": 3.5}),
        (levels_form(2), {"1": 0, "2": True}),
        (levels_form(2), {"1": 0, "2": "3"}),
        (levels_form(2), {"1": 0, "2": None}),
    ],
)
def test_all_others_are_refused(form: Form[Any], value: dict[str, Any]) -> None:
    with pytest.raises(UnfitAnswerError):
        form.read(value)


def test_schemas_allow_exactly_what_is_read() -> None:
    assert levels_form(2).schema["required"] == ["1", "2"]
    assert levels_form(2).schema["properties"]["2"] == {
        "type": "integer",
        "minimum": 0,
        "maximum": 10,
    }
    verdicts = verdicts_form(4).schema["properties"]["verdicts"]
    assert (verdicts["minItems"], verdicts["maxItems"]) == (4, 4)
    assert all(
        form.schema["additionalProperties"] is False
        for form in (explanation_form(), verdicts_form(1), levels_form(1))
    )
