"""The search benchmark on a store of a few thousand: what it yields, and that it cleans up."""

import math
import tempfile
from pathlib import Path

import pytest

from app.bench import databases, search


@pytest.fixture(scope="module")
def measured():
    """Beside pytest's folders, which other runs of pytest close to the user of PostgreSQL."""
    folder = Path(tempfile.mkdtemp(prefix="patchclamp-test-"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(folder))
        patch.delenv(databases.URL, raising=False)
        found = list(search.measure(quick=True, n=3000, requests=4))
    assert list(folder.iterdir()) == []
    folder.rmdir()
    return found


def test_both_databases_are_measured_as_a_whole_and_by_kind_of_question(measured):
    names = {one.name for one in measured}
    parts = ["", *(f"{kind}." for kind in search.WHAT)]
    assert names == {
        f"search.{database}{part}p{percentile}_ms"
        for database in ("", "postgresql.")
        for part in parts
        for percentile in (50, 99)
    } | {
        f"search.{database}meaning.{figure}"
        for database in ("", "postgresql.")
        for figure in ("recall", "first_seconds")
    }


def test_of_a_few_thousand_vectors_nothing_near_is_missed(measured):
    recalls = [one.value for one in measured if one.name.endswith("recall")]
    assert recalls == [1.0, 1.0]


def test_every_other_figure_is_a_positive_time_and_says_of_what(measured):
    times = [one for one in measured if not one.name.endswith("recall")]
    assert all(math.isfinite(one.value) and one.value > 0 for one in times)
    assert {one.unit for one in times} == {"ms", "s"}
    assert all("3,000 explanations" in one.what for one in measured)


def test_without_a_server_or_a_url_only_sqlite_is_measured(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(databases, "SERVER", "a_package_that_is_not_there")
    monkeypatch.delenv(databases.URL, raising=False)
    names = [one.name for one in search.measure(quick=True, n=1500, requests=2)]
    assert not any("postgresql" in name for name in names)
    assert "PostgreSQL is not measured" in capsys.readouterr().err
