"""The benchmark of tasks, on a toy. No figure of the real model is tested here."""

import pytest

from analysis.worker.bench import tasks


@pytest.mark.usefixtures("toy")
def test_how_often_the_model_is_right_stands_beside_chance_and_its_interval() -> None:
    values = {one.name: one.value for one in tasks.measure(quick=True)}
    low, high = (values[f"tasks.induction.accuracy_{end}"] for end in ("low", "high"))
    assert 0 <= low <= values["tasks.induction.accuracy"] <= high <= 1
    assert values["tasks.induction.chance"] == 0.5
    assert {"tasks.induction.clean", "tasks.induction.counterfactual"} <= values.keys()
