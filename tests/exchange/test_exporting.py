"""Exports are whole, the same each time, and go on where they were cut."""

import errno
import gzip
import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine

from app.errors import BadRequestError, ConflictError, NotFoundError, UnavailableError
from app.exchange import formats
from app.exchange.exporting import export
from app.exchange.formats import FORMATS
from app.exchange.output import OutputFolder, WrittenFile
from app.exchange.plan import pieces
from app.store.portable import SiteSize, Span
from app.store.queries.exporting import Chosen
from tests.exchange.stores import N_EXPLAINED, add_explained_model, add_run, explain, text_row

FULL = """
import resource, sys
from dataclasses import replace
from pathlib import Path
from app.errors import UnavailableError
from app.exchange.exporting import export
from app.settings import Settings
from app.store.engine import open_engine
engine = open_engine(Settings(data=Path(sys.argv[1])))
with engine.connect(): pass
resource.setrlimit(resource.RLIMIT_FSIZE, (600, 600))
try:
    export(engine, model="toy", form=sys.argv[3], to=Path(sys.argv[2]))
except UnavailableError as error:
    print("refused:", error.detail, "|", error.hint)
"""


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three units a piece."""
    for name in ("neuronpedia", "jsonl"):
        monkeypatch.setitem(formats.FORMATS, name, replace(FORMATS[name], units=3))


@pytest.mark.parametrize("form", FORMATS)
def test_equal_stores_make_equal_bytes(explained: Engine, tmp_path: Path, form: str) -> None:
    for name in ("one", "two"):
        export(explained, model="toy", form=form, to=tmp_path / name)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


@pytest.mark.parametrize("form", FORMATS)
def test_a_complete_export_is_kept_and_not_written_again(
    explained: Engine, tmp_path: Path, form: str
) -> None:
    first = export(explained, model="toy", form=form, to=tmp_path)
    times = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    second = export(explained, model="toy", form=form, to=tmp_path)
    assert (first.n_kept, second.n_kept) == (0, first.n_files)
    assert second.n_explanations == first.n_explanations
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == times


def test_only_what_counts_now_is_exported(engine: Engine, tmp_path: Path) -> None:
    add_explained_model(engine)
    report = export(engine, model="toy", form="jsonl", to=tmp_path)
    assert report.n_explanations == N_EXPLAINED  # one more has failed
    only = export(
        engine, model="toy", form="jsonl", to=tmp_path / "b", site="mlp.0", method="rules"
    )
    assert only.n_explanations == 2
    (file,) = (tmp_path / "b").glob("explanations*")
    rows = [json.loads(line) for line in gzip.decompress(file.read_bytes()).splitlines()]
    assert [(row["site"], row["index"], row["method"]) for row in rows] == [
        ("mlp.0", 0, "rules"), ("mlp.0", 3, "rules"),
    ]  # fmt: skip


def test_what_a_later_run_explained_again_is_left_out(receiving: Engine, tmp_path: Path) -> None:
    explain(receiving, "mlp.0", "rules", [text_row(0, "old"), text_row(1, "kept")])
    explain(receiving, "mlp.0", "lookup", [text_row(0, "another method")])
    add_run(receiving)
    explain(receiving, "mlp.0", "rules", [text_row(0, "new")])
    export(receiving, model="toy", form="jsonl", to=tmp_path)
    lines = gzip.decompress((tmp_path / "explanations-0.jsonl.gz").read_bytes()).splitlines()
    assert [json.loads(line)["text"] for line in lines] == ["another method", "new", "kept"]


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("form", ["jsonl", "neuronpedia"])
def test_an_export_that_was_cut_goes_on_and_writes_the_same(
    explained: Engine, tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    export(explained, model="toy", form=form, to=tmp_path / "uncut")
    fill_disk_after(monkeypatch, 7 if form == "neuronpedia" else 4)
    with pytest.raises(UnavailableError, match="is full"):
        export(explained, model="toy", form=form, to=tmp_path / "cut")
    monkeypatch.undo()
    begun = contents(tmp_path / "cut")
    uncut = contents(tmp_path / "uncut")
    assert 1 < len(begun) < len(uncut)
    for name in begun.keys() - {"export.jsonl"}:
        assert begun[name] == uncut[name], "a file that is there is whole"
    with monkeypatch.context() as patch:
        patch.setitem(formats.FORMATS, form, replace(FORMATS[form], units=3))
        report = export(explained, model="toy", form=form, to=tmp_path / "cut")
    assert report.n_kept > 0
    assert contents(tmp_path / "cut") == uncut


def test_a_file_that_was_changed_or_lost_is_written_again(
    explained: Engine, tmp_path: Path
) -> None:
    export(explained, model="toy", form="neuronpedia", to=tmp_path)
    before = contents(tmp_path)
    lost, changed = sorted(tmp_path.rglob("batch-0.jsonl.gz"))[:2]
    lost.unlink()
    changed.write_bytes(b"x" * changed.stat().st_size)
    report = export(explained, model="toy", form="neuronpedia", to=tmp_path)
    assert 0 < report.n_kept < report.n_files
    after = contents(tmp_path)
    assert {n: c for n, c in after.items() if n != "export.jsonl"} == {
        n: c for n, c in before.items() if n != "export.jsonl"
    }


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet", "saedashboard"])
def test_on_a_full_disk_nothing_half_written_is_left(
    tmp_path: Path, explained: Engine, form: str
) -> None:
    """A real limit of the system, in a process of its own."""
    data = Path(str(explained.url.database)).parent
    target = tmp_path / "out"
    told = subprocess.run(
        [sys.executable, "-c", FULL, str(data), str(target), form],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert "refused: The disk of" in told
    assert "run the export again" in told
    assert set(contents(target)) == {"export.jsonl"}
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 600
    assert export(explained, model="toy", form=form, to=target).n_explanations == N_EXPLAINED


def test_another_export_is_not_overwritten_unless_asked(explained: Engine, tmp_path: Path) -> None:
    export(explained, model="toy", form="jsonl", to=tmp_path)
    with pytest.raises(ConflictError, match="something else") as refused:
        export(explained, model="toy", form="csv", to=tmp_path)
    assert "--overwrite" in str(refused.value.hint)
    export(explained, model="toy", form="csv", to=tmp_path, overwrite=True)
    assert set(contents(tmp_path)) == {"export.jsonl", "explanations-0.csv"}


def test_a_complete_export_of_an_older_state_is_said_to_be_old(
    one_store: Engine, tmp_path: Path
) -> None:
    explain(one_store, "mlp.0", "rules", [text_row(0, "first")])
    export(one_store, model="toy", form="jsonl", to=tmp_path)
    explain(one_store, "mlp.0", "lookup", [text_row(0, "second")])
    with pytest.raises(ConflictError, match="since then"):
        export(one_store, model="toy", form="jsonl", to=tmp_path)
    again = export(one_store, model="toy", form="jsonl", to=tmp_path, overwrite=True)
    assert again.n_explanations == 2


@pytest.mark.usefixtures("small_pieces")
def test_an_export_that_goes_on_takes_nothing_that_came_since(
    one_store: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    explain(one_store, "mlp.0", "rules", [text_row(n, f"text {n}") for n in range(8)])
    fill_disk_after(monkeypatch, 1)
    with pytest.raises(UnavailableError):
        export(one_store, model="toy", form="jsonl", to=tmp_path)
    monkeypatch.undo()
    explain(one_store, "mlp.0", "lookup", [text_row(n, "later") for n in range(8)])
    with monkeypatch.context() as patch:
        patch.setitem(formats.FORMATS, "jsonl", replace(FORMATS["jsonl"], units=3))
        report = export(one_store, model="toy", form="jsonl", to=tmp_path)
    assert report.n_explanations == 8


def test_a_half_written_line_of_the_manifest_is_passed_over(
    explained: Engine, tmp_path: Path
) -> None:
    export(explained, model="toy", form="jsonl", to=tmp_path)
    manifest = tmp_path / "export.jsonl"
    whole = manifest.read_bytes()
    manifest.write_bytes(whole[:-5])
    assert export(explained, model="toy", form="jsonl", to=tmp_path).n_kept == 1
    assert manifest.read_bytes() == whole


def test_a_manifest_cannot_name_files_outside_its_folder(explained: Engine, tmp_path: Path) -> None:
    export(explained, model="toy", form="jsonl", to=tmp_path / "out")
    kept = tmp_path / "kept.txt"
    kept.write_text("mine")
    line = {"piece": "x", "files": [["../kept.txt", 4, "0"]], "n_explanations": 0}
    with (tmp_path / "out" / "export.jsonl").open("a") as manifest:
        manifest.write(json.dumps(line) + "\n")
    with pytest.raises(ConflictError):
        export(explained, model="toy", form="jsonl", to=tmp_path / "out", overwrite=True)
    assert kept.read_text() == "mine"


@pytest.mark.parametrize("name", ["", "."])
def test_a_manifest_cannot_name_its_folder_as_a_file(
    explained: Engine, tmp_path: Path, name: str
) -> None:
    export(explained, model="toy", form="jsonl", to=tmp_path)
    line = {"piece": "x", "files": [[name, 4, "0"]], "n_explanations": 0}
    with (tmp_path / "export.jsonl").open("a") as manifest:
        manifest.write(json.dumps(line) + "\n")
    for overwrite in (False, True):
        with pytest.raises(ConflictError, match="not from an export of this version"):
            export(explained, model="toy", form="jsonl", to=tmp_path, overwrite=overwrite)


def test_a_line_of_the_manifest_that_nests_without_end_is_cut_off(
    explained: Engine, tmp_path: Path
) -> None:
    export(explained, model="toy", form="jsonl", to=tmp_path)
    manifest = tmp_path / "export.jsonl"
    whole = manifest.read_bytes()
    manifest.write_bytes(whole + b"[" * 200_000 + b"\n")
    assert export(explained, model="toy", form="jsonl", to=tmp_path).n_kept == 1
    assert manifest.read_bytes() == whole


def test_what_is_missing_is_said(explained: Engine, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no model"):
        export(explained, model="nobody", form="jsonl", to=tmp_path)
    with pytest.raises(NotFoundError, match=r"has no site 'mlp\.9'"):
        export(explained, model="toy", form="jsonl", to=tmp_path, site="mlp.9")
    with pytest.raises(BadRequestError, match="no format 'xml'"):
        export(explained, model="toy", form="xml", to=tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(BadRequestError, match="is a file"):
        export(explained, model="toy", form="jsonl", to=tmp_path / "file")


def test_pieces_cover_every_unit_once() -> None:
    sites = {"mlp.0": SiteSize(1, 7), "attn.0": SiteSize(2, 2), "mlp.1": SiteSize(3, 7)}
    chosen = Chosen("toy", "0", sites, None, None, 0, None)
    across = list(pieces(chosen, units=5, within_sites=False))
    assert [piece.spans for piece in across] == [
        (Span("mlp.0", 0, 5),),
        (Span("mlp.0", 5, 7), Span("attn.0", 0, 2), Span("mlp.1", 0, 1)),
        (Span("mlp.1", 1, 6),),
        (Span("mlp.1", 6, 7),),
    ]
    within = [(piece.number, piece.span) for piece in pieces(chosen, units=5, within_sites=True)]
    assert within == [
        (0, Span("mlp.0", 0, 5)), (1, Span("mlp.0", 5, 7)), (0, Span("attn.0", 0, 2)),
        (0, Span("mlp.1", 0, 5)), (1, Span("mlp.1", 5, 7)),
    ]  # fmt: skip


def fill_disk_after(patch: pytest.MonkeyPatch, n_files: int) -> None:
    """The disk takes so many files, and of the next its first part."""
    written = [0]
    write = OutputFolder.write

    def write_until_full(
        self: OutputFolder, name: str, parts: Iterator[bytes], *, compressed: bool = False
    ) -> WrittenFile:
        def cut() -> Iterator[bytes]:
            yield b"some"
            raise OSError(errno.ENOSPC, "No space left on device")

        written[0] += 1
        given = parts if written[0] <= n_files else cut()
        return write(self, name, given, compressed=compressed)

    patch.setattr(OutputFolder, "write", write_until_full)
