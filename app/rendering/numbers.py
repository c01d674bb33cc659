"""Numbers as people read them, the exact value beside them for machines: Jinja filters.

`None` is never a number: it reads "undefined" and looks different from 0.00.
"""

import math
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from markupsafe import Markup

from app.rendering.markup import trusted

UNDEFINED: Final = Markup('<span class="undefined">undefined</span>')
THIN: Final = "\u202f"
MINUS: Final = "\u2212"
RELATIVE: Final = ((86400 * 2, 3600, "h"), (7200, 60, "min"), (90, 1, "s"))


def significant(value: float, digits: int = 3) -> str:
    """`digits` significant digits: 0.0123, 1.20, 45.6, 12,345 or 1.20e−7."""
    if not math.isfinite(value):
        return {math.inf: "∞", -math.inf: MINUS + "∞"}.get(value, "NaN")
    if value == 0:
        return "0"
    magnitude = math.floor(math.log10(abs(value)))
    if magnitude < -4 or magnitude >= 7:
        text = f"{value:.{digits - 1}e}"
        mantissa, exponent = text.split("e")
        text = f"{mantissa}e{int(exponent)}"
    else:
        text = f"{value:,.{max(0, digits - 1 - magnitude)}f}"
    return text.replace("-", MINUS)


def number(value: float | None) -> Markup:
    if value is None:
        return UNDEFINED
    return trusted(f'<data value="{value!r}">{significant(value)}</data>')


def count(value: int | None) -> Markup:
    if value is None:
        return UNDEFINED
    return trusted(f'<data value="{value}">{value:,}</data>')


def percent(share: float | None) -> Markup:
    """A share between 0 and 1 as per cent."""
    if share is None:
        return UNDEFINED
    return trusted(f'<data value="{share!r}">{percent_text(share)}</data>')


@lru_cache(maxsize=20_000)
def percent_text(share: float) -> str:
    scaled = 100 * share
    text = "100" if scaled == 100 else significant(scaled)
    return f"{text}{THIN}%"


def exact(value: float | None) -> str:
    """Four decimals, as readouts show activations."""
    return "not finite" if value is None else f"{value:.4f}".replace("-", MINUS)


def size(n_bytes: int) -> Markup:
    amount = float(n_bytes)
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if amount < 1000 or unit == "TB":
            break
        amount /= 1000
    text = f"{n_bytes}" if unit == "B" else significant(amount)
    return trusted(f'<data value="{n_bytes}">{text}{THIN}{unit}</data>')


def duration(seconds: float | None) -> str:
    if seconds is None:
        return "unknown"
    if seconds < 1:
        return f"{seconds * 1000:.0f}{THIN}ms"
    if seconds < 60:
        return f"{significant(seconds, 2)}{THIN}s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}{THIN}min {rest:02}{THIN}s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}{THIN}h {minutes:02}{THIN}min"


def moment(at: datetime | None) -> Markup:
    """When, absolutely, and how long ago where that is less than two days."""
    if at is None:
        return Markup('<span class="undefined">not yet</span>')
    stamp = at.astimezone(UTC)
    return trusted(
        f'<time datetime="{stamp.isoformat(timespec="seconds")}">'
        f"{stamp:%Y-%m-%d %H:%M}{THIN}UTC{_ago(stamp)}</time>"
    )


def _ago(stamp: datetime) -> str:
    seconds = (datetime.now(UTC) - stamp).total_seconds()
    if not 0 <= seconds < RELATIVE[0][0]:
        return ""
    unit, name = next((u, n) for limit, u, n in reversed(RELATIVE) if seconds < limit)
    return f" · {int(seconds // unit)}{THIN}{name} ago"


def digest(sha256: str) -> Markup:
    """The first twelve digits of a hash; the whole one for machines."""
    return Markup('<data value="{}" class="hash">{}</data>').format(sha256, sha256[:12])
