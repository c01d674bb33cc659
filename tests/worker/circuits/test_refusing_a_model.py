"""A model that predicts no next token is refused as that, whatever it is asked to do."""

from pathlib import Path
from typing import Any

import pytest

from analysis.errors import TaskError
from analysis.worker.registering import add_model
from tests.analysis.models.tiny import make_tiny
from tests.worker.circuits.conftest import Bench


@pytest.mark.parametrize(
    "asked",
    [{"task": "pronouns"}, {"task": None, "prompt": "the cat sat"}],
    ids=["task", "prompt"],
)
def test_an_encoder_is_refused_before_a_task_is_made_for_it(
    bench: Bench, tmp_path: Path, asked: dict[str, Any]
) -> None:
    folder = make_tiny("bert", tmp_path / "bert")
    add_model(bench.engine, bench.settings, source=str(folder), name="bert")
    with pytest.raises(TaskError, match="does not predict the next token"):
        bench.run(model="bert", **asked)
