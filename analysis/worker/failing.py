"""What a failed job says in one sentence: what happened, and what to do.

What is stored on a job, anybody on the network may read: `shorten` takes from it where things are
on this machine. The log keeps the whole.
"""

import re
import sys
import sysconfig
import traceback
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from sqlalchemy import make_url

from analysis.errors import AnalysisError
from app.settings import Settings
from app.store.failures import name_of

PROJECT: Final = Path(__file__).parents[2]
HERE: Final = frozenset({"", "localhost", "127.0.0.1", "::1"})
"""Hosts that say nothing about a network."""


def explain(error: Exception, *, public: bool = False) -> str:
    """Errors that speak to the user speak for themselves; others point to the traceback."""
    detail = getattr(error, "detail", None)
    if public:
        detail = getattr(error, "public", detail)
    if isinstance(detail, str):
        hint = getattr(error, "hint", None)
        detail = detail if detail.endswith((".", "!", "?")) else f"{detail}."
        return f"{detail} {hint}" if hint else detail
    if isinstance(error, MemoryError) or "out of memory" in str(error).lower():
        return (
            "The worker ran out of memory. Ask again with a smaller batch_size or "
            "windows_per_shard, or with fewer samples."
        )
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return (
        f"{what.rstrip('.')}. This was not expected: the traceback says where; mend the cause and "
        "start the job again."
    )


def traceback_of(error: Exception, settings: Settings) -> str:
    """All of it, as it may be stored."""
    told = "".join(traceback.format_exception(error))
    if isinstance(error, AnalysisError):
        told = error.without_paths(told)
    return str(shorten(told, settings))


def shorten(told: Any, settings: Settings) -> Any:  # noqa: ANN401
    """Text, or JSON of it, with short names for this machine's folders and the store's server."""
    if isinstance(told, str):
        pattern, names = _places(settings.data, settings.url)
        return pattern.sub(lambda found: names[found[0]], told)
    if isinstance(told, dict):
        return {key: shorten(value, settings) for key, value in told.items()}
    if isinstance(told, list | tuple):
        return [shorten(value, settings) for value in told]
    return told


@lru_cache(maxsize=4)
def _places(data: Path, store: str) -> tuple[re.Pattern[str], dict[str, str]]:
    """What is replaced by what; of folders the inner ones come before those that hold them."""
    url = make_url(store)
    names = {}
    if url.get_backend_name() != "sqlite":
        names[name_of(url)] = "<store>"
        if (url.host or "") not in HERE:
            names[str(url.host)] = "<store>"
    elif url.database and Path(url.database).is_absolute():
        names[url.database] = "<store>"
    folders = {
        Path.home(): "~",
        Path(sys.base_prefix): "<python>",
        Path(sys.prefix): "<python>",
        Path(sysconfig.get_path("stdlib")): "<python>",
        PROJECT: "<patchclamp>",
        Path(sysconfig.get_path("purelib")): "<site-packages>",
        Path(sysconfig.get_path("platlib")): "<site-packages>",
        data: "<data>",
    }
    for folder, short in folders.items():
        for path in (folder.absolute(), folder.resolve()):
            if path != Path(path.anchor):
                names[str(path)] = short
    either = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    return re.compile(rf"(?<![\w.~-])(?:{either})(?![\w-])"), names
