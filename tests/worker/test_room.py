"""How much memory is free, as the system and a container say it."""

from pathlib import Path

import pytest

from analysis.worker.room import disk_left, memory_left


def write(folder: Path, limit: str) -> Path:
    (folder / "meminfo").write_text("MemTotal: 100 kB\nMemAvailable:     64 kB\nBuffers: 1 kB\n")
    (folder / "memory.max").write_text(f"{limit}\n")
    (folder / "memory.current").write_text("30000\n")
    (folder / "memory.stat").write_text("anon 20000\ninactive_file 4000\nactive_file 6000\n")
    return folder / "meminfo"


@pytest.mark.parametrize(
    ("limit", "left"), [("max", 65536), ("50000", 24000), ("900000", 65536), ("10000", 0)]
)
def test_memory_is_what_the_machine_and_the_container_leave(
    tmp_path: Path, limit: str, left: int
) -> None:
    assert memory_left(write(tmp_path, limit), tmp_path) == left


def test_without_a_container_the_machine_decides(tmp_path: Path) -> None:
    assert memory_left(write(tmp_path, "0"), tmp_path / "none") == 65536


def test_where_nobody_says_it_the_memory_is_unknown(tmp_path: Path) -> None:
    assert memory_left(tmp_path / "none", tmp_path / "none") is None


def test_the_disk_of_a_folder_that_is_not_there_yet_is_its_parents(tmp_path: Path) -> None:
    assert disk_left(tmp_path / "a" / "b") > 0
