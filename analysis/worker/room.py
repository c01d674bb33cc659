"""How much memory and disk are free for this process."""

import shutil
from pathlib import Path
from typing import Final

MEMORY: Final = Path("/proc/meminfo")
CGROUP: Final = Path("/sys/fs/cgroup")


def memory_left(meminfo: Path = MEMORY, cgroup: Path = CGROUP) -> int | None:
    """Bytes that can be had without swapping, within the limit of a container; None: unknown."""
    left = [n for n in (_of_machine(meminfo), _of_container(cgroup)) if n is not None]
    return min(left) if left else None


def disk_left(folder: Path) -> int:
    """Bytes free for this user where the folder is, or will be."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


def _of_machine(meminfo: Path) -> int | None:
    try:
        lines = meminfo.read_text().splitlines()
    except OSError:  # not Linux
        return None
    found = [line.split()[1] for line in lines if line.startswith("MemAvailable:")]
    return 1024 * int(found[0]) if found else None


def _of_container(cgroup: Path) -> int | None:
    """What a memory limit leaves; files that are only cached can be given up."""
    try:
        limit = (cgroup / "memory.max").read_text().strip()
        used = int((cgroup / "memory.current").read_text())
        lines = (cgroup / "memory.stat").read_text().splitlines()
    except OSError:
        return None
    if limit == "max":
        return None
    cached = sum(int(line.split()[1]) for line in lines if line.split()[:1] == ["inactive_file"])
    return max(int(limit) - used + cached, 0)
