"""What is said of a model on a task."""

from app.rendering.task import competence


def test_competence_is_told_beside_chance() -> None:
    accuracy = {"value": 0.94, "low": 0.88, "high": 0.97}
    told = competence({"verdict": "can do", "accuracy": accuracy, "chance": 0.5})
    assert told == "the model is right in 94\u202f% [88, 97], chance 50\u202f%"
    sole = competence({"accuracy": {"value": 1.0, "low": None, "high": None}, "chance": 1 / 48})
    assert sole == "the model is right in 100\u202f%, chance 2.1\u202f%"


def test_a_task_without_answers_has_no_accuracy() -> None:
    told = {"verdict": "no answers", "accuracy": None, "chance": None}
    assert competence(told) == "accuracy cannot be told"


def test_the_reason_why_accuracy_cannot_be_told_is_the_one_that_was_stored() -> None:
    told = {"accuracy": None, "reason": "One prompt alone has a right answer of its own."}
    assert competence(told) == "One prompt alone has a right answer of its own"
