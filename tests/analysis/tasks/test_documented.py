"""docs/tasks.md names what there is."""

import re
from pathlib import Path
from typing import get_args

from analysis.protocol.circuits import MetricKind
from analysis.tasks.generating import GENERATORS
from analysis.tasks.importing import import_task
from analysis.tasks.rows import COLUMNS
from tests.analysis.tasks.readers import byte_pairs

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


def test_the_files_that_are_shown_are_read_and_hold_the_same_pairs() -> None:
    tasks = [
        import_task(shown.encode(), byte_pairs(), file=f"mine.{form}")
        for form in ("jsonl", "csv")
        for shown in re.findall(rf"^```{form}\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
    ]
    assert [len(task.pairs) for task in tasks] == [2, 2]
    assert tasks[0].pairs == tasks[1].pairs
    assert [token.text for token in tasks[0].pairs[0].right] == [" are", " were"]
