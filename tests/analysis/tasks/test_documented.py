"""docs/tasks.md names what there is."""

import re
from pathlib import Path
from typing import get_args

from analysis.tasks.generating import GENERATORS
from analysis.tasks.rows import COLUMNS
from analysis.tasks.task import MetricKind

TEXT = (Path(__file__).resolve().parents[3] / "docs" / "tasks.md").read_text()


def rows_under(heading: str) -> set[str]:
    section = TEXT.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    cells = re.findall(r"^\| (`.*?) \|", section, re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


def test_every_kind_of_task_is_documented_and_nothing_else() -> None:
    assert rows_under("Made for any model") == set(GENERATORS)


def test_every_metric_is_documented_and_nothing_else() -> None:
    assert rows_under("Metrics") == set(get_args(MetricKind))


def test_every_column_is_documented_and_nothing_else() -> None:
    assert rows_under("Files") == set(COLUMNS)
