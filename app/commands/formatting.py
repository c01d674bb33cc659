"""Numbers and moments as the command line shows them."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.store.views.job import ProgressView


def size(n_bytes: float) -> str:
    """1536 is `1.5 kB`; decimal units."""
    for unit in ("B", "kB", "MB", "GB"):
        if abs(n_bytes) < 1000 or unit == "GB":
            return f"{n_bytes:.0f} {unit}" if unit == "B" else f"{n_bytes:.1f} {unit}"
        n_bytes /= 1000
    raise AssertionError


def duration(seconds: float) -> str:
    """75 is `1 min 15 s`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def ago(moment: datetime) -> str:
    return f"{duration((datetime.now(UTC) - moment).total_seconds())} ago"


def count(number: float) -> str:
    return f"{number:,.0f}" if number == int(number) else f"{number:,.1f}"


def counted(number: int, noun: str) -> str:
    """`1 file`, `2 files`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def left(progress: "ProgressView") -> str:
    """`4 min 10 s left`, or that it is being estimated; empty where nothing can be said."""
    if progress.seconds_left:
        return f"{duration(progress.seconds_left)} left"
    return "estimating the time left" if progress.estimating else ""
